/** Samples as one line of text: how many lie in each of some equal steps from the shortest to the longest that is not among the last 5 %. */
import { quantile } from '../../perf/statistics/interval.ts';

const bars = '▁▂▃▄▅▆▇█';

/** A histogram of `width` cells; a space where nothing lies. Empty for no samples. */
export function strip(samples: readonly number[], width = 24): string {
  if (samples.length === 0) return '';
  const sorted = Float64Array.from(samples).sort();
  const [low, high] = [sorted[0]!, quantile(sorted, 0.95)];
  const counts = Array.from({ length: width }, () => 0);
  for (const value of sorted) {
    if (value > high) continue;
    counts[high > low ? Math.min(width - 1, Math.floor(((value - low) / (high - low)) * width)) : 0]!++;
  }
  const most = Math.max(...counts);
  return counts.map((count) => (count === 0 ? ' ' : bars[Math.min(bars.length - 1, Math.floor((count / most) * bars.length))]!)).join('');
}
