/**
 * The coefficients of a token before gates and Sinkhorn (paper, Eqs. 14–16), the division by the root mean square after the product:
 *
 *   m = x·(w∘φ),  r = 1/√(Σx²/K + ε),  z = α·r·m + b
 *
 * With a norm per stream each stream is a group that has its own K = C, r and part of m; otherwise there is one group of K = nC.
 */
import { tf32 } from '../../operations/calculus/tf32.ts';
import { coefficientBlocks, tensorFloatOf } from '../../operations/mappings/coefficients.ts';
import type { MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import { valuesOf, type Tensor } from '../../tensor/tensor.ts';
import type { Round } from './kernel.ts';

/** One token's coefficients and what they came from; the next token overwrites them. */
export interface Coefficients {
  readonly groups: number;
  /** K of each group. */
  readonly perGroup: number;
  /** n² + 2n, in the order pre | post | residual. */
  readonly count: number;
  /** x as the projection reads it [nC]. */
  readonly operand: Float64Array;
  /** w∘φ as the projection reads it [count, nC]. */
  readonly folded: Float64Array;
  /** Σx²/K and r of each group. */
  readonly means: Float64Array;
  readonly roots: Float64Array;
  /** m [groups, count]. */
  readonly products: Float64Array;
  /** r·m and z [count]. */
  readonly normalised: Float64Array;
  readonly logits: Float64Array;
  /** Computes them for a token. */
  of(token: number): void;
}

/** How the projection rounds what it multiplies: not at all beyond the arithmetic, or to TF32. */
export function operandRounding(dialect: MappingsDialect): Round {
  const tensorFloat = tensorFloatOf(dialect);
  return tensorFloat === undefined ? (value) => value : (value) => tf32(value, tensorFloat);
}

/** Coefficients of the tokens of a call: streams [B,n,C], projection [n²+2n,nC], scales [3], biases [n²+2n], normWeight [nC]. */
export function coefficientsOf(inputs: Readonly<Record<string, Tensor>>, { streams: n, channels }: Sizes, dialect: MappingsDialect, round: Round): Coefficients {
  const [x, projection, scales, biases, weight] = ['streams', 'projection', 'scales', 'biases', 'normWeight'].map((name) => valuesOf(inputs[name]!)) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const width = n * channels;
  const count = n * n + 2 * n;
  const groups = dialect.norm === 'per-stream' ? n : 1;
  const perGroup = width / groups;
  const asOperand = operandRounding(dialect);
  const folded = projection.map((value, at) => asOperand(dialect.normWeight ? round(weight[at % width]! * value) : value));
  const operand = new Float64Array(width);
  const [means, roots] = [new Float64Array(groups), new Float64Array(groups).fill(1)];
  const products = new Float64Array(groups * count);
  const [normalised, logits] = [new Float64Array(count), new Float64Array(count)];
  const of = (token: number): void => {
    for (let k = 0; k < width; k++) operand[k] = asOperand(x[token * width + k]!);
    for (let g = 0; g < groups; g++) {
      let squares = 0;
      for (let k = g * perGroup; k < (g + 1) * perGroup; k++) squares = round(squares + round(x[token * width + k]! * x[token * width + k]!));
      means[g] = round(squares / perGroup);
      if (dialect.norm !== 'none') roots[g] = inverseRoot(means[g]!, dialect, round);
      for (let j = 0; j < count; j++) {
        let sum = 0;
        for (let k = g * perGroup; k < (g + 1) * perGroup; k++) sum = round(sum + round(operand[k]! * folded[j * width + k]!));
        products[g * count + j] = sum;
      }
    }
    coefficientBlocks(n).forEach(([from, length], k) => {
      for (let j = from; j < from + length; j++) {
        let sum = 0;
        for (let g = 0; g < groups; g++) sum = round(sum + round(roots[g]! * products[g * count + j]!));
        normalised[j] = sum;
        logits[j] = round(round(scales[k]! * sum) + biases[j]!);
      }
    });
  };
  return { groups, perGroup, count, operand, folded, means, roots, products, normalised, logits, of };
}

/** 1/√(mean + ε), or 1/(√mean + ε). */
export function inverseRoot(mean: number, { rmsEpsilon, rmsEpsilonPlace }: Pick<MappingsDialect, 'rmsEpsilon' | 'rmsEpsilonPlace'>, round: Round): number {
  if (rmsEpsilonPlace === 'inside') return round(1 / round(Math.sqrt(round(mean + rmsEpsilon))));
  return round(1 / round(round(Math.sqrt(mean)) + rmsEpsilon));
}

/** ∂r/∂s·2, s the sum of squares: −r³/K, or −r²/(√mean·K) where ε is outside the root. */
export function inverseRootSlope(mean: number, root: number, perGroup: number, { rmsEpsilonPlace }: Pick<MappingsDialect, 'rmsEpsilonPlace'>, round: Round): number {
  const square = round(root * root);
  if (rmsEpsilonPlace === 'inside') return round(-round(square * root) / perGroup);
  return round(-square / round(round(Math.sqrt(mean)) * perGroup));
}
