/** A whole bench: targets opened, their kernels verified, each workload timed by itself or beside its baseline, a report at the end. */
import type { Target } from '../targets/kernel.ts';
import type { TargetReport } from '../verify/results.ts';
import { version } from '../verify/version.ts';
import { BenchRun } from './bench-run.ts';
import { benchExitCode } from './exit-code.ts';
import { usualCallMs, usualMemoryBytes, type BenchOptions } from './options.ts';
import { described, planOf, type OpenTarget } from './plan.ts';
import type { BenchReport, WorkloadResult } from './results.ts';

type Event = NonNullable<BenchOptions['onEvent']>;

/** Never throws for what a kernel or target does; throws `PlumblineError` for a declaration that is not valid. */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const started = performance.now();
  const onEvent: Event = options.onEvent ?? ((): void => undefined);
  const budget = { memoryBytes: options.memoryBytes ?? usualMemoryBytes, callMs: options.callMs ?? usualCallMs };
  const opened: Target[] = [];
  const targets: TargetReport[] = [];
  const results: WorkloadResult[] = [];
  let unserved = 0;
  const add = (result: WorkloadResult): void => {
    results.push(result);
    onEvent({ type: 'workload-finished', result });
  };
  try {
    const available = await openAll(options.targets, opened, targets, onEvent);
    const { plans, unserved: left } = planOf(available, options.workloads);
    for (const { workload, reason } of left) {
      if (workload.origin === 'built-in') unserved++;
      else add({ ...described(workload, options.cache ?? 'warm'), status: 'unserved', reason, remedy: 'Declare a kernel for it in a target, choose other targets, or take the workload out of bench.workloads.' });
    }
    const run = new BenchRun(options, budget, plans.length, started, onEvent, add, opened);
    for (const open of available) await run.target(open, plans.filter(({ candidate }) => candidate.target === open.target));
  } finally {
    for (const target of opened) await target.close();
  }
  const interrupted = options.signal?.aborted === true;
  return {
    schemaVersion: 1,
    kind: 'bench',
    plumbline: version,
    seed: options.seed,
    environment: options.environment ?? {},
    against: options.against?.label,
    budget,
    targets,
    results,
    unserved,
    interrupted,
    exitCode: benchExitCode({ results, targets, required: options.required ?? [], interrupted, allowInconclusive: options.allowInconclusive === true }),
    durationMs: performance.now() - started,
  };
}

async function openAll(targets: readonly Target[], opened: Target[], reports: TargetReport[], onEvent: Event): Promise<OpenTarget[]> {
  const available: OpenTarget[] = [];
  for (const target of targets) {
    const said = await target.open();
    const unavailable = said.status === 'unavailable' ? said : undefined;
    const about = said.status === 'available' ? said.about : undefined;
    const report: TargetReport = { name: target.name, description: target.description, status: said.status, reason: unavailable?.reason, remedy: unavailable?.remedy, about };
    reports.push(report);
    onEvent({ type: 'target-opened', target: report });
    if (unavailable !== undefined) continue;
    opened.push(target);
    available.push({ target, about });
  }
  return available;
}
