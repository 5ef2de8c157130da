/**
 * The gate on a device's own clock: identical WGSL, and WGSL that does so much more work, in so many pairs at most, with warm and with cold caches; what other rules say of the very samples beside it.
 * The buffers of an arm stay where they are for all its runs.
 *   npm run bench-device -- [runs of each = 40] [hundreds of workgroups = 640] [more work in per cent = 3] [seed = 1] [most pairs = 100] [code = *]
 * Needs npm's webgpu and a GPU with timestamps, or Mesa's software one (.ci/gpu).
 */
import { properties } from '../properties/index.ts';
import { inProcess, type Target } from '../src/index.ts';
import { encodeInputs } from '../src/verify/call.ts';
import { select } from '../src/cli/patterns.ts';
import { comparePairs } from '../src/perf/pairs.ts';
import { kernelOf, type Planned } from '../src/perf/plan.ts';
import { timedKernel, type Cache, type TimedKernel } from '../src/perf/timed-kernel.ts';
import { bytesMoved } from '../src/perf/traffic.ts';
import { verifyKernels } from '../src/perf/verification.ts';
import { inputsOf, type Workload } from '../src/perf/workload.ts';
import { machine } from './machine.ts';
import { latencyOf, otherVerdicts } from './gate/rules.ts';
import { ratioOf, target, tokensOf } from './gate/wgsl_kernels.ts';

const [runs, hundreds, more, seed, pairs] = [40, 640, 3, 1, 100].map((usual, k) => Number(process.argv[k + 2] ?? usual)) as [number, number, number, number, number];
const workload: Workload = { id: 'gate/wgsl', operation: 'sinkhorn', sizes: { tokens: tokensOf(hundreds), streams: 4, channels: 1, depth: 1 }, origin: 'configured' };
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Opened and found right: nobody would time a wrong kernel. */
async function opened(percent: number): Promise<{ target: Target; planned: Planned; device: string }> {
  const made = inProcess(`wgsl-${percent}`, target(percent));
  const said = await made.open();
  if (said.status === 'unavailable') throw new Error(`${said.reason} ${said.remedy ?? ''}`);
  const wrong = (await verifyKernels(made, [workload.operation], { properties, seed: 1 })).get(workload.operation);
  if (wrong !== undefined) throw new Error(`${made.name} is wrong: ${wrong.reason}`);
  return { target: made, planned: kernelOf({ target: made, about: said.about }, workload.operation)!, device: String(said.about?.['device']) };
}

const [plain, slower] = [await opened(0), await opened(more)];
const inputs = encodeInputs(plain.planned.kernel, inputsOf(workload, seed), workload.sizes);
const ready = ({ planned }: typeof plain, cache: Cache): Promise<TimedKernel> => timedKernel(planned.declaration, inputs, workload.sizes, bytesMoved(planned.kernel, workload.sizes), cache);

const rows: Record<string, unknown>[] = [];
for (const cache of ['warm', 'cold'] as const) {
  const [a, again, b, control] = await Promise.all([ready(plain, cache), ready(plain, cache), ready(slower, cache), ready(plain, cache)]);
  const chosen = select('code', [['identical', again], [`${more} % more work`, b]] as const, ([name]) => name, [process.argv[7] ?? '*']);
  for (const [name, candidate] of chosen) {
    const found: { verdict: string; effect: number; pairs: number; took: number; call: number; others: Record<string, boolean> }[] = [];
    for (let run = 0; run < runs; run++) {
      const { judgement, pairs: taken, samples, durationMs } = await comparePairs({ baseline: [a.arm], candidate: [candidate.arm], control: control.arm, pairs, seed: seed * 10_000 + run });
      const others = otherVerdicts(await latencyOf(samples.baseline), await latencyOf(samples.candidate));
      found.push({ verdict: judgement.verdict, effect: 100 * Math.expm1(judgement.effect.estimate), pairs: taken, took: durationMs, call: middle(samples.baseline), others });
      process.stderr.write(`\r${cache} ${name} ${run + 1}/${runs} ${judgement.verdict.padEnd(14)}`);
    }
    process.stderr.write('\n');
    const count = (verdict: string): number => found.filter((one) => one.verdict === verdict).length;
    const row = {
      cache, code: name, slower: count('slower'), faster: count('faster'), same: count('same'), inconclusive: count('inconclusive'), 'effect, median': `${middle(found.map(({ effect }) => effect)).toFixed(2)} %`,
      'pairs, median': middle(found.map((one) => one.pairs)), 'call, ms': middle(found.map(({ call }) => call)).toFixed(3), 'seconds, median': (middle(found.map(({ took }) => took)) / 1000).toFixed(2),
      ...Object.fromEntries(Object.keys(found[0]!.others).map((rule) => [rule, found.filter(({ others }) => others[rule]!).length])),
    };
    rows.push(row);
    console.log(JSON.stringify(row)); // a device may be taken away before the end
  }
  for (const ran of [a, control, ...chosen.map(([, candidate]) => candidate)]) await ran.check();
  for (const timed of [a, again, b, control]) await timed.release();
}
console.log(`# ${plain.device}; ${machine()}; ${runs} runs of each, ${workload.sizes.tokens} tokens, at most ${pairs} pairs, seed ${seed}; ${more} % more workgroups' work is a factor of ${ratioOf(more).toFixed(4)}`);
console.table(rows);
for (const { target: open } of [plain, slower]) await open.close();
process.exit(0);
