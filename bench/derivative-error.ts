/**
 * How exact a gradient is: its largest distance from the one in 100 digits, relative to the magnitude of its terms. A gradient is linear in the cotangents; its terms are
 * what each number of each cotangent contributes alone. Where these vanish themselves (a norm of one number does not depend on it, a 1×1 matrix is always 1), the terms
 * that cancelled are as large as Σ|cotangent·output|, what a relative change of all factors changes, over the largest number of the input; over 1 for what is added to a logit.
 */
import { exactly, exactOutputs } from '../src/operations/exact.ts';
import type { Operation, Port, Sizes, Values } from '../src/operations/operation.ts';

export interface DerivativeError {
  readonly relative: number;
  /** Not relative to anything. */
  readonly error: number;
  readonly port: string;
  readonly index: number;
}

/** The largest relative error of the f64 reference over all outputs, for one token. Not a number where reference and truth disagree about being finite. */
export function derivativeError(forward: Operation, operation: Operation, inputs: Values, sizes: Sizes, dialect: unknown): DerivativeError {
  const values = operation.reference(inputs, sizes, dialect);
  const truth = exactOutputs(operation.id, inputs, sizes, dialect);
  const magnitudes = termMagnitudes(operation, inputs, sizes, dialect);
  const paired = pairing(forward, operation, inputs, sizes, dialect);
  let worst: DerivativeError = { relative: 0, error: 0, port: '', index: 0 };
  for (const { name } of operation.outputs) {
    const floor = paired === 0 ? 0 : paired / largestOf(operation.inputs.find((port) => `${port.name}Gradient` === name)!, inputs);
    for (let index = 0; index < values[name]!.length; index++) {
      const error = exactly(values[name]![index]!).minus(truth[name]![index]!).abs().toNumber();
      const relative = error === 0 ? 0 : error / Math.max(magnitudes[name]![index]!, floor);
      if (!(relative <= worst.relative)) worst = { relative, error, port: name, index };
    }
  }
  return worst;
}

/** Σ|cotangent·output|; 0 for a forward that its gradient does not look at, because it is linear: there nothing cancels but the terms themselves. */
function pairing(forward: Operation, operation: Operation, inputs: Values, sizes: Sizes, dialect: unknown): number {
  if (forward.inputs.some(({ name }) => inputs[name] === undefined)) return 0;
  const outputs = forward.reference(inputs, sizes, dialect);
  const cotangents = operation.inputs.filter(({ role }) => role === 'cotangent');
  const values = cotangents.length === 1 ? [Object.values(outputs).at(-1)!] : cotangents.map(({ name }) => outputs[name.slice(0, -'Cotangent'.length)]!);
  return cotangents.reduce((sum, { name }, k) => sum + inputs[name]!.reduce((part, g, i) => part + Math.abs(g * values[k]![i]!), 0), 0);
}

function largestOf({ name, role }: Port, inputs: Values): number {
  return role === 'logits' || role === 'bias' ? 1 : inputs[name]!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function termMagnitudes(operation: Operation, inputs: Values, sizes: Sizes, dialect: unknown): Values {
  const cotangents = operation.inputs.filter(({ role }) => role === 'cotangent').map(({ name }) => name);
  const none = Object.fromEntries(cotangents.map((name) => [name, inputs[name]!.map(() => 0)]));
  const sums = Object.fromEntries(operation.outputs.map(({ name }) => [name, [] as number[]]));
  for (const cotangent of cotangents) {
    inputs[cotangent]!.forEach((value, at) => {
      if (value === 0) return;
      const alone = { ...inputs, ...none, [cotangent]: inputs[cotangent]!.map((_, i) => (i === at ? value : 0)) };
      for (const [name, terms] of Object.entries(operation.reference(alone, sizes, dialect))) terms.forEach((term, i) => (sums[name]![i] = (sums[name]![i] ?? 0) + Math.abs(term)));
    });
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, Float64Array.from(sum)]));
}
