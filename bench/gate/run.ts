/**
 * One comparison in a process of its own, as `plumbline bench --against` makes it, and beside it what other rules say of the same two codes in the same process. One line of JSON on
 * standard output:  node dist/bench/gate/run.js <kind> <baseline's extra work> <candidate's extra work> <seed> <most pairs>
 */
import { fileURLToPath } from 'node:url';

import { Bench } from 'tinybench';

import { loadCopies } from '../../src/cli/copies.ts';
import { Random } from '../../src/generate/random.ts';
import { encodeInputs } from '../../src/verify/call.ts';
import type { Verdict } from '../../src/perf/judgement.ts';
import { kernelOf } from '../../src/perf/plan.ts';
import { timePair } from '../../src/perf/run-workload.ts';
import { inputsOf, type Workload } from '../../src/perf/workload.ts';
import { workloads, type Kind } from './kernels.ts';
import { completed, otherVerdicts } from './rules.ts';

export interface GateRun {
  readonly verdict: Verdict;
  readonly reason: string | undefined;
  /** In per cent. */
  readonly effect: number;
  readonly pairs: number;
  /** Milliseconds of the comparison, with its warm-up, without loading. */
  readonly took: number;
  /** Milliseconds of a call of the baseline. */
  readonly call: number;
  /** Which of the other rules say that the candidate is slower. */
  readonly others: Readonly<Record<string, boolean>>;
}

const [kind, before, after, seed, pairs] = process.argv.slice(2) as [Kind, string, string, string, string];
process.stdout.write(`${JSON.stringify(await compared(kind, `${kind}-${before}`, `${kind}-${after}`, Number(seed), Number(pairs)))}\n`);

async function compared(of: Kind, baseline: string, candidate: string, lot: number, most: number): Promise<GateRun> {
  const workload: Workload = { ...workloads[of], id: `gate/${of}`, origin: 'configured' };
  const paths = [fileURLToPath(new URL('./kernels.js', import.meta.url))];
  const copies = await loadCopies({ paths, target: baseline }, { paths, target: candidate }, 12, lot);
  const single = await loadCopies({ paths, target: baseline }, { paths, target: candidate }, 1, lot);
  if (copies === undefined || single === undefined) throw new Error('the kernels cannot be copied');
  const planned = copies.map(({ side, target }) => ({ side, planned: kernelOf({ target, about: undefined }, workload.operation)! }));
  const of1 = (side: string): (typeof planned)[number]['planned'] => planned.find((copy) => copy.side === side)!.planned;
  const settings = { seed: lot, timeMs: 0, cache: 'warm', pairs: most, error: 0.001, limits: undefined, callTimeoutMs: 10_000 } as const;
  const started = performance.now();
  const { comparison, times, reason } = await timePair({ workload, candidate: of1('candidate') }, { baseline: of1('baseline'), control: undefined, copies: planned }, settings);
  const took = performance.now() - started;
  if (comparison === undefined || times === undefined) throw new Error(reason);
  const runOf = (side: string): (() => unknown) => {
    const { declaration, kernel } = kernelOf({ target: single.find((copy) => copy.side === side)!.target, about: undefined }, workload.operation)!;
    const inputs = encodeInputs(kernel, inputsOf(workload, lot), workload.sizes);
    return () => declaration.run(inputs, workload.sizes);
  };
  const { verdict, effect } = comparison.judgement;
  return {
    verdict, reason: comparison.judgement.reason, effect: 100 * Math.expm1(effect.estimate), pairs: comparison.count, took, call: comparison.baseline!.median,
    others: await otherRules(runOf('baseline'), runOf('candidate'), lot),
  };
}

/** What is usual: tinybench's tasks one after the other with its defaults but for 300 ms each, in an order drawn by lot. */
async function otherRules(baseline: () => unknown, candidate: () => unknown, lot: number): Promise<Record<string, boolean>> {
  const bench = new Bench({ time: 300 });
  const tasks = [['a', baseline], ['b', candidate]] as const;
  for (const k of new Random(lot, 1).permutation(2)) bench.add(tasks[k]![0], tasks[k]![1]);
  await bench.run();
  return otherVerdicts(completed(bench, 'a'), completed(bench, 'b'));
}
