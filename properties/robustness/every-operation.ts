/** Claims about kernels as programs are the same for all operations: one property object for each, `robustness/<claim>/<operation>`. */
import { operations } from '../../src/operations/index.ts';
import type { InputPlan } from '../../src/generate/recipe.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

/** One property per operation. */
export function forEveryOperation(claim: string, shared: Omit<Property<unknown>, 'id' | 'operation'>): readonly Property[] {
  return (Object.keys(operations) as OperationId[]).map((operation) => defineProperty<unknown>({ ...shared, inputs: affordable(operation, shared.inputs), id: `robustness/${claim}/${operation}`, operation }));
}

/** Whole sublayers cost coefficients × columns for each token and sublayer: small ones, and few, show what a kernel does as a program. */
export function affordable(operation: OperationId, inputs: InputPlan): InputPlan {
  const whole = operations[operation].inputs.some(({ name }) => name.startsWith('innerWeight'));
  return whole ? { ...inputs, depths: [1, 2, 3], maxElements: Math.min(inputs.maxElements ?? Infinity, 2 ** 12) } : inputs;
}
