/** A bench as records of a history. Only kernels that were timed by themselves: beside a baseline, one code's times depend on the other's. */
import { operations } from '../../operations/index.ts';
import type { BenchReport, WorkloadResult } from '../results.ts';
import type { Commit } from './commit.ts';
import { hashOf, schemaVersion, type BenchRecord, type Environment } from './record.ts';

export interface RecordFacts {
  readonly environment: Environment;
  readonly commit: Commit | undefined;
  readonly date: Date;
  /** Of the file that declares a target's kernels. */
  readonly kernelHashOf?: ((target: string) => string | undefined) | undefined;
  readonly bundleBytes?: number | undefined;
}

export function benchRecords(report: BenchReport, { environment, commit, date, kernelHashOf, bundleBytes }: RecordFacts): BenchRecord[] {
  return report.results.flatMap((result): BenchRecord[] => {
    const { times, target, counts } = result;
    if (result.status !== 'timed' || times === undefined || target === undefined) return [];
    const { device, driver } = report.targets.find(({ name }) => name === target)?.about ?? {};
    const kernelHash = kernelHashOf?.(target);
    const { launches, instructions, kernelBytes } = counts;
    return [{
      schemaVersion,
      kind: 'bench',
      workload: workloadOf(result, target),
      samples: times.samples.map(short),
      order: 'time',
      clock: result.clock ?? 'calls',
      counts: defined({ launches, bytesMoved: result.bytesMoved, instructions, allocations: result.allocated, kernelBytes, bundleBytes }),
      environment: { ...environment, ...defined({ device: textOf(device), driver: textOf(driver) }) },
      ...commit,
      ...defined({ kernelHash }),
      seed: report.seed,
      date: date.toISOString(),
    }];
  });
}

function workloadOf({ operation, sizes, dtype, dialect, cache }: WorkloadResult, target: string): BenchRecord['workload'] {
  const own = Object.fromEntries(operations[operation].dims.map((name) => [name, sizes[name]]));
  const named = dialect === undefined || typeof dialect === 'string' ? dialect : hashOf(JSON.stringify(Object.entries(dialect).sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 16);
  return { operation, target, sizes: own, ...defined({ dtype, dialect: named }), cache };
}

/** Six digits, of which the clock gives fewer: what is added to a repository after every run is kept small. */
function short(ms: number): number {
  return Number(ms.toPrecision(6));
}

function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value).slice(0, 500);
}

/** Without the fields that are undefined, which are no fields in JSON. */
function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
