/** What other rules say of two codes from tinybench's statistics of each: the usual ways to gate. */
import { Bench } from 'tinybench';

export interface Latency {
  readonly mean: number;
  /** Half of tinybench's interval of 95 %. */
  readonly moe: number;
  readonly p50: number;
}

/** Which of them say that the second is slower. */
export function otherVerdicts(a: Latency, b: Latency): Record<string, boolean> {
  return {
    'tinybench: intervals of 95 % apart': b.mean - b.moe > a.mean + a.moe,
    'tinybench: mean above 102 %': b.mean > 1.02 * a.mean,
    'tinybench: mean above 105 %': b.mean > 1.05 * a.mean,
    'tinybench: median above 102 %': b.p50 > 1.02 * a.p50,
  };
}

/** tinybench's statistics of samples that were taken elsewhere. */
export async function latencyOf(samples: readonly number[]): Promise<Latency> {
  const bench = new Bench({ time: 0, iterations: samples.length, warmup: false });
  let next = 0;
  bench.add('samples', () => ({ overriddenDuration: samples[next++]! }));
  await bench.run();
  return completed(bench, 'samples');
}

export function completed(bench: Bench, name: string): Latency {
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new Error(`tinybench did not complete: ${result?.state ?? 'no task'}`);
  return result.latency;
}
