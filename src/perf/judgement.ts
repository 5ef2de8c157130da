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

/** Judges an effect beside what identical code showed in the same run. */
export function judge(effect: Interval, control: Interval | undefined, { floor: least, threshold }: Limits): Judgement {
  const floor = control === undefined ? least : Math.max(least, Math.abs(control.estimate));
  const common = { effect, control, floor, threshold };
  if (control !== undefined && (control.lower > least || control.upper < -least)) {
    return { ...common, verdict: 'inconclusive', unreliable: true, reason: `unreliable: the baseline differed from itself by ${percent(control.estimate)} in the same run` };
  }
  if (effect.lower > floor) return { ...common, verdict: 'slower' };
  if (effect.upper < -floor) return { ...common, verdict: 'faster' };
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
