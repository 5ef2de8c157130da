/** A failure in a campaign: made small, written down, and told once for each property, outcome and place. */
import type { Recipe } from '../generate/recipe.ts';
import { minimise, type Failure } from '../verify/minimise.ts';
import { literalRecipe, problemsOf, sharedOf } from '../verify/shrink/literal.ts';
import type { Examination } from '../verify/examine.ts';
import type { PropertyResult } from '../verify/results.ts';
import { costlyShrinkMs, shrinkBudget } from '../verify/effort.ts';
import { version } from '../verify/version.ts';
import type { Arm } from './arm.ts';

export interface FailureOptions {
  readonly failuresDir: string;
  readonly replayCommand: string;
  readonly replayArguments: string;
  readonly callTimeoutMs: number;
  readonly runSeed: number;
  readonly stopped: () => boolean;
}

/** Where a failure shows: outcome, what was compared, and the place in the token. */
export function placeOf({ outcome, message }: Pick<Examination, 'outcome' | 'message'>): string {
  return `${outcome} ${message}`;
}

/** The failing case as values, so that it is the same whatever made it. */
export function literalOf(arm: Arm, recipe: Recipe, examination: Examination): Recipe {
  const { inputs, sizes } = examination.case;
  const operation = arm.kernel.operation as never;
  const { tokens: _tokens, ...rest } = recipe;
  return literalRecipe({ ...rest, sizes }, operation, problemsOf(operation, inputs, sizes), sharedOf(operation, inputs), sizes);
}

/** Shrinks and records a failure, and returns the claim's result. */
export async function recorded(arm: Arm, failure: Failure, options: FailureOptions): Promise<PropertyResult> {
  const { property, kernel, target, declaration } = arm;
  const started = performance.now();
  const { shrunk, counterexample } = await minimise(failure, arm.caller, arm.seed, {
    property, kernel, declaration, target, ...options,
    effort: 'thorough', runs: undefined, shrinkBudget, costlyShrinkMs, plumbline: version, onEvent: () => undefined,
  });
  const worst = shrunk.examination.judgement?.worst;
  return {
    target, operation: property.operation, property: property.id, claim: property.claim, class: property.class, seed: arm.seed,
    status: 'failed', reason: `${shrunk.examination.outcome}: ${shrunk.examination.message}`,
    cases: arm.cases, problems: arm.problems, margin: Math.max(arm.margin, worst?.margin ?? 0), worst: worst ?? arm.worst,
    durationMs: arm.spent + performance.now() - started, counterexample,
  };
}
