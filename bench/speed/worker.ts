/** Calls of a Python worker that returns its input: what a process of its own costs. `npm run worker-calls` has more, with numpy. */
import { fileURLToPath } from 'node:url';

import { tensor } from '../../src/index.ts';
import { WorkerClient } from '../../src/targets/worker/client.ts';
import { pythonWorker } from '../../src/targets/worker/python.ts';
import { medians, type Figure } from './medians.ts';

export async function worker(): Promise<Figure[]> {
  const client = new WorkerClient(pythonWorker(fileURLToPath(new URL('../../../bench/python/echo.py', import.meta.url))), 'bench');
  await client.start();
  try {
    const call = (tokens: number) => {
      const logits = tensor(new Float32Array(16 * tokens), [tokens, 4, 4]);
      return async (): Promise<unknown> => client.call('sinkhorn', { logits }, { tokens, streams: 4, channels: 1, depth: 1 }); // async: else tinybench calls once to see whether it is, and does not wait
    };
    const time = await medians({ empty: call(0), small: call(4096) });
    return [
      { figure: 'call of a worker, empty batch', value: `${time['empty']!.toFixed(2)} ms`, wanted: '≤ 1 ms' },
      { figure: 'call of a worker, 4096 matrices in and out (256 KiB each way)', value: `${time['small']!.toFixed(2)} ms`, wanted: '≤ 1 ms' },
    ];
  } finally {
    await client.close();
  }
}
