/** Runs properties on kernels the way the engine does, on the recipes that every run starts with. */
import { firstRecipes } from '../../../src/generate/first-recipes.ts';
import { operations } from '../../../src/operations/index.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { KernelCaller } from '../../../src/verify/call.ts';
import { examine } from '../../../src/verify/examine.ts';
import type { Worst } from '../../../src/verify/judge.ts';
import type { Property } from '../../../src/verify/property.ts';

export interface Tried {
  readonly held: boolean;
  /** Why the claim is not about this kernel. */
  readonly unsupported: string | undefined;
  readonly judged: number;
  readonly margin: number;
  readonly message: string;
  readonly worst: Worst | undefined;
}

/** One property on one kernel: up to `cases` of the first recipes, tokens limited by `maxElements`; stops at the first violation. */
export async function tryProperty(property: Property, declaration: KernelDeclaration, cases = Infinity, maxElements = 4096, seed = 1): Promise<Tried> {
  const operation = operations[property.operation];
  const kernel = resolveKernel(operation, declaration, 'kernel under test');
  const unsupported = property.notApplicable?.(kernel);
  let result: Tried = { held: true, unsupported, judged: 0, margin: 0, message: '', worst: undefined };
  if (unsupported !== undefined) return result;
  const caller = new KernelCaller(kernel, declaration.run, 10_000);
  const recipes = firstRecipes(operation, property.inputs, seed, { streams: kernel.streams, maxElements });
  for (const recipe of recipes.slice(0, cases)) {
    const { held, judged, message, judgement } = await examine(property, kernel, recipe, caller);
    const margin = Math.max(result.margin, judgement?.worst?.margin ?? 0);
    result = { held, unsupported, judged: result.judged + judged, margin, message, worst: judgement?.worst };
    if (!held) return result;
  }
  return result;
}
