/** One workload on one kernel in this process, or on one launch of a worker: by itself, or beside its baseline in pairs. */
import type { Sizes } from '../operations/operation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { encodeInputs } from '../verify/call.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { allocatedBytes } from './allocations.ts';
import { sampleAlone, timesOf, type Times } from './alone.ts';
import { sampleMs, usualWarming } from './arm.ts';
import { incomparable } from './comparable.ts';
import { compareCounts } from './history/counts.ts';
import type { Counts } from './history/record.ts';
import { singleCopyLimits, type Judgement, type Limits } from './judgement.ts';
import { comparePairs } from './pairs.ts';
import { described, type Plan, type Planned } from './plan.ts';
import { statusOf, type Comparison, type WorkloadResult } from './results.ts';
import { copyArm, refuseDifference, timedKernel, type Cache, type TimedKernel } from './timed-kernel.ts';
import { bytesMoved, operationCount } from './traffic.ts';
import { inputsOf, storageOf } from './workload.ts';

export interface RunSettings {
  readonly seed: number;
  readonly timeMs: number;
  readonly cache: Cache;
  readonly pairs: number | undefined;
  /** Of one comparison. */
  readonly error: number;
  readonly limits: Limits | undefined;
  readonly callTimeoutMs: number;
  readonly maxTimeMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onLook?: ((judgement: Judgement, pairs: number) => void) | undefined;
}

export interface Rival {
  readonly baseline: Planned;
  readonly control: Planned | undefined;
  /** Copies to be timed in place of the two, which were verified. */
  readonly copies?: readonly { readonly side: 'baseline' | 'candidate'; readonly planned: Planned }[] | undefined;
}

const clockRemedy = 'A device may not write timestamps, or its clock may be too coarse: time it by whole calls, without prepare.';

/** What measuring adds to a result. */
export type Measured = Omit<WorkloadResult, 'status' | 'workload' | 'operation' | 'sizes' | 'cache' | 'target' | 'counts'> & Partial<Pick<WorkloadResult, 'counts' | 'status'>>;

/** Times a kernel by itself. Never throws for what a kernel does. */
export function timeAlone(plan: Plan, settings: RunSettings): Promise<WorkloadResult> {
  return guarded(plan, settings.cache, 'timed', async () => (plan.candidate.declaration.remote === undefined ? aloneHere(plan, settings) : aloneThere(plan, settings)));
}

/** Times a kernel beside its baseline, both in this process. */
export function timePair(plan: Plan, rival: Rival, settings: RunSettings): Promise<WorkloadResult> {
  return guarded(plan, settings.cache, 'compared', () => pairHere(plan, rival, settings));
}

