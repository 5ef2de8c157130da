/**
 * Baseline and candidate in one process, in blocks of a random order, until a planned look decides or the plan ends (statistics/looks.ts). A third arm is the control: the baseline
 * again, from a copy of its code where there is one, in the same blocks. A sample that no clock could have measured (not above 0, not finite) drops its block.
 */
import { Random } from '../generate/random.ts';
import { breathe } from '../verify/breathe.ts';
import { sampleMs, usualWarming, warmUp, type Arm, type Warming } from './arm.ts';
import { isDecided, judge, leastFloor, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import { medianInterval } from './statistics/interval.ts';
import { closingLook, planLooks, type Look, type LookPlan } from './statistics/looks.ts';

export interface PairOptions {
  readonly baseline: Arm;
  readonly candidate: Arm;
  /** The baseline again. */
  readonly control?: Arm | undefined;
  readonly seed: number;
  /** Most pairs; default 400. */
  readonly pairs?: number | undefined;
  /** Probability of a wrong `slower`, and of a wrong `faster`, at most; default 0.1 %. */
  readonly error?: number | undefined;
  readonly limits?: Limits | undefined;
  /** Time for the pairs, in milliseconds; none by default. */
  readonly maxTimeMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In milliseconds. The clock of the limits; samples have their arms' own. */
  readonly now?: (() => number) | undefined;
  readonly warming?: Pick<Warming, 'calls' | 'timeMs'> | undefined;
  readonly onLook?: ((judgement: Judgement, pairs: number) => void) | undefined;
}

export interface PairedComparison {
  readonly judgement: Judgement;
  /** Blocks that were judged. */
  readonly pairs: number;
  /** Blocks that a clock spoilt. */
  readonly dropped: number;
  /** Calls in a sample. */
  readonly calls: number;
  /** Milliseconds of one call, in time order, of the blocks that were judged. */
  readonly samples: { readonly baseline: readonly number[]; readonly candidate: readonly number[]; readonly control: readonly number[] };
  /** Arms in the order in which each block ran: 0 baseline, 1 candidate, 2 control. */
  readonly orders: readonly (readonly number[])[];
  /** What a wrong `slower` has as its probability, at most. */
  readonly error: number;
  readonly durationMs: number;
}

export const usualPairs = 400;
export const usualError = 0.001;
export { sampleMs };

/** Looks come every 60 pairs, or five times where fewer than 300 are allowed. */
export function looksOf(pairs: number, error: number): LookPlan {
  return planLooks(pairs, Math.min(60, Math.ceil(pairs / 5)), error);
}

/** Takes pairs until they decide. Throws what an arm throws. */
export async function comparePairs(options: PairOptions): Promise<PairedComparison> {
  const { baseline, candidate, control, pairs: cap = usualPairs, error = usualError, now = () => performance.now(), limits = { floor: leastFloor, threshold: usualThreshold } } = options;
  const started = now();
  const deadline = started + (options.maxTimeMs ?? Infinity);
  const stopped = (): boolean => options.signal?.aborted === true || now() > deadline;
  const arms = control === undefined ? [baseline, candidate] : [baseline, candidate, control];
  const calls = await warmUp(arms, { ...usualWarming, ...options.warming, now, stopped });
  const plan = looksOf(cap, error);
  const random = new Random(options.seed);
  const taken: number[][] = arms.map(() => []);
  const orders: number[][] = [];
  let dropped = 0;
  let judgement: Judgement | undefined;
  const judged = (look: Look): Judgement => judge(medianInterval(logRatios(taken[1]!, taken[0]!), look.rank), control === undefined ? undefined : medianInterval(logRatios(taken[2]!, taken[0]!), look.rank), limits);
  while (orders.length < cap && dropped <= cap && !stopped()) {
    const order = random.permutation(arms.length);
    const block: number[] = [];
    for (const k of order) block[k] = (await arms[k]!.time(calls)) / calls;
    await breathe();
    if (!block.every((ms) => ms > 0 && ms < Infinity)) {
      dropped++;
      continue;
    }
    orders.push(order);
    block.forEach((ms, k) => taken[k]!.push(ms));
    const look = plan.looks.find((one) => one.pairs === orders.length);
    if (look === undefined) continue;
    judgement = judged(look);
    options.onLook?.(judgement, orders.length);
    if (isDecided(judgement)) break;
  }
  const ended = plan.looks.some((look) => look.pairs === orders.length) ? undefined : closingLook(plan, orders.length);
  if (judgement === undefined || ended !== undefined) judgement = judged(ended ?? closingLook(plan, orders.length));
  if (orders.length === 0 && dropped === 0) judgement = { ...judgement, reason: 'no pair was taken: the time was over' };
  if (dropped > orders.length) judgement = { ...judgement, verdict: 'inconclusive', unreliable: true, reason: `unreliable: the clock gave no time for ${dropped} of ${dropped + orders.length} blocks` };
  return { judgement, pairs: orders.length, dropped, calls, samples: { baseline: taken[0]!, candidate: taken[1]!, control: taken[2] ?? [] }, orders, error, durationMs: now() - started };
}

function logRatios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((ms, k) => Math.log(ms / below[k]!));
}
