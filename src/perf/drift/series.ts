/**
 * The series that are tested: quantiles of the margins of each claim, in octaves from their median and at most one. What is asked is whether a margin doubled, so a jump counts for one
 * octave at most: a quantile that is often 0, and jumps by forty octaves, cannot outweigh everything else. Medians are over all runs and do not depend on their order.
 */
import { sketchError } from '../../numerics/sketch.ts';
import type { MarginRecord } from './record.ts';
import { median } from './shift.ts';

export const quantiles = ['p50', 'p90', 'p99', 'max'] as const;
export type Quantile = (typeof quantiles)[number];

/** Octaves that a quantile may be too large by (numerics/sketch.ts). */
export const resolution = Math.log2(1 + sketchError);

/** Where log2 of a margin ends: what a sketch counts as 0, and as much above 1. */
export const leastOctave = -48;
const mostOctave = 48;

/** One quantile of one claim over the runs. */
export interface QuantileSeries {
  readonly property: string;
  readonly operation: string;
  readonly quantile: Quantile;
  /** log2 margins; NaN in runs where the claim was not asked. A run in which it failed has margins too, and a kernel that came near its bounds may fail in some. */
  readonly values: Float64Array;
}

/** All quantiles of all claims that passed in some run. */
export function quantileSeries(runs: readonly MarginRecord[]): QuantileSeries[] {
  const tables = runs.map(({ results }) => new Map(results.map((result) => [result.property, result])));
  const passed = runs.flatMap(({ results }) => results.filter(({ status }) => status === 'passed'));
  const operations = new Map(passed.map(({ property, operation }) => [property, operation] as const));
  return [...operations].flatMap(([property, operation]) => quantiles.map((quantile) => ({
    property,
    operation,
    quantile,
    values: Float64Array.from(tables, (table) => Math.log2(Math.min(2 ** mostOctave, Math.max(2 ** leastOctave, table.get(property)?.[quantile] ?? Number.NaN)))),
  })));
}

/** Series that are judged together. */
export interface Group {
  readonly name: string;
  readonly members: readonly QuantileSeries[];
  /** What is tested of each member. */
  readonly scores: readonly Float64Array[];
}

/** Groups, in the order in which they first come; a series that never varies is in none. */
export function groupsOf(series: readonly QuantileSeries[], nameOf: (one: QuantileSeries) => string): Group[] {
  const groups = new Map<string, { members: QuantileSeries[]; scores: Float64Array[] }>();
  for (const one of series) {
    const scores = scoresOf(one.values);
    if (scores.every((score) => score === scores[0])) continue;
    const group = groups.get(nameOf(one)) ?? { members: [], scores: [] };
    groups.set(nameOf(one), group);
    group.members.push(one);
    group.scores.push(scores);
  }
  return [...groups].map(([name, group]) => ({ name, ...group }));
}

/** Octaves from the median, at most one; a run without a value says nothing. */
function scoresOf(values: Float64Array): Float64Array {
  const middle = median(values.filter((value) => !Number.isNaN(value)));
  return values.map((value) => (Number.isNaN(value) ? 0 : Math.min(1, Math.max(-1, value - middle))));
}