/** The result of measuring, or what stands in its place. `status` is that of a success. */
export async function guarded(plan: Plan, cache: Cache, status: 'timed' | 'compared', measure: () => Promise<Measured>): Promise<WorkloadResult> {
  const { target, kernel, declaration } = plan.candidate;
  const common = { target: target.name, ...described(plan.workload, cache), dtype: storageOf(kernel), dialect: declaration.dialect };
  try {
    const measured = await measure();
    return { ...common, bytesMoved: bytesMoved(kernel, plan.workload.sizes), operations: operationCount(kernel, plan.workload.sizes), counts: {}, status, ...measured };
  } catch (error) {
    if (error instanceof TargetUnusable) return { ...common, status: 'errored', reason: error.message, remedy: error.remedy };
    if (error instanceof OutcomeError) return { ...common, status: statusOf(error.outcome), reason: error.message };
    return { ...common, status: 'wrong', reason: `the kernel threw: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function aloneHere({ workload, candidate }: Plan, settings: RunSettings): Promise<Measured> {
  const inputs = encodeInputs(candidate.kernel, inputsOf(workload, settings.seed), workload.sizes);
  const timed = await timedKernel(candidate.declaration, inputs, workload.sizes, bytesMoved(candidate.kernel, workload.sizes), settings.cache);
  try {
    const before = process.memoryUsage().rss;
    const times = await sampleAlone(timed.arm, settings);
    const resident = Math.max(0, process.memoryUsage().rss - before);
    if (times === undefined) throw new TargetUnusable('The clock gave no time for any sample.', clockRemedy);
    await timed.check();
    const allocated = timed.clock === 'device' ? undefined : await allocatedBytes(candidate.declaration, inputs, workload.sizes);
    return { times, clock: timed.clock === 'device' ? 'device' : 'calls', counts: timed.counts, copy: await copyOf(timed, times, settings), memory: { resident }, allocated };
  } finally {
    await timed.release();
  }
}

async function copyOf({ copy }: TimedKernel, { median }: Times, { timeMs, signal }: RunSettings): Promise<Measured['copy']> {
  const times = copy === undefined ? undefined : await sampleAlone(copy, { timeMs: timeMs / 3, signal });
  return times === undefined ? undefined : { median: times.median, share: times.median / median };
}

/** In a worker: timed there where it can, otherwise by whole calls through the protocol. */
async function aloneThere({ workload, candidate }: Plan, settings: RunSettings): Promise<Measured> {
  const { declaration, kernel } = candidate;
  const values = encodeInputs(kernel, inputsOf(workload, settings.seed), workload.sizes);
  if (declaration.remote?.time === undefined) {
    const { arm } = await timedKernel(declaration, values, workload.sizes, bytesMoved(kernel, workload.sizes), settings.cache);
    const times = await sampleAlone(arm, settings);
    const copy = await sampleAlone(copyArm(bytesMoved(kernel, workload.sizes), settings.cache), { timeMs: settings.timeMs / 3 });
    return { times, clock: 'round-trips', copy: times === undefined || copy === undefined ? undefined : { median: copy.median, share: copy.median / times.median } };
  }
  const request = { samples: 400, sampleMs, warmCalls: usualWarming.calls, warmMs: settings.timeMs / 2, limitMs: settings.timeMs, cache: settings.cache };
  const limit = AbortSignal.timeout(Math.ceil(settings.callTimeoutMs + 4 * settings.timeMs));
  const { clock, calls, samples, copy, counts } = await declaration.remote.time(values, workload.sizes, request, limit);
  const possible = samples.filter((ms) => ms > 0 && ms < Infinity);
  if (possible.length === 0) throw new TargetUnusable('The worker gave no time for any sample.', clockRemedy);
  const times = timesOf(possible, calls);
  const copied = (copy ?? []).filter((ms) => ms > 0 && ms < Infinity);
  const median = timesOf(copied, 1).median;
  return { times, clock: clock === 'device' ? 'device' : 'worker', counts: counts ?? {}, copy: copied.length === 0 ? undefined : { median, share: median / times.median } };
}

async function pairHere({ workload, candidate }: Plan, { baseline, control, copies }: Rival, settings: RunSettings): Promise<Measured> {
  const open: TimedKernel[] = [];
  // the same inputs for all: where they lie in memory decides about caches
  const inputs = encodeInputs(candidate.kernel, inputsOf(workload, settings.seed), workload.sizes);
  const ready = async ({ declaration, kernel }: Planned): Promise<TimedKernel> => {
    const timed = await timedKernel(declaration, inputs, workload.sizes, bytesMoved(kernel, workload.sizes), settings.cache);
    open.push(timed);
    return timed;
  };
  const sides: Record<'baseline' | 'candidate', TimedKernel[]> = { baseline: [], candidate: [] };
  try {
    if (copies !== undefined) await refuseOtherCopies(copies, { baseline, candidate }, inputs, workload.sizes);
    for (const { side, planned } of copies ?? [{ side: 'baseline', planned: baseline } as const, { side: 'candidate', planned: candidate } as const]) sides[side].push(await ready(planned));
    const { baseline: a, candidate: b } = sides;
    const c = copies === undefined ? await ready(control ?? baseline) : undefined;
    const [first, clock] = [b[0]!, a[0]!.clock];
    if (first.clock !== clock) return { comparison: notComparable('the baseline and the candidate have different clocks: only one of them has prepare', 'pairs', settings) };
    const limits = copies !== undefined || clock === 'device' ? settings.limits : atLeast(settings.limits, singleCopyLimits);
    const residentBefore = process.memoryUsage().rss;
    const found = await comparePairs({ ...settings, limits, baseline: a.map(({ arm }) => arm), candidate: b.map(({ arm }) => arm), control: c?.arm });
    const resident = Math.max(0, process.memoryUsage().rss - residentBefore);
    for (const timed of open) await timed.check();
    const [before, after] = [await exactly(a[0]!, baseline, inputs, workload.sizes), await exactly(first, candidate, inputs, workload.sizes)];
    const times = timesOf(found.samples.candidate, found.calls);
    const comparison: Comparison = {
      judgement: found.judgement, design: 'pairs', count: found.pairs, baseline: timesOf(found.samples.baseline, found.calls), error: settings.error,
      control: copies !== undefined || control !== undefined ? 'copy' : 'same-code', controlSamples: found.samples.control, orders: found.orders, copies: a.length, copyOrders: found.copies, counts: compareCounts(before, after),
    };
    return { times, clock: clock === 'device' ? 'device' : 'calls', counts: first.counts, copy: found.pairs === 0 ? undefined : await copyOf(first, times, settings), memory: { resident }, allocated: after.allocations, comparison };
  } finally {
    for (const timed of open) await timed.release();
  }
}

/** What a call does, exactly. */
async function exactly({ counts: { launches, instructions, kernelBytes }, clock }: TimedKernel, { declaration }: Planned, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<Counts> {
  return { launches, instructions, kernelBytes, allocations: clock === 'device' ? undefined : await allocatedBytes(declaration, inputs, sizes) };
}

/** A copy that answers otherwise than what was verified is no copy: its code depends on when it was loaded. */
async function refuseOtherCopies(copies: NonNullable<Rival['copies']>, verified: Readonly<Record<'baseline' | 'candidate', Planned>>, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<void> {
  const expected = { baseline: await verified.baseline.declaration.run(inputs, sizes), candidate: await verified.candidate.declaration.run(inputs, sizes) };
  for (const { side, planned } of copies) {
    const got = await planned.declaration.run(inputs, sizes);
    for (const [name, output] of Object.entries(expected[side])) refuseDifference('A copy of the code', name, got[name], output, planned.kernel.deterministic);
  }
}

function atLeast(limits: Limits | undefined, least: Limits): Limits {
  return { floor: Math.max(limits?.floor ?? 0, least.floor), threshold: Math.max(limits?.threshold ?? 0, least.threshold) };
}

/** Why two kernels cannot be compared, as a comparison that says so. */
export function notComparable(reason: string, design: Comparison['design'], { error, limits }: Pick<RunSettings, 'error' | 'limits'>): Comparison {
  const unknown = { lower: -Infinity, estimate: Number.NaN, upper: Infinity };
  const judgement: Judgement = { verdict: 'not-comparable', effect: unknown, floor: limits?.floor ?? 0, threshold: limits?.threshold ?? 0, reason };
  return { judgement, design, count: 0, baseline: undefined, control: 'none', controlSamples: [], orders: [], copies: 0, copyOrders: [], error };
}

/** What keeps a kernel from being compared with its baseline in any way. */
export function obstacleTo(candidate: Planned, baseline: Planned): string | undefined {
  const [there, here] = [candidate.declaration.remote !== undefined, baseline.declaration.remote !== undefined];
  if (there !== here) return 'one of the two runs in this process and the other in a worker, which are started anew in different ways';
  return incomparable({ kernel: baseline.kernel, about: baseline.about }, { kernel: candidate.kernel, about: candidate.about });
}
