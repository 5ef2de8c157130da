/**
 * Uses a second core where that pays: some of the built-in targets are verified in a worker thread while this one does the rest. Targets of
 * a person's own stay here, because functions cannot travel. Results, seeds and exit code are the same as on one core.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { properties as builtInProperties } from '../../properties/index.ts';
import type { VerifyOptions } from '../verify/options.ts';
import type { Report, RunEvent } from '../verify/results.ts';
import { mergeReports } from '../verify/totals.ts';
import { verify } from '../verify/verify.ts';
import type { WorkerMessage, WorkerTask } from './worker.ts';

/** As `verify`. `own` names the targets that must stay in this thread. */
export async function verifyOnBothCores(options: VerifyOptions, own: readonly string[]): Promise<Report> {
  const movable = options.targets.filter(({ name }) => !own.includes(name)).map(({ name }) => name);
  const builtIn = options.properties.every((property) => builtInProperties.includes(property));
  // every second built-in target, beginning with the second: reference and tfjs-wasm here, tfjs-cpu there
  const moved = movable.filter((_, index) => index % 2 === 1);
  if (availableParallelism() < 2 || !builtIn || moved.length === 0) return verify(options);

  const { targets, properties, explain: _functionsCannotTravel, signal, onEvent = () => undefined, required, ...rest } = options;
  const merged = mergedEvents(onEvent);
  const task: WorkerTask = {
    targets: moved,
    properties: properties.map(({ id }) => id),
    options: { ...rest, required: required?.filter((name) => moved.includes(name)) },
  };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: task });
  const stop = (): void => worker.postMessage('stop');
  signal?.addEventListener('abort', stop);
  try {
    const there = reportOf(worker, merged);
    const here = verify({ ...options, targets: targets.filter(({ name }) => !moved.includes(name)), onEvent: merged });
    const report = mergeReports(await Promise.all([here, there]), targets.map(({ name }) => name), required);
    onEvent({ type: 'run-finished', report });
    return report;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function reportOf(worker: Worker, onEvent: (event: RunEvent) => void): Promise<Report> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if ('report' in message) resolve(message.report);
      else onEvent(message.event);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the worker thread ended with code ${code} before it reported`)));
  });
}

/** The events of two runs as those of one: one start with all that is planned, properties counted through, no end. */
function mergedEvents(onEvent: (event: RunEvent) => void): (event: RunEvent) => void {
  const waiting: RunEvent[] = [];
  let starts = 0;
  let planned = 0;
  let index = 0;
  const pass = (event: RunEvent): void => onEvent(event.type === 'property-started' ? { ...event, index: index++, planned } : event);
  return (event) => {
    if (event.type === 'run-finished') return;
    if (event.type === 'target-opened') onEvent(event);
    else if (event.type === 'run-started') {
      planned += event.planned;
      if (++starts < 2) return;
      onEvent({ ...event, planned });
      for (const early of waiting.splice(0)) pass(early);
    } else if (starts < 2) waiting.push(event);
    else pass(event);
  };
}
