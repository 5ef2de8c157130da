/** What the claims about single mappings share: the tokens that can be judged, and rounding that does not depend on the reference. */
import { computeUnit, underflowUnit } from '../../src/numerics/arithmetic.ts';
import { compound } from '../../src/numerics/compound.ts';
import type { Bounded } from '../../src/operations/operation.ts';
import { minSubnormal, unitRoundoff } from '../../src/tensor/dtype.ts';
import type { CheckContext, ResolvedKernel } from '../../src/verify/property.ts';

/** Calls `check` for every token whose bounds hold for all outputs and all given inputs. */
export function eachToken<D>(context: CheckContext<D>, bounds: readonly Bounded[], check: (token: number) => void): void {
  for (let token = 0; token < context.sizes.tokens; token++) {
    if (bounds.every(({ certified }) => certified[token] === 1)) check(token);
  }
}

/** The relative rounding of storing an output, and its absolute part. */
export function storageOf<D>(kernel: ResolvedKernel<D>, output: string): { relative: number; absolute: number } {
  const dtype = kernel.dtypes[output]!;
  const relative = unitRoundoff[dtype] > computeUnit(kernel.arithmetic) ? unitRoundoff[dtype] : 0;
  return { relative, absolute: underflowUnit(kernel.arithmetic) + underflowUnit(kernel.arithmetic, dtype) + minSubnormal[dtype] };
}

/** (1 + u)^roundings·(1 + division)^divisions − 1 in the kernel's arithmetic. */
export function roundings<D>({ arithmetic }: ResolvedKernel<D>, count: number, divisions = 0): number {
  const u = computeUnit(arithmetic);
  return compound([count, u], [divisions, (arithmetic.division.perLine + arithmetic.division.perEntry) * u]);
}

/** (i, j) of a flat index of an n×n matrix. */
export function placeIn(n: number, k: number): [i: number, j: number] {
  return [Math.floor(k / n), k % n];
}
