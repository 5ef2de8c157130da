/** A WGSL kernel with what it declares. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { Sizes } from '../../operations/operation.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { ScreenedFor } from '../screening.ts';
import type { Plan } from './plan.ts';

/** A kernel: what it declares, and its plan for given sizes. */
export interface WebgpuKernel {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly arithmetic: ArithmeticInput;
  readonly dtypes?: Readonly<Record<string, Dtype>>;
  readonly plan: (sizes: Sizes) => Plan;
  /** What can be looked for in its outputs on the device. */
  readonly screening?: { readonly seeks: readonly ScreenedFor[]; readonly dialect: SinkhornDialect };
}
