/**
 * The series that are tested: means of many noisy margins, in octaves.
 *
 * A quantile of one claim's margin varies from seed to seed by a tenth of an octave to several, and one that is often 0 jumps by forty; hundreds of them are looked at. A change of a kernel,
 * though, moves most claims about its operation together, and claims have seeds of their own: the mean over an operation varies far less than its members. So the series are means, over the
 * claims of an operation (and of the whole target), and over the quantiles of one claim. Each member is y = clamp(log2 margin − its median, −1, 1): what is asked is whether it doubled, so one jump counts for
 * one octave at most. Members weigh 1/(variance + resolution²). Medians and variances are over all runs and do not depend on their order, so that a mean is a function of its run and runs stay exchangeable.
 */
import { sketchError } from '../../numerics/sketch.ts';
import type { MarginRecord } from './record.ts';
import { median } from './shift.ts';

export const quantiles = ['p50', 'p90', 'p99', 'max'] as const;
export type Quantile = (typeof quantiles)[number];

/** Octaves that a quantile may be too large by (numerics/sketch.ts). */
export const resolution = Math.log2(1 + sketchError);

/** Where log2 of a margin ends: what a sketch counts as 0. */
export const leastOctave = -48;

/** One quantile of one claim over the runs. */
export interface QuantileSeries {
  readonly property: string;
  readonly operation: string;
  readonly quantile: Quantile;
  /** log2 margins; NaN in runs where the claim failed or was not asked. */
  readonly values: Float64Array;
}

/** All quantiles of all claims that passed in some run. */
export function quantileSeries(runs: readonly MarginRecord[]): QuantileSeries[] {
  const tables = runs.map(({ results }) => new Map(results.filter(({ status }) => status === 'passed').map((result) => [result.property, result])));
  const operations = new Map(tables.flatMap((table) => [...table.values()].map(({ property, operation }) => [property, operation] as const)));
  return [...operations].flatMap(([property, operation]) => quantiles.map((quantile) => ({
    property,
    operation,
    quantile,
    values: Float64Array.from(tables, (table) => Math.log2(Math.max(2 ** leastOctave, table.get(property)?.[quantile] ?? Number.NaN))),
  })));
}

/** A group of series and their mean over the group. */
export interface MeanSeries {
  readonly name: string;
  readonly members: readonly QuantileSeries[];
  readonly values: Float64Array;
}

/** Means over groups, in the order in which the groups first come; a group in which nothing ever varies has none. */
export function meansOver(series: readonly QuantileSeries[], groupOf: (one: QuantileSeries) => string): MeanSeries[] {
  const groups = new Map<string, { members: QuantileSeries[]; sum: Float64Array; weight: number }>();
  for (const one of series) {
    const scores = scoresOf(one.values);
    const spread = variance(scores);
    if (spread === 0) continue;
    const group = groups.get(groupOf(one)) ?? { members: [], sum: new Float64Array(scores.length), weight: 0 };
    groups.set(groupOf(one), group);
    const weight = 1 / (spread + resolution ** 2);
    group.members.push(one);
    group.weight += weight;
    scores.forEach((score, k) => (group.sum[k]! += weight * score));
  }
  return [...groups].map(([name, { members, sum, weight }]) => ({ name, members, values: sum.map((value) => value / weight) }));
}

/** Octaves from the median, at most one; a run without a value says nothing. */
function scoresOf(values: Float64Array): Float64Array {
  const middle = median(values.filter((value) => !Number.isNaN(value)));
  return values.map((value) => (Number.isNaN(value) ? 0 : Math.min(1, Math.max(-1, value - middle))));
}

function variance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
