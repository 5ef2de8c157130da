/**
 * How many times fewer problems a guided campaign needs than one without guidance, from below.
 *
 * Without guidance every case is a recipe of its own, drawn independently of all others by `drawnRecipe` for one claim, as `fuzz-rates` draws them (tests/unit/fuzz/plain-draws.test.ts shows that the
 * campaign draws these very cases). Problems of one case are not independent (they share n, the family, the scale), so cases are counted and not problems: let q be the probability that a case
 * holds a problem on which the fault fires. The campaign ends with the first such case, so their number N is geometric, P[N > m] = (1 − q)^m, exactly.
 *   q ≤ q⁺ with 95 % confidence by Clopper & Pearson over the cases looked at. With m the largest number that has (1 − q⁺)^m ≥ ½ + δ, the campaign takes more than m cases with at
 * least that probability. It then has judged the problems of m cases at least: a sum S of m independent tokens T_i ≥ 0, for which P[S ≤ m·E[T] − t] ≤ exp(−t²/(2·m·E[T²])) (the lower tail of sums of
 * non-negative numbers, Maurer 2003); t = √(2·m·E[T²]·ln(1/δ)) makes that δ. So more than m·E[T] − t problems have a probability of ½ at least: that is a lower bound of the median.
 * δ = 1 %; E[T] and E[T²] are those of the cases looked at. "Rate at most" is of problems: q⁺/E[T] times the problems on which it fired in a case where it did, as many as were seen (1 where none was).
 * Confidence is of each fault by itself. Sizes that plain draws never have (34 to 63 tokens) are in no draw: a fault that wants them is never met, which is what the bound then says in its own way.
 */
import { clopperPearsonUpper } from '../src/numerics/clopper-pearson.ts';

/** What plain draws were looked at, and on how many a fault would have fired. */
export interface Drawn {
  readonly name: string;
  readonly cases: number;
  readonly problems: number;
  /** Sum of the squares of the cases' problems. */
  readonly squares: number;
  /** Cases with a problem on which it fires, and such problems. */
  readonly met: number;
  readonly metProblems: number;
}

/** A guided campaign. */
export interface Trial {
  readonly name: string;
  readonly seed: number;
  readonly found: boolean;
  readonly problems: number;
  readonly seconds: number;
}

const delta = 0.01;

/** Draws of one fault, added up. */
export function together(all: readonly Drawn[]): Drawn | undefined {
  return all.length === 0 ? undefined : all.reduce((a, b) => ({
    name: a.name, cases: a.cases + b.cases, problems: a.problems + b.problems, squares: a.squares + b.squares, met: a.met + b.met, metProblems: a.metProblems + b.metProblems,
  }));
}

/** At most this share of problems drawn is one on which it fires, with 95 % confidence in how many cases have one. */
export function rateAtMost({ cases, met, metProblems, problems }: Drawn): number {
  return (clopperPearsonUpper(cases, met, 0.05) / (problems / cases)) * (met === 0 ? 1 : metProblems / met);
}

/** With 95 % confidence, the median number of problems without guidance is at least this. */
export function medianAtLeast({ cases, met, problems, squares }: Drawn): number {
  const most = Math.floor(Math.log(0.5 + delta) / Math.log1p(-clopperPearsonUpper(cases, met, 0.05)));
  return Math.max(1, Math.floor(most * (problems / cases) - Math.sqrt(2 * most * (squares / cases) * Math.log(1 / delta))));
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** One row for each fault. A campaign that found nothing needs infinitely many problems; without draws nothing is said of rates. */
export function rareTable(names: readonly string[], trials: readonly Trial[], drawn: readonly Drawn[]): Record<string, Record<string, string | number>> {
  return Object.fromEntries(names.map((name) => {
    const own = trials.filter((trial) => trial.name === name);
    const draws = together(drawn.filter((one) => one.name === name));
    const guided = own.length === 0 ? NaN : median(own.map(({ found, problems }) => (found ? problems : Infinity)));
    const least = draws === undefined ? NaN : medianAtLeast(draws);
    return [name, {
      found: `${own.filter(({ found }) => found).length}/${own.length}`,
      'median s': own.length === 0 ? '—' : Number(median(own.map(({ found, seconds }) => (found ? seconds : Infinity))).toFixed(1)),
      'guided, median problems': own.length === 0 ? '—' : guided,
      'plain problems': draws?.problems ?? 'not counted',
      'fires on': draws === undefined ? '—' : `${draws.metProblems} in ${draws.met} cases`,
      'rate at most (95 %)': draws === undefined ? '—' : rateAtMost(draws).toExponential(1),
      'not guided, median at least (95 %)': Number.isNaN(least) ? '—' : least,
      'times fewer, at least': Number.isNaN(least / guided) ? '—' : Number((least / guided).toPrecision(3)),
    }];
  }));
}
