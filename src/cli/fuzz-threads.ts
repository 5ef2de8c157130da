/** A campaign on several threads, each with seeds of its own; what one finds the others breed from. */
import { Worker } from 'node:worker_threads';

import { fuzz } from '../fuzz/fuzz.ts';
import { mergeCampaigns } from '../fuzz/merge.ts';
import type { FuzzEvent, FuzzOptions, FuzzReport, FuzzStatus } from '../fuzz/options.ts';
import { threadStream, wholeStream } from '../fuzz/streams.ts';
import type { FuzzMessage, FuzzOrder, FuzzTask } from './fuzz-worker.ts';

/** Where the targets come from, so that a thread can load them again. */
export type Sources = Pick<FuzzTask, 'files' | 'configs' | 'python'>;

/** Runs the campaign on so many threads; on one, here. */
export async function fuzzOnThreads(options: FuzzOptions, threads: number, sources: Sources): Promise<FuzzReport> {
  if (threads === 1) return fuzz(options);
  const { targets, properties, signal, onEvent = () => undefined, stream = wholeStream, maxProblems, ...rest } = options;
  const workers: Worker[] = [];
  const tell = (order: FuzzOrder, except?: Worker): void => workers.forEach((worker) => worker !== except && worker.postMessage(order));
  const stop = (): void => tell('stop');
  const events = mergedEvents(onEvent, threads);
  const run = (index: number): Promise<FuzzReport> => new Promise((resolve, reject) => {
    const task: FuzzTask = {
      ...sources,
      targets: targets.map(({ name }) => name),
      properties: properties.map(({ id }) => id),
      options: { ...rest, stream: threadStream(stream, index, threads), maxProblems: maxProblems === undefined ? undefined : Math.ceil(maxProblems / threads) },
    };
    const worker = new Worker(new URL('./fuzz-worker.js', import.meta.url), { workerData: task });
    workers.push(worker);
    worker.on('message', (message: FuzzMessage) => {
      if ('report' in message) resolve(message.report);
      else if ('failed' in message) reject(new Error(message.failed));
      else if ('find' in message) tell({ find: message.find }, worker);
      else {
        events(message.event, index);
        if (message.event.type === 'counterexample' && options.failFast === true) stop();
      }
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a thread of the campaign ended with code ${code} before it reported`)));
  });
  signal?.addEventListener('abort', stop);
  try {
    const reports = await Promise.all(Array.from({ length: threads }, (_, index) => run(index)));
    const merged = mergeCampaigns(reports, options.required);
    const interrupted = signal?.aborted === true;
    // threads that were stopped because another had failed first were not interrupted by anybody
    const settled = interrupted || !merged.interrupted ? merged : mergeCampaigns(reports.map((report) => ({ ...report, interrupted: false })), options.required);
    return { ...settled, fuzz: { ...settled.fuzz, stream } };
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The events of several threads as those of one campaign. */
function mergedEvents(onEvent: (event: FuzzEvent) => void, threads: number): (event: FuzzEvent, thread: number) => void {
  const latest = new Map<number, FuzzStatus>();
  const opened = new Set<string>();
  const seen = new Set<string>();
  const once = (key: string, event: FuzzEvent, known: Set<string>): void => {
    if (known.has(key)) return;
    known.add(key);
    onEvent(event);
  };
  return (event, thread) => {
    switch (event.type) {
      case 'target-opened':
        return once(event.target.name, event, opened);
      case 'campaign-started':
        return once('started', event, seen);
      case 'warning':
        return once(event.message, event, seen);
      case 'counterexample':
        return once(`${event.result.target} ${event.result.property} ${event.result.reason}`, event, seen);
      case 'status':
        latest.set(thread, event.status);
        if (latest.size === threads || thread === 0) onEvent({ type: 'status', status: together([...latest.values()], event.status) });
    }
  };
}

function together(all: readonly FuzzStatus[], newest: FuzzStatus): FuzzStatus {
  const sum = (of: (status: FuzzStatus) => number): number => all.reduce((total, status) => total + of(status), 0);
  const margins: Record<string, number> = {};
  for (const status of all) for (const [id, margin] of Object.entries(status.margins)) if (!(margin <= (margins[id] ?? -1))) margins[id] = margin;
  return {
    problems: sum(({ problems }) => problems), coverage: Math.max(...all.map(({ coverage }) => coverage)), pool: sum(({ pool }) => pool),
    elapsedMs: Math.max(...all.map(({ elapsedMs }) => elapsedMs)), margins, lastFind: newest.lastFind ?? all.find(({ lastFind }) => lastFind !== undefined)?.lastFind,
    counterexamples: sum(({ counterexamples }) => counterexamples),
  };
}
