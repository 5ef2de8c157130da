/** Medians of tinybench, and the rows that are made of them. */
import { Bench } from 'tinybench';

export interface Figure {
  readonly figure: string;
  readonly value: string;
  /** Empty where nothing is asked. */
  readonly wanted: string;
}

/** Milliseconds of a call of each task, which may be asynchronous. Throws where one throws. */
export async function medians(tasks: Record<string, () => unknown>, time = 1500): Promise<Record<string, number>> {
  const bench = new Bench({ time, warmupTime: 500 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  return Object.fromEntries(
    bench.tasks.map(({ name, result }) => {
      if (result.state !== 'completed') throw result.state === 'errored' ? result.error : new Error(`${name} did not complete: ${result.state}`);
      return [name, result.latency.p50];
    }),
  );
}
