/** One property on one recipe on one kernel: the step that planning, shrinking and replaying share. */
import { expand } from '../generate/expand.ts';
import type { Recipe } from '../generate/recipe.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Values } from '../operations/operation.ts';
import type { Caller } from './call.ts';
import { Case } from './context.ts';
import type { Judgement } from './judge.ts';
import { OutcomeError, type OutcomeName } from '../targets/outcome.ts';
import type { Property, ResolvedKernel } from './property.ts';

/** Margins this near to 1 are decided in double-double: the f64 reference's error is in the bound, and could hide or fake a violation. */
const borderline = { from: 0.9, to: 1.1 };
/** A margin that is not exact is never a borderline one. */
export const mostIndifferent = 0.875;

export interface Examination {
  readonly held: boolean;
  readonly outcome: OutcomeName;
  readonly message: string;
  readonly judgement: Judgement | undefined;
  /** Tokens that a claim was made about. */
  readonly judged: number;
  readonly case: Case;
  /** What the kernel returned last in this examination. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Kernel calls that it took. */
  readonly calls: number;
}

/** Checks one case. Never throws for what the kernel does. */
export async function examine(property: Property, kernel: ResolvedKernel, recipe: Recipe, caller: Caller): Promise<Examination> {
  return examineInputs(property, kernel, recipe, expand(recipe, kernel.operation, property.inputs), caller);
}

/**
 * The same for inputs that come from elsewhere; of the recipe only the sizes and the seed count. Margins up to `wished` may be told larger than they are, which costs less; verdicts and margins above
 * it are the same. At most `mostIndifferent`.
 */
export async function examineInputs(property: Property, kernel: ResolvedKernel, recipe: Recipe, inputs: Values, caller: Caller, wished = 0): Promise<Examination> {
  const indifferent = Math.min(wished, mostIndifferent);
  const first = await judged(property, new Case(property, kernel, recipe, inputs, caller, 'none', indifferent), caller);
  const margin = first.judgement?.worst?.margin ?? 0;
  if (!property.usesReference || !(margin >= borderline.from && margin <= borderline.to)) return first;
  // a token whose margin is of no interest has no borderline one
  const precise = indifferent > 0 ? Uint8Array.from(first.judgement!.margins, (its) => (its > indifferent ? 1 : 0)) : 'all';
  return judged(property, new Case(property, kernel, recipe, inputs, caller, precise, indifferent, first.case), caller);
}

async function judged(property: Property, subject: Case, caller: Caller): Promise<Examination> {
  caller.begin();
  const before = caller.calls;
  const made = (): { outputs: Examination['outputs']; calls: number } => ({ outputs: caller.lastOutputs, calls: caller.calls - before });
  try {
    const judgement = await property.check(subject);
    let held = true;
    let count = 0;
    for (const margin of judgement.margins) {
      if (!(margin <= 1)) held = false;
      if (margin !== -1) count++;
    }
    const worst = judgement.worst;
    const outcome: OutcomeName = held ? 'ok' : worst !== undefined && Number.isNaN(worst.measured) ? 'non-finite' : 'wrong-values';
    return { held, outcome, message: held || worst === undefined ? '' : worst.what, judgement, judged: count, case: subject, ...made() };
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    return { held: false, outcome: error.outcome, message: error.message, judgement: undefined, judged: subject.sizes.tokens, case: subject, ...made() };
  }
}
