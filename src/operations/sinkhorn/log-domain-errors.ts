import type { LocalErrors } from './rounding.ts';
import type { Side } from './steps.ts';

/**
 * One log-sum-exp normalisation of z in place, and its local errors. A kernel may keep Z = L + f + g and update it in place, or keep the
 * potentials f, g and form L + g each time; the errors of both are allowed. Entries: u·|Z| a step. Lines: each term's argument and exponential,
 * weighted by its share; the sum; its logarithm; the rounding of maximum + logarithm and of the potential. What takes the iterate out of the
 * logarithms adds the formation of L + f + g (two roundings) and its exponential: the result, each iterate that a derivative uses, the sums
 * that an early stop looks at. The next step goes on from the logarithms, so these are `exponentials`, apart.
 */
export function logDomainStep(
  z: Float64Array,
  potentials: Float64Array,
  n: number,
  side: Side,
  local: LocalErrors,
  lineErrors: Float64Array,
  entryErrors: Float64Array,
  exponentials: Float64Array,
): void {
  const [lineStride, entryStride] = side === 'rows' ? [n, 1] : [1, n];
  const base = side === 'rows' ? 0 : n;
  for (let line = 0; line < n; line++) {
    const from = line * lineStride;
    let max = -Infinity;
    for (let e = 0; e < n; e++) max = Math.max(max, z[from + e * entryStride]!);
    let sum = 0;
    for (let e = 0; e < n; e++) sum += Math.exp(z[from + e * entryStride]! - max);
    const old = Math.abs(potentials[base + line]!);
    let terms = 0;
    for (let e = 0; e < n; e++) {
      const value = z[from + e * entryStride]!;
      const share = Math.exp(value - max) / sum;
      terms += share * (local.expConstant + local.expSlope * (max - value) + local.unit * (Math.abs(value) + old));
    }
    const logSum = max + Math.log(sum);
    const potential = potentials[base + line]! - logSum;
    potentials[base + line] = potential;
    const logError = Math.max(local.logRelative * Math.log(sum), local.logAbsolute) + n * local.underflow;
    lineErrors[line] = local.line + terms + logError + local.unit * (Math.abs(max) + old + Math.abs(logSum) + Math.abs(potential));
    for (let e = 0; e < n; e++) z[from + e * entryStride] = z[from + e * entryStride]! - logSum;
  }
  for (let i = 0; i < n * n; i++) {
    const size = Math.abs(z[i]!);
    entryErrors[i] = local.unit * size;
    const potential = Math.max(Math.abs(potentials[Math.floor(i / n)]!), Math.abs(potentials[n + (i % n)]!));
    exponentials[i] = local.unit * (2 * size + potential) + local.expConstant + local.expSlope * size;
  }
}
