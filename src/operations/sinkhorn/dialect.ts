/**
 * The variants of Sinkhorn–Knopp that mHC kernels compute. One iteration normalises one side, then the other; `lastNormalised`
 * is the side whose sums are exact at the end. With `start: 'softmax'` the softmax over the first side is the first half of
 * iteration 1 (deepseek-ai/TileKernels, mhc.py); with the other starts all 2T half-steps follow it (paper, Eq. 9).
 */
import { z } from 'zod';

export { sinkhornPresets, sinkhornPresetSources, sinkhornVjpPresets } from './presets.ts';

export const sinkhornFields = {
  iterations: z.int().min(1).max(1000),
  epsilon: z.number().min(0).max(1),
  /** The logits are divided by it first. */
  temperature: z.number().min(2 ** -20).max(2 ** 20),
  /** What enters the loop: a softmax of each line of the first side, exp(L), or |L|. */
  start: z.enum(['softmax', 'exp', 'absolute']),
  /** softmax(L) + ε (or |L| + ε) enters the loop. */
  epsilonInStart: z.boolean(),
  /** What a line is divided by: its sum plus ε, its sum but at least ε, its sum, or its sum if that exceeds ε. */
  divisor: z.enum(['add', 'clamp', 'plain', 'threshold']),
  /** What becomes of a row or column whose sum does not exceed a threshold; 'divided' where the divisor is no threshold. */
  smallRows: z.enum(['divided', 'kept', 'zeroed']),
  smallColumns: z.enum(['divided', 'kept', 'zeroed']),
  /** What is subtracted before the exponential: the largest entry of each line of the first side, of the matrix, or nothing. */
  stabilisation: z.enum(['line-max', 'matrix-max', 'none']),
  /** 'log' iterates on logarithms with log-sum-exp. */
  domain: z.enum(['linear', 'log']),
  /** After a full iteration the loop ends if every row and column sum is off 1 by less than this; 0 never ends it early. */
  stopBelow: z.number().min(0).max(1),
  lastNormalised: z.enum(['rows', 'columns']),
  /** How the result multiplies the streams: H·x, or Hᵀ·x. */
  orientation: z.enum(['plain', 'transposed']),
};
export type SinkhornDialect = z.infer<z.ZodObject<typeof sinkhornFields>>;

/** Adds an issue for each pair of fields that contradict each other; every message names both. */
export function refuseContradictions(dialect: SinkhornDialect, context: z.RefinementCtx): void {
  const contradiction = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  const { start, epsilon, epsilonInStart, divisor, domain, stabilisation, smallRows, smallColumns } = dialect;
  if (epsilonInStart && start === 'exp') contradiction('epsilonInStart', "epsilonInStart contradicts start 'exp': it is added to a softmax or to |L|");
  if (epsilon > 0 && divisor === 'plain' && !epsilonInStart) contradiction('epsilon', "epsilon contradicts divisor 'plain': nothing uses it");
  if (epsilon === 0 && divisor === 'threshold') contradiction('epsilon', "epsilon 0 contradicts divisor 'threshold': every line would be divided, which is divisor 'plain'");
  if (domain === 'log' && epsilon > 0) contradiction('domain', "domain 'log' contradicts epsilon: log-sum-exp has no place for it");
  if (domain === 'log' && stabilisation === 'none') contradiction('stabilisation', "stabilisation 'none' contradicts domain 'log': log-sum-exp subtracts the maximum");
  if (domain === 'log' && start === 'absolute') contradiction('domain', "domain 'log' contradicts start 'absolute': a zero has no logarithm");
  if (stabilisation !== 'none' && start === 'absolute') contradiction('stabilisation', `stabilisation '${stabilisation}' contradicts start 'absolute': only an exponential is stabilised`);
  for (const [field, small] of Object.entries({ smallRows, smallColumns })) {
    if (small === 'divided' && divisor === 'threshold') contradiction(field, `${field} 'divided' contradicts divisor 'threshold': say whether they are kept or zeroed`);
    if (small !== 'divided' && divisor !== 'threshold') contradiction(field, `${field} '${small}' contradicts divisor '${divisor}': only a threshold leaves lines undivided`);
  }
}

export const sinkhornDialectSchema: z.ZodType<SinkhornDialect> = z.strictObject(sinkhornFields).superRefine(refuseContradictions);

/** The side that is normalised first. */
export function firstNormalised(dialect: SinkhornDialect): 'rows' | 'columns' {
  return dialect.lastNormalised === 'rows' ? 'columns' : 'rows';
}

/** The sides of the half-steps that follow the start, in order: 2T of them, one less when a softmax was the first. */
export function halfSteps(dialect: SinkhornDialect): ('rows' | 'columns')[] {
  const sides: ('rows' | 'columns')[] = [];
  for (let t = 0; t < dialect.iterations; t++) sides.push(firstNormalised(dialect), dialect.lastNormalised);
  return dialect.start === 'softmax' ? sides.slice(1) : sides;
}

const backwardFields = {
  /** `unrolled` differentiates the T iterations; `implicit` the exact projection, evaluated at the result of the T iterations. */
  derivative: z.enum(['unrolled', 'implicit']),
  /** The derivative of |L| at ±0: 0 (and absent) is autograd's in PyTorch, 1 that of `x >= 0 ? 1 : -1`, −1 that of tfjs. */
  slopeAtZero: z.literal([-1, 0, 1]).optional(),
};
export type SinkhornVjpDialect = SinkhornDialect & z.infer<z.ZodObject<typeof backwardFields>>;

function refuseBackwardContradictions(dialect: SinkhornVjpDialect, context: z.RefinementCtx): void {
  refuseContradictions(dialect, context);
  const contradiction = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  const { start, slopeAtZero = 0, derivative, epsilon, epsilonInStart } = dialect;
  if (derivative === 'implicit' && start === 'absolute') contradiction('derivative', "derivative 'implicit' contradicts start 'absolute': it is taken with respect to logarithms of the start, which zeros do not have");
  if (slopeAtZero !== 0 && start !== 'absolute') contradiction('slopeAtZero', `slopeAtZero ${slopeAtZero} contradicts start '${start}': nothing there has a kink`);
  if (slopeAtZero !== 0 && start === 'absolute' && !(epsilonInStart && epsilon > 0)) {
    contradiction('slopeAtZero', `slopeAtZero ${slopeAtZero} contradicts epsilonInStart ${epsilonInStart ? 'with epsilon 0' : 'false'}: entries of zero start and stay zero, and no bound of such a slope is known here`);
  }
}

export const sinkhornVjpDialectSchema: z.ZodType<SinkhornVjpDialect> = z
  .strictObject({ ...sinkhornFields, ...backwardFields })
  .superRefine(refuseBackwardContradictions);
