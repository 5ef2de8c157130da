/** Stored counterexamples: cases by value that a run tries before it draws any, so that a fault that was found once is found again at once. */
import { familyKinds } from '../generate/choices.ts';
import { recipeSizes, type Recipe } from '../generate/recipe.ts';
import { elementsOf, type Operation, type Values } from '../operations/operation.ts';
import { valuesOf } from '../tensor/tensor.ts';
import type { CounterexampleData } from './counterexample-file.ts';
import type { Property, ResolvedKernel } from './property.ts';

/** A stored case as a check takes it: the inputs are the tensors of the file, whatever generators have become. */
export interface StoredCase {
  readonly recipe: Recipe;
  readonly inputs: Values;
}

/** Whether a claim is about any finite input, or finds out itself which it is about. */
export function takesAnyInput({ inputs, recorded }: Property): boolean {
  return recorded ?? familyKinds.every((kind) => inputs[kind] === undefined);
}

/**
 * The stored cases that say something about a claim and a kernel, in their order. A case of a claim about certain families is asked of its own target alone: shrinking may have left the
 * families, and another kernel would be blamed for it.
 */
export function storedFor(all: readonly CounterexampleData[], property: Property, kernel: ResolvedKernel, target: string): StoredCase[] {
  const operation = kernel.operation as unknown as Operation;
  return all.flatMap((data) => {
    const sizes = recipeSizes(data.recipe);
    if (data.property !== property.id || data.operation !== operation.id || !(takesAnyInput(property) || data.target === target)) return [];
    if (!kernel.streams.includes(sizes.streams) || property.inputs.streamCounts?.includes(sizes.streams) === false) return [];
    if (!operation.inputs.every((port) => data.inputs[port.name]?.data.length === elementsOf(port, sizes))) return [];
    const inputs = Object.fromEntries(operation.inputs.map(({ name }) => [name, valuesOf(data.inputs[name]!)]));
    const { values: _values, tokens: _tokens, ...recipe } = data.recipe;
    return [{ recipe: { ...recipe, sizes }, inputs }];
  });
}

/** The recipe of a stored case with its inputs as literal values, for the shrinker. */
export function literally({ recipe, inputs }: StoredCase): Recipe {
  return { ...recipe, values: Object.fromEntries(Object.entries(inputs).map(([port, values]) => [port, Array.from(values)])) };
}
