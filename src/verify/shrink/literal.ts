/** Recipes by value: what the shrinker works on once a case is down to few numbers. */
import type { Recipe } from '../../generate/recipe.ts';
import { lengthOf, sourcesOf } from '../../operations/dims.ts';
import { elementsPerToken, isShared, type Operation, type Sizes, type Values } from '../../operations/operation.ts';

/** One token's inputs, by port; or what all tokens share. */
export type Problem = Readonly<Record<string, readonly number[]>>;

/** The tokens of some inputs, one problem each. */
export function problemsOf(operation: Operation, inputs: Values, sizes: Sizes): Problem[] {
  return Array.from({ length: sizes.tokens }, (_, token) =>
    Object.fromEntries(
      operation.inputs.filter((port) => !isShared(port)).map((port) => {
        const per = elementsPerToken(port, sizes);
        return [port.name, Array.from(inputs[port.name]!.subarray(token * per, (token + 1) * per))];
      }),
    ),
  );
}

/** The inputs that all tokens share. */
export function sharedOf(operation: Operation, inputs: Values): Problem {
  return Object.fromEntries(operation.inputs.filter(isShared).map((port) => [port.name, Array.from(inputs[port.name]!)]));
}

/** A recipe that stands for exactly these problems. */
export function literalRecipe(recipe: Recipe, operation: Operation, problems: readonly Problem[], shared: Problem, sizes: Sizes): Recipe {
  const values = Object.fromEntries(operation.inputs.map((port) => [port.name, shared[port.name]?.slice() ?? problems.flatMap((problem) => problem[port.name]!)]));
  const { tokens: _tokens, ...rest } = recipe;
  return { ...rest, sizes: { ...sizes, tokens: problems.length }, values };
}

/** How much there is to read in a problem: non-zero numbers first, then their digits. Smaller is simpler. */
export function complexity(problem: Problem): number {
  let nonZero = 0;
  let digits = 0;
  for (const numbers of Object.values(problem)) {
    for (const number of numbers) {
      if (Object.is(number, 0)) continue;
      nonZero++;
      digits += String(number).length;
    }
  }
  return nonZero * 64 + digits;
}

/** Keeps chosen indices of one dimension in every port of a problem that depends on it. */
export function select(operation: Operation, problem: Problem, sizes: Sizes, dim: 'streams' | 'channels' | 'depth', kept: readonly number[]): Problem {
  return Object.fromEntries(
    operation.inputs
      .filter((port) => Object.hasOwn(problem, port.name))
      .map((port) => {
        const dims = isShared(port) ? port.dims : port.dims.slice(1);
        const shape = dims.map((name) => lengthOf(name, sizes));
        return [port.name, pick(problem[port.name]!, shape, dims.map((name) => sourcesOf(name, sizes, dim, kept)))];
      }),
  );
}

function pick(numbers: readonly number[], shape: readonly number[], choices: readonly (readonly number[])[]): number[] {
  let offsets = [0];
  for (let k = 0; k < shape.length; k++) offsets = offsets.flatMap((offset) => choices[k]!.map((index) => offset * shape[k]! + index));
  return offsets.map((offset) => numbers[offset]!);
}
