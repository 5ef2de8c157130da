/**
 * The steps of one 4×4 matrix with its sixteen entries in local variables: no index arithmetic, no bounds checks, no loads
 * between steps. Same operations in the same order as `iterate`, hence the same bits; tests/unit/operations proves it.
 */
import type { Step } from './steps.ts';

export function sinkhorn4(x: Float64Array, offset: number, steps: readonly Step[]): void {
  let x00 = x[offset + 0]!, x01 = x[offset + 1]!, x02 = x[offset + 2]!, x03 = x[offset + 3]!;
  let x10 = x[offset + 4]!, x11 = x[offset + 5]!, x12 = x[offset + 6]!, x13 = x[offset + 7]!;
  let x20 = x[offset + 8]!, x21 = x[offset + 9]!, x22 = x[offset + 10]!, x23 = x[offset + 11]!;
  let x30 = x[offset + 12]!, x31 = x[offset + 13]!, x32 = x[offset + 14]!, x33 = x[offset + 15]!;
  for (let k = 0; k < steps.length; k++) {
    const step = steps[k]!;
    const epsilon = step.epsilon;
    if (step.kind === 'add') {
      x00 += epsilon; x01 += epsilon; x02 += epsilon; x03 += epsilon;
      x10 += epsilon; x11 += epsilon; x12 += epsilon; x13 += epsilon;
      x20 += epsilon; x21 += epsilon; x22 += epsilon; x23 += epsilon;
      x30 += epsilon; x31 += epsilon; x32 += epsilon; x33 += epsilon;
      continue;
    }
    const clamp = step.divisor === 'clamp';
    if (step.side === 'rows') {
      const s0 = x00 + x01 + x02 + x03;
      const s1 = x10 + x11 + x12 + x13;
      const s2 = x20 + x21 + x22 + x23;
      const s3 = x30 + x31 + x32 + x33;
      const d0 = clamp ? Math.max(s0, epsilon) : s0 + epsilon;
      const d1 = clamp ? Math.max(s1, epsilon) : s1 + epsilon;
      const d2 = clamp ? Math.max(s2, epsilon) : s2 + epsilon;
      const d3 = clamp ? Math.max(s3, epsilon) : s3 + epsilon;
      x00 /= d0; x01 /= d0; x02 /= d0; x03 /= d0;
      x10 /= d1; x11 /= d1; x12 /= d1; x13 /= d1;
      x20 /= d2; x21 /= d2; x22 /= d2; x23 /= d2;
      x30 /= d3; x31 /= d3; x32 /= d3; x33 /= d3;
    } else {
      const s0 = x00 + x10 + x20 + x30;
      const s1 = x01 + x11 + x21 + x31;
      const s2 = x02 + x12 + x22 + x32;
      const s3 = x03 + x13 + x23 + x33;
      const d0 = clamp ? Math.max(s0, epsilon) : s0 + epsilon;
      const d1 = clamp ? Math.max(s1, epsilon) : s1 + epsilon;
      const d2 = clamp ? Math.max(s2, epsilon) : s2 + epsilon;
      const d3 = clamp ? Math.max(s3, epsilon) : s3 + epsilon;
      x00 /= d0; x10 /= d0; x20 /= d0; x30 /= d0;
      x01 /= d1; x11 /= d1; x21 /= d1; x31 /= d1;
      x02 /= d2; x12 /= d2; x22 /= d2; x32 /= d2;
      x03 /= d3; x13 /= d3; x23 /= d3; x33 /= d3;
    }
  }
  x[offset + 0] = x00; x[offset + 1] = x01; x[offset + 2] = x02; x[offset + 3] = x03;
  x[offset + 4] = x10; x[offset + 5] = x11; x[offset + 6] = x12; x[offset + 7] = x13;
  x[offset + 8] = x20; x[offset + 9] = x21; x[offset + 10] = x22; x[offset + 11] = x23;
  x[offset + 12] = x30; x[offset + 13] = x31; x[offset + 14] = x32; x[offset + 15] = x33;
}
