/** What storing a result adds to the errors of computing it. */
import { unitRoundoff, minNormal, minSubnormal } from '../../src/tensor/dtype.ts';
import type { ResolvedKernel } from '../../src/verify/property.ts';

/** Rounding to an output's dtype: relative where it is coarser than the arithmetic, and absolute below the normal numbers. */
export function outputRounding<D>(kernel: ResolvedKernel<D>, port: string): { readonly relative: number; readonly absolute: number } {
  const dtype = kernel.dtypes[port]!;
  const { compute, flushToZero } = kernel.arithmetic;
  return { relative: dtype === compute ? 0 : unitRoundoff[dtype], absolute: flushToZero ? minNormal[dtype] : minSubnormal[dtype] };
}
