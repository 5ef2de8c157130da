/** The operations of mHC as WGSL kernels, with their declarations. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { OperationId, Sizes } from '../../operations/operation.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { GpuDtype, Plan } from './plan.ts';
import { sinkhornAny } from './sinkhorn-any.ts';
import { isForFour, sinkhornFour } from './sinkhorn-four.ts';

export { openDevice, type DeviceOptions, type GpuDevice } from './device.ts';
export { GpuFault, type GpuFaultName } from './fault.ts';
export { makeResident, type Resident } from './resident.ts';
export { runOnDevice, upload, type PlanOf } from './run.ts';
export type { GpuDtype, Plan } from './plan.ts';

export interface WebgpuOptions {
  /** Default: the preset `tilekernels`. Its orientation is also that of the mixing operations. */
  readonly sinkhorn?: SinkhornDialect;
  /** How streams and matrices are stored. Default: f32. */
  readonly storage?: GpuDtype;
}

/** A kernel: what it declares, and its plan for given sizes. */
export interface WebgpuKernel {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly arithmetic: ArithmeticInput;
  readonly dtypes?: Readonly<Record<string, Dtype>>;
  plan(sizes: Sizes): Plan;
}

/** The kernels by operation. */
export function webgpuKernels(options: WebgpuOptions = {}): Partial<Record<OperationId, WebgpuKernel>> {
  const { storage = 'f32' } = options;
  const sinkhorn = options.sinkhorn ?? sinkhornPresets['tilekernels']!;
  const arithmetic: ArithmeticInput = storage === 'f32' ? 'wgsl-f32' : { preset: 'wgsl-f32', source: 'wgsl-f32 between loads and stores; tensors stored as bf16, rounded to nearest even (u = 2⁻⁸)', storage };
  return {
    sinkhorn: {
      dialect: { ...sinkhorn },
      arithmetic,
      plan: (sizes) => (sizes.streams === 4 && isForFour(sinkhorn) ? sinkhornFour : sinkhornAny)(sinkhorn, storage, sizes),
    },
  };
}
