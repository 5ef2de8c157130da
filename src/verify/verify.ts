/** A whole run: targets opened one after the other, each planned property run, events on the way, a report at the end. */
import { PlumblineError } from '../errors.ts';
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { KernelDeclaration, Target, TargetNote } from '../targets/kernel.ts';
import { TargetUnusable } from '../targets/outcome.ts';
import { resolveKernel } from '../targets/resolve.ts';
import { canonicalText, sha256 } from './canonical.ts';
import { costlyShrinkMs, shrinkBudget } from './effort.ts';
import { exitCodeOf } from './exit-code.ts';
import { explained } from './explanations.ts';
import type { VerifyOptions } from './options.ts';
import type { Property, ResolvedKernel } from './property.ts';
import type { Explanation, PropertyResult, Report, RunEvent, TargetReport } from './results.ts';
import { propertySeed, runProperty } from './run-property.ts';
import { storedFor } from './stored.ts';
import { totalsOf } from './totals.ts';
import { version } from './version.ts';

interface Planned {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
}

/**
 * Runs every property on every target that has its operation. Never throws for what a kernel or target does; throws `PlumblineError`
 * for a declaration that is not valid.
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  const started = performance.now();
  const onEvent = options.onEvent ?? ((): void => undefined);
  const deadline = options.maxTimeMs === undefined ? Infinity : started + options.maxTimeMs;
  const stopped = (): boolean => options.signal?.aborted === true || performance.now() > deadline;
  const environment = options.environment ?? {};
  const targets: TargetReport[] = [];
  const results: PropertyResult[] = [];
  const explanations: Explanation[] = [];
  let elsewhere = 0;
  const notes = new Map<string, readonly TargetNote[]>();
  const opened = await openAll(options.targets, onEvent, targets, notes);
  try {
    const plans = opened.map((target) => ({ target, planned: planOf(target, options.properties) }));
    if (options.shard !== undefined) declare(targets, opened);
    const count = plans.reduce((sum, { planned }) => sum + planned.length, 0);
    onEvent({ type: 'run-started', seed: options.seed, effort: options.effort, planned: count, environment });
    let index = 0;
    for (const { target, planned } of plans) {
      const ofTarget: PropertyResult[] = [];
      for (const one of planned) {
        const { property } = one;
        onEvent({ type: 'property-started', target: target.name, property: property.id, index: index++, planned: count });
        const ran = stopped() ? notRun(target.name, one, options) : await runOne(target.name, one, options, stopped, onEvent);
        const result = noted(ran, notes.get(target.name) ?? []);
        if (result.part === undefined || result.part.own > 0 || result.status !== 'skipped') ofTarget.push(result);
        else elsewhere++;
        onEvent({ type: 'property-finished', result });
      }
      const { results: withWhy, explanations: found } = await explained(ofTarget, target.name, target.kernels(), options, stopped);
      results.push(...withWhy);
      explanations.push(...found);
    }
  } finally {
    for (const target of opened) await target.close();
  }
  const interrupted = options.signal?.aborted === true;
  const report: Report = {
    schemaVersion: 1,
    plumbline: version,
    seed: options.seed,
    effort: options.effort,
    environment,
    targets,
    results,
    totals: totalsOf(results),
    ...(options.explain === undefined ? {} : { explanations }),
    ...(options.shard === undefined ? {} : { shards: { count: options.shard.count, included: [options.shard.index], merged: false, elsewhere } }),
    interrupted,
    exitCode: exitCodeOf({ results, targets, required: options.required, interrupted }),
    durationMs: performance.now() - started,
  };
  onEvent({ type: 'run-finished', report });
  return report;
}

/** A failure, with what else may be at fault. */
function noted(result: PropertyResult, notes: readonly TargetNote[]): PropertyResult {
  if (result.status !== 'failed') return result;
  const own = notes.filter(({ excuses, operations: about }) => excuses && (about === undefined || about.includes(result.operation)));
  return own.length === 0 ? result : { ...result, notes: own.map(({ text }) => text) };
}

