/** A failure judged again, made small, and written down. */
import { rmSync } from 'node:fs';

import type { Recipe } from '../generate/recipe.ts';
import { costlyOutcomes, TargetUnusable } from '../targets/outcome.ts';
import type { KernelCaller } from './call.ts';
import { examine, type Examination } from './examine.ts';
import type { Property, ResolvedKernel } from './property.ts';
import { whatMatters } from './matters.ts';
import { recordCounterexample } from './record.ts';
import { repeat, replays, type Repeated, type Reproduction } from './repeat.ts';
import type { Counterexample } from './results.ts';
import type { PropertyRun } from './run-property.ts';
import { shrink, type Shrunk } from './shrink/shrink.ts';

export interface Failure {
  readonly recipe: Recipe;
  readonly examination: Examination;
}

/**
 * Shrinks a failure and saves the counterexample. One that cost the kernel's process is saved as it was found before it is tried again, because the next try may cost
 * more than a process; and it is tried again for a limited time only, because each try costs a start or the whole time limit.
 */
export async function minimise({ recipe, examination }: Failure, caller: KernelCaller, seed: number, options: PropertyRun): Promise<{ shrunk: Shrunk; counterexample: Counterexample }> {
  const { property, kernel, target, costlyShrinkMs, onEvent } = options;
  const costly = costlyOutcomes.includes(examination.outcome);
  const asFound = costly ? recordCounterexample(property, kernel, { recipe, examination, kernelCalls: 0, stopped: undefined }, seed, options) : undefined;
  const deadline = costly ? performance.now() + costlyShrinkMs : Infinity;
  const stopped = (): string | undefined => {
    if (options.stopped()) return 'the run was to end';
    return performance.now() > deadline ? `${costlyShrinkMs / 1000} s were over, and each call that ends as ${examination.outcome} costs a process` : undefined;
  };
  const onStep = (kernelCalls: number, problems: number): void => onEvent({ type: 'shrinking', target, property: property.id, kernelCalls, problems });
  const again = (small: Recipe): Promise<Repeated | undefined> => unlessGone(() => repeat(property, kernel, small, caller, replays, options.stopped));
  const repeatable = !costly && options.shrinkBudget > 0;
  const flaky = repeatable && !(await failsAgain(property, kernel, recipe, caller)) ? (await again(recipe))?.reproduction : undefined;
  const gone = flaky?.failed === 0; // there is nothing to shrink
  const tries = triesFor(flaky);
  const shrunk = gone
    ? { recipe, examination, kernelCalls: 0, stopped: `it did not fail again in ${flaky.replays} replays` }
    : await shrink(property, kernel, recipe, examination, caller, options.shrinkBudget * Math.min(tries, 5), onStep, stopped, tries);
  const reproduction = gone ? flaky : repeatable ? (await again(shrunk.recipe))?.reproduction : undefined;
  // what changes from call to call says nothing about what was changed in its inputs
  const steady = reproduction !== undefined && reproduction.failed === reproduction.replays && reproduction.spread === undefined;
  const matters = steady ? await unlessGone(() => whatMatters(property, kernel, shrunk.recipe, shrunk.examination, caller, options.stopped)) : undefined;
  const counterexample = recordCounterexample(property, kernel, { ...shrunk, reproduction, matters }, seed, options);
  if (asFound !== undefined && asFound.file !== counterexample.file) rmSync(asFound.file, { force: true });
  return { shrunk, counterexample };
}

/** Three times out of three. */
async function failsAgain(property: Property, kernel: ResolvedKernel, recipe: Recipe, caller: KernelCaller): Promise<boolean> {
  for (let k = 0; k < 3; k++) {
    const again = await unlessGone(() => examine(property, kernel, recipe, caller));
    if (again?.held === true) return false;
  }
  return true;
}

/** So many that a case that fails as often as it was seen to is missed by all of them once in twenty. */
function triesFor(flaky: Reproduction | undefined): number {
  if (flaky === undefined || flaky.failed === 0 || flaky.failed === flaky.replays) return 1;
  return Math.min(replays, Math.ceil(Math.log(0.05) / Math.log(1 - flaky.failed / flaky.replays)));
}

/** Undefined when the target cannot be used any more: what was found is not lost. */
async function unlessGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TargetUnusable) return undefined;
    throw error;
  }
}
