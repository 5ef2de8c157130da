/** How far the numbers of a surviving candidate can move before it is refuted: what "20 iterations" and "epsilon 1e-6" mean. */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { meant, roundest } from '../round-number.ts';
import { refineEpsilon, seeds } from './fit.ts';
import type { Refutation } from './refute.ts';
import type { Candidate, Search } from './search.ts';

/** Iterations and epsilons between which every number survives. */
export interface Ranges {
  readonly iterations: readonly [low: number, high: number];
  readonly epsilon: readonly [low: number, high: number];
  readonly temperature: readonly [low: number, high: number];
  readonly stopBelow: readonly [low: number, high: number];
  /** The refutation of the nearest number of iterations outside, if there is one. */
  readonly otherIterations: Refutation | undefined;
}

const mostIterations = 1000;
/** A first step of epsilon, relative: a rounding of f32, doubled until it is refuted. */
const firstStep = 2 ** -24;

/** The ranges around a candidate, each number alone (the epsilon follows when the iterations move). */
export async function rangesOf(search: Search, candidate: Candidate, arithmetic: Arithmetic): Promise<Ranges> {
  const { dialect, layout } = candidate;
  const tried = new Map<number, Refutation>();
  const atIterations = async (iterations: number): Promise<Refutation> => {
    const known = tried.get(iterations);
    if (known !== undefined) return known;
    await search.pause();
    const moved = { ...dialect, iterations };
    const { epsilon } = refineEpsilon(search.seen(layout), { dialect: moved, distance: Infinity }).dialect;
    const epsilons = epsilon === 0 ? [0] : [...meant(epsilon), dialect.epsilon];
    const all = epsilons.map((value) => search.refuteOrdinary({ ...moved, epsilon: value }, layout, arithmetic));
    const best = all.reduce((a, b) => (b.margin < a.margin ? b : a));
    tried.set(iterations, best);
    return best;
  };
  const low = await lastSurvivor(atIterations, dialect.iterations, -1, 1);
  const high = await lastSurvivor(atIterations, dialect.iterations, 1, mostIterations);
  const outside = [...tried.values()].filter(({ margin }) => margin > 1).toSorted((a, b) => a.margin - b.margin)[0];
  return {
    iterations: [low, high],
    epsilon: await numberRange(search, candidate, 'epsilon', arithmetic),
    temperature: await numberRange(search, candidate, 'temperature', arithmetic),
    stopBelow: await stopRange(search, candidate, arithmetic),
    otherIterations: outside,
  };
}

/** The last number that survives in a direction: steps that double, then halving. */
async function lastSurvivor(at: (value: number) => Promise<Refutation>, from: number, direction: 1 | -1, end: number): Promise<number> {
  let good = from;
  let bad: number | undefined;
  for (let step = 1; bad === undefined && good !== end; step *= 2) {
    const next = direction > 0 ? Math.min(end, good + step) : Math.max(end, good - step);
    if ((await at(next)).margin <= 1) good = next;
    else bad = next;
  }
  while (bad !== undefined && Math.abs(bad - good) > 1) {
    const middle = Math.round((good + bad) / 2);
    if ((await at(middle)).margin <= 1) good = middle;
    else bad = middle;
  }
  return good;
}

/** The range of a number above zero, by steps that double and then halvings. */
async function numberRange(search: Search, { dialect, layout }: Candidate, field: 'epsilon' | 'temperature' | 'stopBelow', arithmetic: Arithmetic): Promise<[number, number]> {
  if (dialect[field] === 0) return [0, 0];
  const [least, most] = field === 'temperature' ? [2 ** -20, 2 ** 20] : [1e-40, 1];
  const survives = async (value: number): Promise<boolean> => {
    await search.pause();
    return search.refuteOrdinary({ ...dialect, [field]: value }, layout, arithmetic).margin <= 1;
  };
  const end = async (direction: 1 | -1): Promise<number> => {
    let good = dialect[field];
    let bad = good;
    for (let step = firstStep; bad === good; step *= 2) {
      const next = direction > 0 ? good * (1 + step) : good / (1 + step);
      if (next > most) return most;
      if (next < least) return field === 'temperature' ? least : 0;
      if (await survives(next)) good = bad = next;
      else bad = next;
    }
    for (let halvings = 0; halvings < 10; halvings++) {
      const middle = Math.sqrt(good * bad);
      if (await survives(middle)) good = middle;
      else bad = middle;
    }
    return good;
  };
  const low = await end(-1);
  const high = await end(1);
  if (field !== 'epsilon' || (low > 0 && high < 2 * low)) return [low, high];
  // what a threshold does not decide it does not decide elsewhere either: the numbers that fit need not hang together
  const elsewhere: number[] = [];
  for (const value of seeds) if (await survives(value)) elsewhere.push(value);
  return [Math.min(low, ...elsewhere), Math.max(high, ...elsewhere)];
}

/** An early stop that is found has a range; where there is none, the largest that would not have shown. */
async function stopRange(search: Search, candidate: Candidate, arithmetic: Arithmetic): Promise<[number, number]> {
  if (candidate.dialect.stopBelow > 0) return numberRange(search, candidate, 'stopBelow', arithmetic);
  let good = 0;
  for (let exponent = -12; exponent <= 0; exponent++) {
    await search.pause();
    if (search.refuteOrdinary({ ...candidate.dialect, stopBelow: 10 ** exponent }, candidate.layout, arithmetic).margin > 1) break;
    good = 10 ** exponent;
  }
  return [0, good];
}

/** A number as a person would have written it. */
export function written(value: number, [low, high]: readonly [low: number, high: number]): number {
  return low > 0 ? roundest(low, high, value) : value;
}