async function openAll(targets: readonly Target[], onEvent: (event: RunEvent) => void, reports: TargetReport[], notes: Map<string, readonly TargetNote[]>): Promise<Target[]> {
  const opened: Target[] = [];
  for (const target of targets) {
    const availability = await target.open();
    const unavailable = availability.status === 'unavailable';
    const own = (unavailable ? undefined : availability.notes) ?? [];
    notes.set(target.name, own);
    const report: TargetReport = {
      name: target.name,
      description: target.description,
      status: availability.status,
      reason: unavailable ? availability.reason : undefined,
      remedy: unavailable ? availability.remedy : undefined,
      about: unavailable ? undefined : availability.about,
      ...(own.length === 0 ? {} : { notes: own.map(({ text }) => text) }),
    };
    reports.push(report);
    onEvent({ type: 'target-opened', target: report });
    if (!unavailable) opened.push(target);
  }
  return opened;
}

/** Adds to the targets' reports what their kernels declare, so that shards on different kernels are told apart. */
function declare(reports: TargetReport[], opened: readonly Target[]): void {
  for (const target of opened) {
    const kernels = Object.entries(target.kernels()).map(([id, declaration]) => {
      const { operation: _, ...resolved } = resolveKernel(operations[id as OperationId], declaration, `${target.name}.kernels.${id}`);
      return [id, resolved] as const;
    });
    const at = reports.findIndex(({ name }) => name === target.name);
    reports[at] = { ...reports[at]!, declares: sha256(canonicalText(JSON.parse(JSON.stringify(Object.fromEntries(kernels))))) };
  }
}

/** The properties of one target's kernels, in the order of the properties. */
function planOf(target: Target, properties: readonly Property[]): Planned[] {
  const kernels = target.kernels();
  const resolved = new Map<string, ResolvedKernel>();
  for (const [operation, declaration] of Object.entries(kernels)) {
    resolved.set(operation, resolveKernel(operations[operation as OperationId], declaration, `${target.name}.kernels.${operation}`));
  }
  return properties.flatMap((property) => {
    const kernel = resolved.get(property.operation);
    const declaration = kernels[property.operation];
    return kernel === undefined || declaration === undefined ? [] : [{ property, kernel, declaration }];
  });
}

/** A fault of plumbline in one property must not cost the results of the others. */
async function runOne(target: string, planned: Planned, options: VerifyOptions, stopped: () => boolean, onEvent: (event: RunEvent) => void): Promise<PropertyResult> {
  try {
    return await runPlanned(target, planned, options, stopped, onEvent);
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    if (error instanceof TargetUnusable) return { ...notRun(target, planned, options), status: 'errored', reason: `${error.message}\n${error.remedy}` };
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...notRun(target, planned, options), status: 'errored', reason: 'plumbline itself failed here', fault };
  }
}

function runPlanned(target: string, planned: Planned, options: VerifyOptions, stopped: () => boolean, onEvent: (event: RunEvent) => void): Promise<PropertyResult> {
  return runProperty({
    ...planned,
    target,
    effort: options.effort,
    runs: options.runs,
    stored: storedFor(options.stored ?? [], planned.property, planned.kernel, target),
    runSeed: options.seed,
    shard: options.shard,
    shrinkBudget: options.shrink === false ? 0 : shrinkBudget,
    costlyShrinkMs: options.costlyShrinkMs ?? costlyShrinkMs,
    callTimeoutMs: options.callTimeoutMs ?? 10_000,
    failuresDir: options.failuresDir ?? '.plumbline/failures',
    plumbline: version,
    replayCommand: options.replayCommand ?? 'plumbline',
    replayArguments: options.replayArguments ?? '',
    stopped,
    onEvent,
  });
}

function notRun(target: string, { property }: Planned, options: VerifyOptions): PropertyResult {
  const why = options.signal?.aborted === true ? 'interrupted before it began' : 'time was up before it began';
  return {
    target, operation: property.operation, property: property.id, claim: property.claim, class: property.class,
    status: 'skipped', reason: why, seed: propertySeed(options.seed, property.id),
    cases: 0, problems: 0, margin: 0, worst: undefined, durationMs: 0, counterexample: undefined,
  };
}
