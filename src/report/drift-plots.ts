/** A plot for each claim: the quantiles of its margin over the runs, and where a change was found. */
import type { TargetDrift } from '../perf/drift/drift.ts';
import { leastOctave, quantileSeries, type QuantileSeries } from '../perf/drift/series.ts';
import { renderSvg, type Series } from './compare/svg.ts';

/** SVG texts by property. A claim whose margin is always 0 has none: there is nothing to see. */
export function driftPlots({ target, runs, changes }: TargetDrift): Map<string, string> {
  const plots = new Map<string, string>();
  const series = quantileSeries(runs);
  for (const property of new Set(series.map((one) => one.property))) {
    const lines = series.filter((one) => one.property === property).map(lineOf);
    const drawn = lines.flatMap(({ points }) => points.map(([, y]) => y).filter((y) => Number.isFinite(y)));
    if (drawn.length === 0) continue;
    const marks = changes
      .filter(({ groups }) => groups.some(({ members }) => members.some((member) => member.property === property)))
      .map(({ at, direction }): Series => ({ name: `${direction} at ${runs[at]!.commit?.slice(0, 10) ?? `run ${at + 1}`}`, points: [[at + 0.5, Math.min(...drawn)], [at + 0.5, Math.max(...drawn)]] }));
    const chart = { title: `${property} on ${target}`, xLabel: 'run', yLabel: 'measured / bound', yLog: true, series: [...lines, ...marks] };
    plots.set(property, renderSvg([chart], `${runs.length} runs, ${runs[0]!.date.slice(0, 10)} to ${runs.at(-1)!.date.slice(0, 10)}, effort ${runs[0]!.effort}`));
  }
  return plots;
}

/** A margin of 0, whose logarithm ends where a sketch does, is a gap. */
function lineOf({ quantile, values }: QuantileSeries): Series {
  return { name: quantile, points: Array.from(values, (value, k) => [k + 1, value > leastOctave ? 2 ** value : Number.NaN] as const) };
}
