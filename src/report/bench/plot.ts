/** The samples of a workload in the order in which they were taken, as an SVG chart: drift, groups and preemptions are seen there and in no statistic. */
import { percent } from '../../perf/judgement.ts';
import type { BenchReport, WorkloadResult } from '../../perf/results.ts';
import { renderSvg, type Chart, type Series } from '../compare/svg.ts';

/** A chart of times, and where there is a baseline one of the ratios. */
export function benchPlot(result: WorkloadResult, { seed, plumbline, against }: BenchReport): string {
  const { times, comparison, workload, target } = result;
  const line = (name: string, samples: readonly number[]): Series => ({ name, points: samples.map((ms, k) => [k, ms * 1e3] as const) });
  const unit = comparison?.design === 'launches' ? 'launch' : 'sample';
  const series = [...(comparison?.baseline === undefined ? [] : [line('baseline', comparison.baseline.samples)]), line(comparison === undefined ? 'kernel' : 'candidate', times?.samples ?? [])];
  const charts: Chart[] = [{ title: `${workload} on ${target ?? ''}`, xLabel: `${unit}, in time order`, yLabel: 'µs a call', yLog: true, series }];
  if (comparison?.design === 'pairs' && comparison.baseline !== undefined) {
    const ratios = (samples: readonly number[]): (readonly [number, number])[] => samples.map((ms, k) => [k, 100 * (ms / comparison.baseline!.samples[k]! - 1)] as const);
    const both: Series[] = [{ name: 'control', points: ratios(comparison.controlSamples) }, { name: 'candidate', points: ratios(times?.samples ?? []) }];
    charts.push({ title: `Change against the baseline: ${comparison.judgement.verdict}, ${percent(comparison.judgement.effect.estimate)}`, xLabel: 'pair, in time order', yLabel: 'per cent', yLog: false, series: both });
  }
  return renderSvg(charts, `plumbline ${plumbline} bench · seed ${seed}${against === undefined ? '' : ` · against ${against}`}`);
}
