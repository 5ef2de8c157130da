/** One counterexample file, judged again on a kernel: several times, because one that fails now and then may hold once. */
import { PlumblineError, suggest } from '../errors.ts';
import { operations } from '../operations/index.ts';
import type { Target } from '../targets/kernel.ts';
import { costlyOutcomes, TargetUnusable } from '../targets/outcome.ts';
import { resolveKernel, type ResolvedKernel } from '../targets/resolve.ts';
import { KernelCaller } from './call.ts';
import { readCounterexample, type CounterexampleData } from './counterexample-file.ts';
import { examine, type Examination } from './examine.ts';
import type { Property } from './property.ts';
import type { Recipe } from '../generate/recipe.ts';
import { recordCounterexample } from './record.ts';
import { repeat, replays, reproductionOf, type Repeated, type Reproduction } from './repeat.ts';
import type { Counterexample } from './results.ts';
import { version } from './version.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly properties: readonly Property[];
  readonly targets: readonly Target[];
  /** Replays on this target instead of the one in the file. */
  readonly target?: string | undefined;
  readonly callTimeoutMs?: number | undefined;
  readonly failuresDir?: string | undefined;
  readonly replayCommand?: string | undefined;
  readonly replayArguments?: string | undefined;
  /** How often it is judged; default 20. An outcome that costs a process is met once. */
  readonly times?: number | undefined;
}

export interface Replay {
  /** True when the kernel still fails, if only once. */
  readonly fails: boolean;
  readonly reproduction: Reproduction;
  readonly stored: CounterexampleData;
  readonly property: Property;
  readonly target: string;
  readonly examination: Examination;
  /** What reports show, when it still fails. */
  readonly counterexample: Counterexample | undefined;
}

/** Judges the stored case again. Throws `bad-file`, `bad-usage` or `target-unavailable`. */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const stored = readCounterexample(options.file);
  const property = options.properties.find(({ id }) => id === stored.property);
  if (property === undefined) {
    throw new PlumblineError('bad-file', `'${options.file}' is about property '${stored.property}', which does not exist here.`, suggest(stored.property, options.properties.map(({ id }) => id)));
  }
  const name = options.target ?? stored.target;
  const target = options.targets.find((candidate) => candidate.name === name);
  if (target === undefined) {
    const names = options.targets.map((candidate) => candidate.name);
    throw new PlumblineError('bad-usage', `There is no target '${name}'.`, `${suggest(name, names)} A kernel of your own needs --config or its file.`);
  }
  const availability = await target.open();
  if (availability.status === 'unavailable') throw new PlumblineError('target-unavailable', `Target '${name}': ${availability.reason}`, availability.remedy);
  try {
    const declaration = target.kernels()[property.operation];
    if (declaration === undefined) throw new PlumblineError('bad-usage', `Target '${name}' has no kernel for '${property.operation}'.`, 'Choose another with --target.');
    const kernel = resolveKernel(operations[property.operation], declaration, `${name}.kernels.${property.operation}`);
    const caller = new KernelCaller(kernel, declaration.run, options.callTimeoutMs ?? 10_000, declaration.remote);
    const { examination, reproduction } = await repeated(property, kernel, stored.recipe, caller, name, options.times ?? replays);
    const shrunk = { recipe: stored.recipe, examination, kernelCalls: examination.calls, stopped: undefined, reproduction };
    const record = {
      target: name, failuresDir: options.failuresDir ?? '.plumbline/failures', plumbline: version,
      replayCommand: options.replayCommand ?? 'plumbline', replayArguments: options.replayArguments ?? '',
    };
    const counterexample = examination.held ? undefined : recordCounterexample(property, kernel, shrunk, stored.seed, record);
    return { fails: reproduction.failed > 0, reproduction, stored, property, target: name, examination, counterexample };
  } finally {
    await target.close();
  }
}

async function repeated(property: Property, kernel: ResolvedKernel, recipe: Recipe, caller: KernelCaller, target: string, times: number): Promise<Repeated> {
  try {
    const first = await examine(property, kernel, recipe, caller);
    if (costlyOutcomes.includes(first.outcome)) return { reproduction: reproductionOf(1, 1), examination: first };
    return await repeat(property, kernel, recipe, caller, times, () => false, first);
  } catch (error) {
    if (!(error instanceof TargetUnusable)) throw error;
    throw new PlumblineError('target-unavailable', `Target '${target}': ${error.message}`, error.remedy, { cause: error });
  }
}
