/**
 * The one tfjs engine of the process. tfjs keeps a global current backend, so all work goes through one queue that selects the backend first.
 */
import type { Tf } from '../kernels/tfjs/index.ts';

let queue: Promise<unknown> = Promise.resolve();

/** Runs `work` with `backend` selected, after all tfjs work that was queued before. Throws when the backend cannot be selected. */
export function alone<T>(tf: Tf, backend: string, work: () => Promise<T>): Promise<T> {
  const result = queue.then(async () => {
    // selecting sets up every kernel of the backend again, which costs as much as a small kernel call
    if (tf.getBackend() !== backend && !(await tf.setBackend(backend))) throw new Error(`tfjs could not select its backend '${backend}'.`);
    return work();
  });
  queue = result.catch(() => undefined);
  return result;
}

/** Loads tfjs without its advice on the console. */
export async function loadTfjs(): Promise<Tf> {
  const tf: Tf = await import('@tensorflow/tfjs');
  tf.env().set('PROD', true);
  return tf;
}
