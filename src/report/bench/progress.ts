/** Progress of a bench on standard error: one line that is written over on a terminal, elsewhere a plain line for each target and result. */
import type { BenchEvent } from '../../perf/results.ts';
import { percent } from '../../perf/judgement.ts';
import { describeTarget } from '../progress.ts';
import type { Output } from '../reporter.ts';
import { createStatusLine } from '../status-line.ts';

export interface BenchProgress {
  onEvent(event: BenchEvent): void;
  stop(): void;
}

/** `now` is in milliseconds. */
export function createBenchProgress(output: Output, now: () => number = () => performance.now()): BenchProgress {
  if (output.isTTY !== true) return { onEvent: (event) => plain(event, output), stop: () => undefined };
  const line = createStatusLine(output, now);
  let [planned, finished, doing] = [0, 0, ''];
  return {
    onEvent(event): void {
      if (event.type === 'planned') planned += event.workloads;
      if (event.type === 'workload-finished') finished++;
      doing = describe(event) ?? doing;
      line.draw(() => `${finished}/${planned}  ${doing}`, event.type !== 'look');
    },
    stop: () => line.stop(),
  };
}

function plain(event: BenchEvent, output: Output): void {
  if (event.type === 'target-opened') output.write(`${describeTarget(event.target)}\n`);
  if (event.type === 'verifying') output.write(`${describe(event)}\n`);
}

function describe(event: BenchEvent): string | undefined {
  switch (event.type) {
    case 'target-opened':
      return describeTarget(event.target);
    case 'verifying':
      return `${event.target}: verifying its kernels of ${event.operations} ${event.operations === 1 ? 'operation' : 'operations'}`;
    case 'workload-started':
      return `${event.target} ${event.workload}`;
    case 'look':
      return `${event.target} ${event.workload}: ${event.pairs} pairs, between ${percent(event.judgement.effect.lower)} and ${percent(event.judgement.effect.upper)}`;
    case 'launches':
      return `${event.target}: round ${event.round} of ${event.rounds} of launches, two of each side`;
    default:
      return undefined;
  }
}
