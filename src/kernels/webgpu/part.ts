/** A kernel as a part of a plan: the passes of one operation over buffers that the plan names, and the scratch that they need. Operations that are made of others put their parts one after the other. */
import type { GpuDtype, Plan, PlanBuffer, PlanPass } from './plan.ts';
import type { Sizes } from '../../operations/operation.ts';

export interface Part {
  readonly scratch?: Readonly<Record<string, PlanBuffer>>;
  readonly passes: readonly PlanPass[];
}

/** How streams are stored (what a layer reads and writes too), and n and C. Mappings and parameters are f32. */
export interface PartSizes {
  readonly n: number;
  readonly channels: number;
  readonly dtype: GpuDtype;
}

/** A plan of parts. */
export function planOf(sizes: Sizes, inputs: Readonly<Record<string, PlanBuffer>>, outputs: Readonly<Record<string, PlanBuffer>>, parts: readonly Part[]): Plan {
  const scratch = Object.assign({}, ...parts.map((part) => part.scratch ?? {})) as Record<string, PlanBuffer>;
  return { sizes, buffers: { ...inputs, ...outputs, ...scratch }, passes: parts.flatMap(({ passes }) => passes) };
}

export function perToken(role: PlanBuffer['role'], elements: number, dtype: GpuDtype = 'f32'): PlanBuffer {
  return { role, per: 'token', elements, dtype };
}

export function perCall(role: PlanBuffer['role'], elements: number, dtype: GpuDtype = 'f32'): PlanBuffer {
  return { role, per: 'call', elements, dtype };
}

export function perBlock(elements: number): PlanBuffer {
  return { role: 'scratch', per: 'block', elements, dtype: 'f32' };
}
