/** A failure made small and written down. */
import { rmSync } from 'node:fs';

import type { Recipe } from '../generate/recipe.ts';
import { costlyOutcomes } from '../targets/outcome.ts';
import type { KernelCaller } from './call.ts';
import type { Examination } from './examine.ts';
import { recordCounterexample } from './record.ts';
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
  const shrunk = await shrink(property, kernel, recipe, examination, caller, options.shrinkBudget, onStep, stopped);
  const counterexample = recordCounterexample(property, kernel, shrunk, seed, options);
  if (asFound !== undefined && asFound.file !== counterexample.file) rmSync(asFound.file, { force: true });
  return { shrunk, counterexample };
}
