/**
 * The variants of Sinkhorn–Knopp that mHC kernels compute. One iteration normalises one side, then the other; `lastNormalised`
 * is the side whose sums are exact at the end. With `start: 'softmax'` the softmax over the first side is the first half of
 * iteration 1 (deepseek-ai/TileKernels, mhc.py); with 'exp' all 2T half-steps follow the exponential (paper, Eq. 9).
 */
import { z } from 'zod';

export const sinkhornFields = {
  iterations: z.int().min(1).max(1000),
  epsilon: z.number().min(0).max(1),
  start: z.enum(['softmax', 'exp']),
  /** softmax(L) + ε enters the loop, not softmax(L). */
  epsilonInStart: z.boolean(),
  /** What a line is divided by: its sum plus ε, its sum but at least ε, or its sum. */
  divisor: z.enum(['add', 'clamp', 'plain']),
  /** What is subtracted before the exponential: the largest entry of each line of the first side, of the matrix, or nothing. */
  stabilisation: z.enum(['line-max', 'matrix-max', 'none']),
  /** 'log' iterates on logarithms with log-sum-exp. */
  domain: z.enum(['linear', 'log']),
  lastNormalised: z.enum(['rows', 'columns']),
  /** How the result multiplies the streams: H·x, or Hᵀ·x. */
  orientation: z.enum(['plain', 'transposed']),
};
export type SinkhornDialect = z.infer<z.ZodObject<typeof sinkhornFields>>;

/** Adds an issue for each pair of fields that contradict each other. */
export function refuseContradictions(dialect: SinkhornDialect, context: z.RefinementCtx): void {
  const contradiction = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (dialect.epsilonInStart && dialect.start !== 'softmax') contradiction('epsilonInStart', "epsilonInStart contradicts start 'exp': it is added to a softmax");
    if (dialect.epsilon > 0 && dialect.divisor === 'plain' && !dialect.epsilonInStart) contradiction('epsilon', "epsilon contradicts divisor 'plain': nothing uses it");
    if (dialect.domain === 'log' && dialect.epsilon > 0) contradiction('domain', "domain 'log' contradicts epsilon: log-sum-exp has no place for it");
    if (dialect.domain === 'log' && dialect.stabilisation === 'none') contradiction('stabilisation', "stabilisation 'none' contradicts domain 'log': log-sum-exp subtracts the maximum");
}

export const sinkhornDialectSchema: z.ZodType<SinkhornDialect> = z.strictObject(sinkhornFields).superRefine(refuseContradictions);

const tilekernels: SinkhornDialect = {
  iterations: 20,
  epsilon: 1e-6,
  start: 'softmax',
  epsilonInStart: true,
  divisor: 'add',
  stabilisation: 'line-max',
  domain: 'linear',
  lastNormalised: 'columns',
  orientation: 'transposed',
};

const transformerEngine: SinkhornDialect = {
  ...tilekernels,
  epsilon: 0,
  start: 'exp',
  epsilonInStart: false,
  divisor: 'plain',
  domain: 'log',
};

/** Sources: arXiv 2512.24880 Eq. 9; the code bases of the same names at the commits listed in the README of this folder. */
export const sinkhornPresets: Readonly<Record<string, SinkhornDialect>> = {
  paper: { ...tilekernels, epsilon: 0, start: 'exp', epsilonInStart: false, divisor: 'plain', stabilisation: 'none', lastNormalised: 'rows', orientation: 'plain' },
  tilekernels,
  liger: { ...tilekernels, orientation: 'plain' },
  'megatron-main': { ...tilekernels, start: 'exp', epsilonInStart: false, divisor: 'clamp', orientation: 'plain' },
  'transformer-engine': transformerEngine,
  'log-domain': { ...transformerEngine, orientation: 'plain' },
};

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

/** `unrolled` differentiates the T iterations; `implicit` the exact projection, evaluated at the result of the T iterations. */
export interface SinkhornVjpDialect extends SinkhornDialect {
  readonly derivative: 'unrolled' | 'implicit';
}

export const sinkhornVjpDialectSchema: z.ZodType<SinkhornVjpDialect> = z
  .strictObject({ ...sinkhornFields, derivative: z.enum(['unrolled', 'implicit']) })
  .superRefine(refuseContradictions);

export const sinkhornVjpPresets: Readonly<Record<string, SinkhornVjpDialect>> = Object.fromEntries(
  Object.entries(sinkhornPresets).flatMap(([name, dialect]) => [
    [name, { ...dialect, derivative: 'unrolled' as const }],
    [`${name}-implicit`, { ...dialect, derivative: 'implicit' as const }],
  ]),
);
