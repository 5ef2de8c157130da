/**
 * Baseline and candidate in one process, in blocks of a random order, until a planned look decides or the plan ends (statistics/looks.ts).
 *
 * A compiler at run time makes other machine code of each copy of a function, in other places: copies of one loop differ by per cents, and stay so. So each side can be several
 * copies. In every round each copy has its turn once, in an order drawn by lot, and a verdict needs two proofs: that the pairs lie beyond the floor, and that the copies of one side are
 * slower than those of the other, as copies, by the exact test of their ranks (pair-samples.ts; the looks share its error). For codes that are equally fast, copies could
 * have come up on either side, so that the second proof is wrong with probability `error` at most, however much copies differ.
 *
 * The control is the baseline again, in the same blocks: another of its copies, or an arm of its own. A sample that no clock could have measured (not above 0, not finite) drops its block.
 */
import { Random } from '../generate/random.ts';
import { breathe } from '../verify/breathe.ts';
import { usualWarming, warmUp, type Arm, type Warming } from './arm.ts';
import { isDecided, judge, leastFloor, usualThreshold, type Judgement, type Limits } from './judgement.ts';
import { PairSamples } from './pair-samples.ts';
import { closingLook, errorAt, planLooks, type LookPlan } from './statistics/looks.ts';

export interface PairOptions {
  /** Copies of the baseline; as many as of the candidate. */
  readonly baseline: readonly Arm[];
  readonly candidate: readonly Arm[];
  /** The baseline again, where it is there once. */
  readonly control?: Arm | undefined;
  readonly seed: number;
  /** Most pairs; default 400. */
  readonly pairs?: number | undefined;
  /** Probability of a wrong `slower`, and of a wrong `faster`, at most; default 0.1 %. */
  readonly error?: number | undefined;
  readonly limits?: Limits | undefined;
  /** Time for warming up and the pairs, in milliseconds; none by default. */
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
  /** Roles in the order in which each block ran: 0 baseline, 1 candidate, 2 control. */
  readonly orders: readonly (readonly number[])[];
  /** Which copy had each role, block by block. */
  readonly copies: readonly (readonly number[])[];
  /** What a wrong `slower` has as its probability, at most. */
  readonly error: number;
  readonly durationMs: number;
}

export const usualPairs = 400;
export const usualError = 0.001;

/** Looks come every 60 pairs, or five times where fewer than 300 are allowed. */
export function looksOf(pairs: number, error: number): LookPlan {
  return planLooks(pairs, Math.min(60, Math.ceil(pairs / 5)), error);
}

/** Takes pairs until they decide. Throws what an arm throws. */
export async function comparePairs(options: PairOptions): Promise<PairedComparison> {
  const { baseline, candidate, control, pairs: cap = usualPairs, error = usualError, now = () => performance.now(), limits = { floor: leastFloor, threshold: usualThreshold } } = options;
  if (baseline.length !== candidate.length || baseline.length === 0) throw new RangeError(`${baseline.length} copies of the baseline and ${candidate.length} of the candidate; both need as many`);
  const started = now();
  const deadline = started + (options.maxTimeMs ?? Infinity);
  const stopped = (): boolean => options.signal?.aborted === true || now() > deadline;
  const many = baseline.length > 1;
  const arms = [baseline, candidate, ...(many ? [baseline] : control === undefined ? [] : [[control]])];
  const random = new Random(options.seed);
  // in an order drawn by lot too: what is compiled first is compiled otherwise
  const cold = [...baseline, ...candidate, ...(many || control === undefined ? [] : [control])];
  const calls = await warmUp(random.permutation(cold.length).map((k) => cold[k]!), { ...usualWarming, ...options.warming, now, stopped });
  const plan = looksOf(cap, error);
  const taken = new PairSamples(arms.length, baseline.length);
  let judgement: Judgement | undefined;
  let turns: number[][] = [];
  let dropped = 0;
  const judged = (rank: number): Judgement => {
    const [effect, again] = taken.effects(rank);
    return judge(effect, again, limits, taken.copies(errorAt(plan, taken.count)));
  };
  while (taken.count < cap && dropped <= cap && !stopped()) {
    if (turns.length === 0) turns = round(baseline.length, random);
    const copies = turns.pop()!.slice(0, arms.length);
    const order = random.permutation(arms.length);
    const block: number[] = [];
    for (const role of order) block[role] = (await arms[role]![copies[role]!]!.time(calls)) / calls;
    await breathe();
    if (!block.every((ms) => ms > 0 && ms < Infinity)) {
      dropped++;
      continue;
    }
    taken.add(block, order, copies);
    const look = plan.looks.find(({ pairs }) => pairs === taken.count);
    if (look === undefined) continue;
    judgement = judged(look.rank);
    options.onLook?.(judgement, taken.count);
    if (isDecided(judgement)) break;
  }
  if (!plan.looks.some(({ pairs }) => pairs === taken.count)) judgement = judged(closingLook(plan, taken.count).rank);
  const last = explained(judgement!, taken.count, dropped);
  return { judgement: last, pairs: taken.count, dropped, calls, samples: taken.samples(), orders: taken.orders, copies: taken.copiesOf, error, durationMs: now() - started };
}

/** A turn of every copy: which copy each role has in each block. The control is another copy than the baseline, where there are several. */
function round(count: number, random: Random): number[][] {
  const [first, second] = [random.permutation(count), random.permutation(count)];
  const shift = count > 1 ? 1 + random.below(count - 1) : 0;
  return first.map((copy, k) => [copy, second[k]!, first[(k + shift) % count]!]);
}

function explained(judgement: Judgement, pairs: number, dropped: number): Judgement {
  if (pairs === 0 && dropped === 0) return { ...judgement, verdict: 'inconclusive', reason: 'no pair was taken: the time was over' };
  if (dropped <= pairs) return judgement;
  return { ...judgement, verdict: 'inconclusive', unreliable: true, reason: `unreliable: the clock gave no time for ${dropped} of ${dropped + pairs} blocks` };
}
