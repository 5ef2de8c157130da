/**
 * `plumbline/vitest`: a target as ordinary tests, one for each property, so that kernels are verified where the other tests run. vitest is a peer: whoever imports this file has it.
 */
import { afterAll, describe, test } from 'vitest';

import { properties as builtInProperties } from '../properties/index.ts';
import { shellQuoted } from './cli/invocation.ts';
import { loadConfig } from './config/load.ts';
import { isWorker } from './config/schema.ts';
import { operations } from './operations/index.ts';
import type { OperationId } from './operations/operation.ts';
import { formatFailure } from './report/failure.ts';
import { createStyle } from './report/style.ts';
import { inProcess } from './targets/in-process.ts';
import type { Target, TargetDeclaration } from './targets/kernel.ts';
import { resolveKernel } from './targets/resolve.ts';
import { workerTarget, type WorkerDeclaration } from './targets/worker/target.ts';
import type { Property } from './verify/property.ts';
import type { Effort } from './verify/results.ts';
import { verify } from './verify/verify.ts';
import { version } from './verify/version.ts';

export interface VitestOptions {
  /** What the target is called; default: the target's own name, the file's, else `kernels`. */
  readonly name?: string;
  /** Default `quick`. */
  readonly effort?: Effort;
  /** Default: drawn for each run, and part of every failure. */
  readonly seed?: number;
  /** Cases per property. Default: the effort's number. */
  readonly runs?: number;
  /** The properties that become tests; default: all that plumbline has. */
  readonly properties?: readonly Property[];
  /** Interpreter of .py files. Default: $PLUMBLINE_PYTHON, else python3. */
  readonly python?: string;
  /** Time for one property, in milliseconds. Default 5 minutes. */
  readonly timeoutMs?: number;
  /** A kernel call that takes longer has timed out. Default 10 s. */
  readonly callTimeoutMs?: number;
  readonly failuresDir?: string;
}

/**
 * Declares a `describe` block for a target, a declaration `{ kernels }`, a worker, or a file of kernels. Await it at the top of a test file: kernels of other processes are known when
 * they have started. A property that does not hold fails its test with the failing window and the line to replay it; one that is not about the kernel is skipped, with the reason.
 * A target that cannot run fails one test that says why.
 */
export async function verifyInVitest(subject: string | Target | TargetDeclaration | WorkerDeclaration, options: VitestOptions = {}): Promise<void> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  for (const { target, replayArguments } of await targetsOf(subject, options)) {
    const availability = await target.open();
    if (availability.status === 'unavailable') {
      test(`${target.name} can run`, () => {
        throw new Error(`${availability.reason}\n${availability.remedy}`);
      });
      continue;
    }
    const kernels = target.kernels();
    for (const [id, declaration] of Object.entries(kernels)) resolveKernel(operations[id as OperationId], declaration, `${target.name}.kernels.${id}`);
    const chosen = (options.properties ?? builtInProperties).filter(({ operation }) => Object.hasOwn(kernels, operation));
    // opened once, not for every property: a worker imports its framework when it starts
    const opened: Target = { name: target.name, description: target.description, open: () => Promise.resolve({ status: 'available' }), kernels: () => kernels, close: () => Promise.resolve() };
    describe(target.name, () => {
      afterAll(() => target.close());
      for (const property of chosen) declare(property, opened, seed, replayArguments, options);
    });
  }
}

function declare(property: Property, target: Target, seed: number, replayArguments: string, options: VitestOptions): void {
  test(property.id, { timeout: options.timeoutMs ?? 300_000 }, async ({ skip, signal }) => {
    const { results } = await verify({
      targets: [target], properties: [property], effort: options.effort ?? 'quick', seed, runs: options.runs, callTimeoutMs: options.callTimeoutMs,
      failuresDir: options.failuresDir, replayCommand: 'npx plumbline', replayArguments, signal,
    });
    const result = results[0]!;
    if (result.status === 'unsupported') skip(result.reason);
    if (result.status !== 'passed') throw new Error(`${formatFailure(result, createStyle(false))}\n  seed      ${seed}${result.fault === undefined ? '' : `\n${result.fault}`}`);
  });
}

async function targetsOf(subject: string | Target | TargetDeclaration | WorkerDeclaration, { name, python }: VitestOptions): Promise<{ target: Target; replayArguments: string }[]> {
  if (typeof subject !== 'string') return [{ target: asTarget(name, subject), replayArguments: '' }];
  const { targets = {} } = await loadConfig(subject, python);
  const replayArguments = `--config ${shellQuoted(subject)}${python === undefined ? '' : ` --python ${shellQuoted(python)}`}`;
  return Object.entries(targets).map(([own, declaration]) => ({ target: asTarget(own, declaration), replayArguments }));
}

function asTarget(name: string | undefined, subject: Target | TargetDeclaration | WorkerDeclaration): Target {
  if (isTarget(subject)) return subject;
  return isWorker(subject) ? workerTarget(name ?? 'worker', subject, version) : inProcess(name ?? 'kernels', subject);
}

/** A declaration lists its kernels, a target is asked for them. */
function isTarget(subject: Target | TargetDeclaration | WorkerDeclaration): subject is Target {
  return 'kernels' in subject && typeof subject.kernels === 'function';
}
