/** The samples of a workload in the order in which they were taken, as an SVG chart: drift, groups and preemptions are seen there and in no statistic. */
import { percent } from '../../perf/judgement.ts';
import type { BenchReport, WorkloadResult } from '../../perf/results.ts';
import { quantile } from '../../perf/statistics/interval.ts';
import { renderSvg, type Chart, type Series } from '../compare/svg.ts';

/** Shares of the pairs between which ratios are drawn, in per cent: one preemption is ten times as long as all that matters. */
const drawn = { from: 5, to: 95 };

/** A chart of times, and where there are pairs one of their ratios in ascending order, where a shift of all of them is a shift of the curve. */
export function benchPlot(result: WorkloadResult, { seed, plumbline, against }: BenchReport): string {
  return renderSvg(benchCharts(result), `plumbline ${plumbline} bench · seed ${seed}${against === undefined ? '' : ` · against ${against}`}`);
}

/** Its charts. */
export function benchCharts(result: WorkloadResult): Chart[] {
  const { times, comparison, workload, target } = result;
  const line = (name: string, samples: readonly number[]): Series => ({ name, points: samples.map((ms, k) => [k, ms * 1e3] as const) });
  const unit = comparison?.design === 'launches' ? 'launch' : 'sample';
  const series = [...(comparison?.baseline === undefined ? [] : [line('baseline', comparison.baseline.samples)]), line(comparison === undefined ? 'kernel' : 'candidate', times?.samples ?? [])];
  const charts: Chart[] = [{ title: `${workload} on ${target ?? ''}`, xLabel: `${unit}, in time order`, yLabel: 'µs a call', yLog: true, series }];
  if (comparison?.baseline !== undefined) {
    const shares = Array.from({ length: drawn.to - drawn.from + 1 }, (_, k) => drawn.from + k);
    const ratios = (samples: readonly number[]): (readonly [number, number])[] => {
      const sorted = Float64Array.from(samples, (ms, k) => 100 * (ms / comparison.baseline!.samples[k]! - 1)).sort();
      return sorted.length === 0 ? [] : shares.map((share) => [share, quantile(sorted, share / 100)] as const);
    };
    const both: Series[] = [{ name: 'control', points: ratios(comparison.controlSamples) }, { name: 'candidate', points: ratios(times?.samples ?? []) }];
    charts.push({ title: `Change against the baseline: ${comparison.judgement.verdict}, ${percent(comparison.judgement.effect.estimate)}`, xLabel: `pairs with at most this change, per cent (${drawn.from} to ${drawn.to})`, yLabel: 'change, per cent', yLog: false, series: both.filter(({ points }) => points.length > 0) });
  }
  return charts;
}
