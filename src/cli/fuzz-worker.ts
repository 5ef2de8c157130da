/** One thread of a campaign: loads the targets again, because functions cannot travel, and tells the main thread what happens. */
import { parentPort, workerData } from 'node:worker_threads';

import { fuzz, type Exchange } from '../fuzz/fuzz.ts';
import type { FuzzEvent, FuzzOptions, FuzzReport } from '../fuzz/options.ts';
import type { Specimen } from '../fuzz/specimen.ts';
import { describeError } from './exits.ts';
import { gather } from './gather.ts';

/** What travels to a thread. */
export interface FuzzTask {
  readonly files: readonly string[];
  readonly configs: readonly string[];
  readonly python: string | undefined;
  readonly targets: readonly string[];
  readonly properties: readonly string[];
  readonly options: Omit<FuzzOptions, 'targets' | 'properties' | 'signal' | 'onEvent'>;
}

/** What comes back. */
export type FuzzMessage = { readonly event: FuzzEvent } | { readonly find: Specimen } | { readonly report: FuzzReport } | { readonly failed: string };
/** What may follow. */
export type FuzzOrder = 'stop' | { readonly find: Specimen };

const task = workerData as FuzzTask;
const port = parentPort!;
const controller = new AbortController();
const exchange: Exchange = { send: ({ specimen }) => post({ find: { ...specimen, recipe: undefined } }) };
port.on('message', (order: FuzzOrder) => {
  if (order === 'stop') controller.abort();
  else exchange.receive?.(order.find);
});
const post = (message: FuzzMessage): void => port.postMessage(message);
try {
  const gathered = await gather(task.files, task.configs, task.python);
  const report = await fuzz({
    ...task.options,
    targets: gathered.targets.filter(({ name }) => task.targets.includes(name)),
    properties: gathered.properties.filter(({ id }) => task.properties.includes(id)),
    signal: controller.signal,
    onEvent: (event) => post({ event }),
  }, exchange);
  post({ report });
} catch (error) {
  post({ failed: describeError(error) ?? String(error) });
}
// kernels may leave timers and handles behind
process.exit(0);
