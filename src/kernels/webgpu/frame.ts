/** A plan of one pass over tensors of which each token has so many elements. */
import type { Sizes } from '../../operations/operation.ts';
import type { GpuDtype, Plan, PlanBuffer } from './plan.ts';

export interface Tensors {
  readonly [name: string]: { readonly elements: number; readonly dtype: GpuDtype };
}

export interface OnePass {
  readonly label: string;
  /** Bound in this order: inputs, then outputs. */
  readonly inputs: Tensors;
  readonly outputs: Tensors;
  readonly code: string;
  readonly codeForQuads?: string | undefined;
  readonly groups: (tokens: number) => number;
}

export function tensorPlan(sizes: Sizes, { label, inputs, outputs, code, codeForQuads, groups }: OnePass): Plan {
  const buffers = { ...buffersOf(inputs, 'input'), ...buffersOf(outputs, 'output') };
  return { sizes, buffers, passes: [{ label, code, codeForQuads, buffers: Object.keys(buffers), groups }] };
}

function buffersOf(tensors: Tensors, role: PlanBuffer['role']): Record<string, PlanBuffer> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { elements, dtype }]) => [name, { role, per: 'token' as const, elements, dtype }]));
}
