/**
 * What a declared arithmetic adds to the exact iterates, for every input of a box: the logarithmic errors of a start's entry and of a half-step's (operations/sinkhorn/rounding.ts).
 * They are assumptions of a certificate, written down in it, and rounded up by 2⁻⁴⁰ of themselves for the f64 that they are computed in.
 */
import { computeUnit, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { constantError, localErrors } from '../../operations/sinkhorn/rounding.ts';
import { minNormal, minSubnormal, unitRoundoff } from '../../tensor/dtype.ts';
import type { Box, Entering } from './box.ts';
import type { Rounding } from './walk.ts';

const outward = 1 + 2 ** -40;

/** The rounding of a kernel, or why none can be stated. The box is that of L/τ. */
export function roundingOf(dialect: SinkhornDialect, arithmetic: Arithmetic, box: Box, { smallest }: Entering): Rounding | string {
  if (dialect.domain === 'log') return 'its iterations are on logarithms, whose rounding these theorems do not carry';
  const { n } = box;
  const local = localErrors(arithmetic, n, dialect.stabilisation !== 'none');
  const largest = box.low.reduce((most, low, i) => Math.max(most, Math.abs(low), Math.abs(box.high[i]!)), 0);
  const argument = dialect.stabilisation === 'none' ? largest : 2 * largest;
  if (!(largest < Infinity)) return 'without a limit on the logits nothing is known of the rounding of the exponent';
  const quotient = dialect.temperature === 1 ? 0 : 2 * local.quotient * largest;
  const constant = constantError(arithmetic, dialect.epsilon);
  const added = dialect.epsilonInStart ? dialect.epsilon : 0;
  // an exponential, or a softmax's entry, below the normal numbers: relative to what is kept of it
  const lost = (2 * (n + 1) * local.underflow) / (added > 0 ? added : smallest);
  if (!(lost < 0.01)) return 'entries of the start may underflow';
  const own = local.expConstant + local.expSlope * argument + quotient + 2 * lost;
  const line = local.line + constant;
  const start = added > 0 ? own + line + local.divisionExcess + local.divisionRounding + local.addition + constant : own + local.divisionExcess + local.divisionRate;
  return {
    start: start * outward,
    startLine: (added > 0 ? 0 : line) * outward,
    entry: (local.divisionExcess + local.divisionRate) * outward,
    line: line * outward,
    underflow: underflowUnit(arithmetic),
  };
}

/** What storing the result may change: a relative and an absolute error of each entry. None where it is stored as it was computed. */
export function storing(arithmetic: Arithmetic): { relative: number; absolute: number } {
  const { storage, compute } = arithmetic;
  if (unitRoundoff[storage] <= computeUnit({ ...arithmetic, compute })) return { relative: 0, absolute: 0 };
  return { relative: unitRoundoff[storage], absolute: arithmetic.flushToZero ? minNormal[storage] : minSubnormal[storage] };
}
