/** The other core: verifies built-in targets by name in a worker thread, and posts events and the report. */
import { parentPort, workerData } from 'node:worker_threads';

import { properties } from '../../properties/index.ts';
import { explainFailure } from '../identify/explain.ts';
import { builtInTargets } from '../targets/built-in.ts';
import type { VerifyOptions } from '../verify/options.ts';
import type { Report, RunEvent } from '../verify/results.ts';
import { verify } from '../verify/verify.ts';

/** What travels to the worker. Targets and properties go by name: functions cannot travel. */
export interface WorkerTask {
  readonly targets: readonly string[];
  readonly properties: readonly string[];
  readonly options: Omit<VerifyOptions, 'targets' | 'properties' | 'explain' | 'signal' | 'onEvent'>;
}

/** What comes back. */
export type WorkerMessage = { readonly event: RunEvent } | { readonly report: Report };

const task = workerData as WorkerTask;
const controller = new AbortController();
parentPort?.on('message', () => controller.abort()); // the only message is a request to stop
const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
const report = await verify({
  ...task.options,
  targets: builtInTargets().filter(({ name }) => task.targets.includes(name)),
  properties: properties.filter(({ id }) => task.properties.includes(id)),
  explain: explainFailure,
  signal: controller.signal,
  onEvent: (event) => post({ event }),
});
post({ report });
parentPort?.close();
