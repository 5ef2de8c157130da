/**
 * Parameters that all tokens of a call share: projections, the scales α and biases of the coefficients, norm and layer weights. A family says how all
 * of one model's parameters look, since only together they decide how large the logits are.
 */
import type { Random } from '../random.ts';

/** A parameter tensor as rows of `columns` numbers; a coefficient's bias is one row. */
export interface ParameterShape {
  readonly rows: number;
  readonly columns: number;
  /** n where a row holds the coefficients pre | post | residual. */
  readonly streams: number | undefined;
}

type Fill = (out: Float64Array, shape: ParameterShape, random: Random) => void;

export interface ParameterFamily {
  readonly projection: Fill;
  readonly scale: Fill;
  readonly bias: Fill;
  readonly weight: Fill;
}

const constant = (value: number): Fill => (out) => void out.fill(value);
const normal = (factor: number, mean = 0): Fill => (out, _, random) => {
  for (let i = 0; i < out.length; i++) out[i] = mean + factor * random.normal();
};
/** Logits of scale `factor` from streams whose root mean square is 1. */
const fannedIn = (factor: number): Fill => (out, { columns }, random) => random.fillNormal(out, 0, out.length, factor / Math.sqrt(columns));
const integers: Fill = (out, _, random) => {
  for (let i = 0; i < out.length; i++) out[i] = random.integer(-2, 2);
};
const powersOfTwo: Fill = (out, _, random) => {
  for (let i = 0; i < out.length; i++) out[i] = 2 ** random.integer(-2, 1);
};
/** Each row looks at one input. */
const oneHot: Fill = (out, { rows, columns }, random) => {
  out.fill(0);
  for (let row = 0; row < rows; row++) if (columns > 0) out[row * columns + random.below(columns)] = random.sign();
};
/** Each row looks at one input, times a number that fills the significand. */
const picking: Fill = (out, shape, random) => {
  oneHot(out, shape, random);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! * (1 + random.uniform());
};
/** 0 for pre and post; 0 on the diagonal of the residual and −8 off it, which keeps the streams apart (mHC-lite, arXiv 2601.05732). */
const nearIdentity: Fill = (out, { rows, columns, streams: n }) => {
  out.fill(0);
  if (n === undefined) return;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) out[row * columns + 2 * n + i * n + j] = -8;
  }
};

export const parameterFamilies: Readonly<Record<string, ParameterFamily>> = {
  usual: { projection: fannedIn(1), scale: normal(0.1, 1), bias: normal(1), weight: normal(0.1, 1) },
  initial: { projection: normal(0.02), scale: constant(0.01), bias: nearIdentity, weight: constant(1) },
  wide: { projection: fannedIn(1), scale: constant(8), bias: normal(4), weight: normal(1) },
  integers: { projection: integers, scale: powersOfTwo, bias: integers, weight: powersOfTwo },
  static: { projection: fannedIn(1), scale: constant(0), bias: normal(2), weight: normal(0.1, 1) },
  /** Biases so far apart that Sinkhorn converges slowly. */
  slow: { projection: fannedIn(1), scale: constant(1), bias: normal(12), weight: constant(1) },
  /** Each coefficient looks at one number, through a factor, a scale, a bias and a weight that tell it from the others. */
  picking: { projection: picking, scale: normal(0.5, 1), bias: normal(1), weight: normal(0.3, 1) },
  'picking-wide': { projection: picking, scale: normal(4, 8), bias: normal(4), weight: constant(1) },
  'one-hot': { projection: oneHot, scale: constant(1), bias: constant(0), weight: constant(1) },
  zeros: { projection: constant(0), scale: constant(0), bias: constant(0), weight: constant(0) },
};

/** What a plan without `parameters` means. */
export const finiteParameterFamilies: readonly string[] = Object.keys(parameterFamilies);
