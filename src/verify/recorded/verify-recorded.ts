/** A whole run over recordings: the counterpart of `verify.ts` where there is no kernel to call. Events, report and exit code are the same. */
import { PlumblineError } from '../../errors.ts';
import { operations } from '../../operations/index.ts';
import type { Recording } from '../../targets/dump/dump.ts';
import { resolveKernel } from '../../targets/resolve.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { VerifyOptions } from '../options.ts';
import type { Property } from '../property.ts';
import type { PropertyResult, Report, TargetReport } from '../results.ts';
import { propertySeed } from '../run-property.ts';
import { totalsOf } from '../totals.ts';
import { version } from '../version.ts';
import { runRecorded } from './run-recorded.ts';

export interface VerifyRecordedOptions extends Omit<VerifyOptions, 'targets' | 'runs' | 'callTimeoutMs' | 'shrink' | 'required'> {
  readonly recordings: readonly Recording[];
}

/** Judges every recording by every property of its operations. Throws `bad-file` when a file is not what it was when it was opened. */
export async function verifyRecorded(options: VerifyRecordedOptions): Promise<Report> {
  const started = performance.now();
  const onEvent = options.onEvent ?? ((): void => undefined);
  const deadline = options.maxTimeMs === undefined ? Infinity : started + options.maxTimeMs;
  const stopped = (): boolean => options.signal?.aborted === true || performance.now() > deadline;
  const environment = options.environment ?? {};
  const targets = options.recordings.map(({ name, description }): TargetReport => ({ name, description, status: 'available', reason: undefined, remedy: undefined }));
  for (const target of targets) onEvent({ type: 'target-opened', target });
  const planned = options.recordings.flatMap((recording) => options.properties.filter(({ operation }) => Object.hasOwn(recording.kernels, operation)).map((property) => ({ recording, property })));
  onEvent({ type: 'run-started', seed: options.seed, effort: options.effort, planned: planned.length, environment });
  const results: PropertyResult[] = [];
  for (const [index, { recording, property }] of planned.entries()) {
    onEvent({ type: 'property-started', target: recording.name, property: property.id, index, planned: planned.length });
    const result = await runOne(recording, property, options, stopped);
    results.push(result);
    onEvent({ type: 'property-finished', result });
  }
  const interrupted = options.signal?.aborted === true;
  const report: Report = {
    schemaVersion: 1, plumbline: version, seed: options.seed, effort: options.effort, environment, targets, results,
    totals: totalsOf(results), interrupted, exitCode: exitCodeOf({ results, targets, interrupted }), durationMs: performance.now() - started,
  };
  onEvent({ type: 'run-finished', report });
  return report;
}

/** A fault of plumbline in one property must not cost the results of the others. */
async function runOne({ name, kernels, cases }: Recording, property: Property, options: VerifyRecordedOptions, stopped: () => boolean): Promise<PropertyResult> {
  const operation = operations[property.operation];
  try {
    return await runRecorded({
      property,
      kernel: resolveKernel(operation, kernels[property.operation]!, `${name}.${property.operation}`),
      cases: cases.filter((recorded) => recorded.operation === property.operation),
      target: name,
      runSeed: options.seed,
      failuresDir: options.failuresDir ?? '.plumbline/failures',
      plumbline: version,
      replayCommand: options.replayCommand ?? 'plumbline',
      replayArguments: options.replayArguments ?? '',
      stopped,
      onEvent: options.onEvent ?? ((): void => undefined),
    });
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    return {
      target: name, operation: property.operation, property: property.id, claim: property.claim, class: property.class,
      status: 'errored', reason: 'plumbline itself failed here', seed: propertySeed(options.seed, property.id),
      cases: 0, problems: 0, margin: 0, worst: undefined, durationMs: 0, counterexample: undefined,
      fault: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
