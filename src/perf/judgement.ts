/**
 * What a comparison shows. `slower` and `faster` need a bound beyond the floor: 1 %, or as much as identical code showed in the same run. `same` needs both bounds within
 * the threshold, and a floor below it: a difference that was shown to be small, not one that was not seen. Everything else is `inconclusive`, and says why.
 */
import type { Interval } from './statistics/interval.ts';

export type Verdict = 'slower' | 'faster' | 'same' | 'inconclusive' | 'not-comparable';

/** Effects are natural logarithms of candidate / baseline. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly effect: Interval;
  /** What identical code showed: the baseline against itself. Absent where that was not run. */
  readonly control?: Interval | undefined;
  /** How far apart copies of the two codes are, as copies: above 0 it is no luck of the compiler. Absent where each was there once. */
  readonly copies?: Interval | undefined;
  /** Effects up to here are claimed by nobody. */
  readonly floor: number;
  /** Effects from here on matter. */
  readonly threshold: number;
  /** Why, for `inconclusive` and `not-comparable`. */
  readonly reason?: string | undefined;
  /** The measuring itself cannot be believed, so that more of it would not help. */
  readonly unreliable?: true;
}

export interface Limits {
  /** The least floor. */
  readonly floor: number;
  readonly threshold: number;
}

/** What compilers, layout and clocks do to identical code in one process: at most 0.2 % was measured over 24 launches (docs/regressions.md); five times that. */
export const leastFloor = Math.log(1.01);
/** Twice the floor: what `same` still excludes. */
export const usualThreshold = Math.log(1.02);

/**
 * What one copy of each code is judged with where a compiler at run time makes the machine code: V8's copies of one loop differed by up to 2.6 % in one process, each for as
 * long as it ran (docs/regressions.md).
 */
export const singleCopyLimits: Limits = { floor: Math.log(1.03), threshold: Math.log(1.03) };

/** Judges an effect beside what identical code showed in the same run, and beside what copies differ by. */
export function judge(effect: Interval, control: Interval | undefined, { floor: least, threshold }: Limits, copies?: Interval): Judgement {
  const floor = control === undefined ? least : Math.max(least, Math.abs(control.estimate));
  const common = { effect, control, copies, floor, threshold };
  if (control !== undefined && (control.lower > least || control.upper < -least)) {
    return { ...common, verdict: 'inconclusive', unreliable: true, reason: `unreliable: the baseline differed from itself by ${percent(control.estimate)} in the same run` };
  }
  const luck = `copies of one code differ by as much as the two codes, whose copies are between ${percent(copies?.lower ?? 0)} and ${percent(copies?.upper ?? 0)} apart`;
  if (effect.lower > floor) return copies === undefined || copies.lower > 0 ? { ...common, verdict: 'slower' } : { ...common, verdict: 'inconclusive', reason: luck };
  if (effect.upper < -floor) return copies === undefined || copies.upper < 0 ? { ...common, verdict: 'faster' } : { ...common, verdict: 'inconclusive', reason: luck };
  if (floor <= threshold && effect.lower > -threshold && effect.upper < threshold) return { ...common, verdict: 'same' };
  return { ...common, verdict: 'inconclusive', reason: `the effect lies between ${percent(effect.lower)} and ${percent(effect.upper)}: too wide to decide` };
}

/** Whether more pairs cannot be wanted: the verdict stands, or the control shows that none will. */
export function isDecided({ verdict, unreliable }: Judgement): boolean {
  return verdict !== 'inconclusive' || unreliable === true;
}

/** A logarithm of a ratio as the change in per cent that it is: `+3.1 %`. */
export function percent(effect: number): string {
  if (!Number.isFinite(effect)) return Number.isNaN(effect) ? 'NaN' : effect > 0 ? 'anything' : 'nothing';
  const value = 100 * Math.expm1(effect);
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(Math.abs(value) < 9.95 ? 1 : 0)} %`;
}
