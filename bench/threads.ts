/** Work spread over all processors: the script that asks is started again in each thread, and every thread takes the next item when it has done one. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

/** Threads that there are by default; `PLUMBLINE_THREADS` asks for another number. */
export function threadsWanted(): number {
  const asked = process.env['PLUMBLINE_THREADS'];
  if (asked === undefined) return availableParallelism();
  const threads = Number(asked);
  if (!(Number.isInteger(threads) && threads > 0)) throw new RangeError(`PLUMBLINE_THREADS is ${asked}; it is a number of threads, 1 or more`);
  return threads;
}

/**
 * Results of `work` on the items, in their order; a number stands for all items below it. Call it at the top level of a script, with the same `work`, in the main thread and in the others: in these
 * it serves and never returns. `tell` hears of each result as it comes.
 */
export async function spread<Result>(
  script: string,
  items: number | readonly number[],
  work: (item: number) => Promise<Result>,
  tell: (result: Result, done: number, item: number) => void,
): Promise<Result[]> {
  if (!isMainThread) return serve(work);
  const list = typeof items === 'number' ? Array.from({ length: items }, (_, item) => item) : items;
  const results = new Map<number, Result>();
  let next = 0;
  const threads = Array.from({ length: Math.min(threadsWanted(), list.length) }, () => new Promise<void>((resolve, reject) => {
    const worker = new Worker(fileURLToPath(script), { argv: process.argv.slice(2) });
    const give = (): void => worker.postMessage(list[next++]);
    worker.on('message', ({ item, result }: { item: number; result: Result }) => {
      results.set(item, result);
      tell(result, results.size, item);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread ended with code ${code}`))));
    give();
  }));
  await Promise.all(threads);
  return list.map((item) => results.get(item)!);
}

function serve<Result>(work: (item: number) => Promise<Result>): Promise<never> {
  const port = parentPort!;
  const answer = async (item: number): Promise<void> => port.postMessage({ item, result: await work(item) });
  port.on('message', (item: number | undefined) => {
    if (item === undefined) process.exit(0);
    void answer(item); // a rejection ends the thread, and the main thread throws it
  });
  return new Promise(() => {});
}
