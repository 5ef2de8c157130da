/** Histories in the formats of the services that people have: the last run of each workload, or all of them as a table. */
import { countNames } from '../history/counts.ts';
import { workloadName, type BenchRecord } from '../history/record.ts';
import { median, quantile } from '../statistics/interval.ts';

export const exportFormats = ['bencher', 'github', 'otava'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Files that a format is made of: one, or for Otava a table of each workload and its `otava.yaml`. */
export type ExportedFiles = readonly { readonly name: string; readonly text: string }[];

export function exported(records: readonly BenchRecord[], format: ExportFormat): ExportedFiles {
  if (format === 'otava') return otavaFiles(records);
  const last = new Map(records.map((record) => [workloadName(record.workload), record])); // the last of each, where the first was
  const data = format === 'bencher' ? bencherMetrics([...last]) : githubEntries([...last]);
  return [{ name: `${format}.json`, text: `${JSON.stringify(data, undefined, 2)}\n` }];
}

interface BencherMetric {
  readonly value: number;
  readonly lower_value?: number;
  readonly upper_value?: number;
}

type Entries = readonly (readonly [string, BenchRecord])[];

/** Bencher's metric format (bencher.dev/docs/reference/bencher-metric-format): `latency` is in nanoseconds there; the values below and above are shares of 5 % and 95 % of the samples. */
function bencherMetrics(entries: Entries): Record<string, Record<string, BencherMetric>> {
  return Object.fromEntries(entries.map(([name, { samples, counts }]) => {
    const { middle, low, high } = summary(samples, 1e6);
    const counted = countNames.flatMap((count) => (counts[count] === undefined ? [] : [[kebab(count), { value: counts[count] }] as const]));
    return [name.slice(0, 1024), { latency: { value: middle, lower_value: low, upper_value: high }, ...Object.fromEntries(counted) }];
  }));
}

interface GithubEntry {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly range?: string;
  readonly extra?: string;
}

/** What github-action-benchmark reads with `tool: customSmallerIsBetter`. */
function githubEntries(entries: Entries): GithubEntry[] {
  return entries.flatMap(([name, { samples, counts, environment, commit }]) => {
    const { middle, low, high } = summary(samples, 1);
    const extra = [`${samples.length} samples`, environment.device ?? environment.cpu, ...(commit === undefined ? [] : [`commit ${commit.slice(0, 10)}`])].join('\n');
    const counted = countNames.flatMap((count) => (counts[count] === undefined ? [] : [{ name: `${name}: ${kebab(count)}`, unit: count === 'launches' || count === 'instructions' ? count : 'bytes', value: counts[count] }]));
    return [{ name, unit: 'ms', value: middle, range: `± ${Number(((high - low) / 2).toPrecision(3))}`, extra }, ...counted];
  });
}

/**
 * For Otava: CSV with a column of times, one of commits, one of milliseconds, and one of each count that all runs have. One table for each workload, because Otava refuses a cell without a number, which a
 * common table has wherever a run did not time everything. Times are to grow in it: rows are ordered.
 */
function otavaFiles(records: readonly BenchRecord[]): ExportedFiles {
  const names = [...new Set(records.map(({ workload }) => workloadName(workload)))];
  const tables = names.map((name, k) => {
    const runs = records.filter(({ workload }) => workloadName(workload) === name).toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
    const counts = countNames.filter((count) => runs.every((run) => run.counts[count] !== undefined));
    const test = `${String(k + 1).padStart(String(names.length).length, '0')}-${name.replaceAll(/[^A-Za-z0-9.]+/g, '-').slice(0, 100)}`;
    const rows = runs.map(({ date, commit = '', samples, counts: own }) => [date, commit, String(median(samples)), ...counts.map((count) => String(own[count]))]);
    return { test, metrics: ['milliseconds', ...counts.map(kebab)], rows };
  });
  const tests = Object.fromEntries(tables.map(({ test, metrics }) => [test, {
    type: 'csv', file: `${test}.csv`, time_column: 'time', attributes: ['commit'], csv_options: { delimiter: ',', quote_char: '"' },
    metrics: Object.fromEntries(metrics.map((column) => [column, { column, direction: -1, scale: 1 }])), // −1: smaller is better
  }]));
  return [
    ...tables.map(({ test, metrics, rows }) => ({ name: `${test}.csv`, text: [['time', 'commit', ...metrics], ...rows].map((cells) => `${cells.join(',')}\n`).join('') })),
    { name: 'otava.yaml', text: `${JSON.stringify({ tests }, undefined, 2)}\n` }, // JSON is YAML
  ];
}

function summary(samples: readonly number[], scale: number): { readonly middle: number; readonly low: number; readonly high: number } {
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number): number => Number((quantile(sorted, share) * scale).toPrecision(6));
  return { middle: at(0.5), low: at(0.05), high: at(0.95) };
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
