import { setImmediate } from 'node:timers/promises';

let last = performance.now();

/**
 * Lets timers, signals and messages through if none could for 20 ms. Kernels that answer at once keep the engine in promise callbacks, where
 * neither Ctrl-C nor a time limit would ever be heard.
 */
export async function breathe(): Promise<void> {
  if (performance.now() - last < 20) return;
  await setImmediate();
  last = performance.now();
}
