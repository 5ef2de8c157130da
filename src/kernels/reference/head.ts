/** The final collapse y = Σ_i mix_i·x_i with mix = σ(α·r·(x·φᵀ) + b) + ε, and its derivative, everything recomputed from the inputs. */
import { tf32 } from '../../operations/calculus/tf32.ts';
import type { HeadDialect } from '../../operations/layers/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import { inverseRoot, inverseRootSlope } from './coefficients.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { sigmoid } from './mappings.ts';

/** One token's mixes and what they came from; the next token overwrites them. */
interface Mixes {
  readonly groups: number;
  readonly perGroup: number;
  /** φ as the projection reads it [n, nC]. */
  readonly matrix: Float64Array;
  readonly means: Float64Array;
  readonly roots: Float64Array;
  /** m [groups, n], r·m, σ(z) and the mixes [n]. */
  readonly products: Float64Array;
  readonly normalised: Float64Array;
  readonly gates: Float64Array;
  readonly mixes: Float64Array;
  of(token: number): void;
}

/** streams [B,n,C], headProjection [n,nC], headScale [1], headBiases [n] → collapsed [B,C]. */
export function headKernel(dialect: HeadDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, sizes) => {
    const { tokens, streams: n, channels } = sizes;
    const x = valuesOf(inputs['streams']!);
    const head = mixesOf(inputs, sizes, dialect, round);
    const collapsed = new Float64Array(tokens * channels);
    for (let token = 0; token < tokens; token++) {
      head.of(token);
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum = round(sum + round(head.mixes[i]! * x[(token * n + i) * channels + c]!));
        collapsed[token * channels + c] = sum;
      }
    }
    return { collapsed: tensor(collapsed, [tokens, channels], storage) };
  };
}

/** The inputs of the forward kernel and a cotangent [B,C] → the gradient of each input; those of the parameters are sums over the tokens. */
export function headVjpKernel(dialect: HeadDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const asOperand = operandRounding(dialect);
  return (inputs, sizes) => {
    const { tokens, streams: n, channels } = sizes;
    const width = n * channels;
    const [x, scale, cotangent] = ['streams', 'headScale', 'cotangent'].map((name) => valuesOf(inputs[name]!)) as [Float64Array, Float64Array, Float64Array];
    const head = mixesOf(inputs, sizes, dialect, round);
    const { groups, perGroup, matrix, roots, means, products, normalised, gates, mixes } = head;
    const streamsGradient = new Float64Array(tokens * width);
    const projectionGradient = new Float64Array(n * width);
    const biasesGradient = new Float64Array(n);
    let scaleGradient = 0;
    const [t, m] = [new Float64Array(n), new Float64Array(n)];
    for (let token = 0; token < tokens; token++) {
      head.of(token);
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum = round(sum + round(x[(token * n + i) * channels + c]! * cotangent[token * channels + c]!));
        const z = round(sum * round(gates[i]! * round(1 - gates[i]!)));
        biasesGradient[i] = round(biasesGradient[i]! + z);
        scaleGradient = round(scaleGradient + round(z * normalised[i]!));
        t[i] = round(scale[0]! * z);
      }
      for (let g = 0; g < groups; g++) {
        let root = 0; // ∂r
        for (let j = 0; j < n; j++) {
          root = round(root + round(t[j]! * products[g * n + j]!));
          m[j] = asOperand(round(roots[g]! * t[j]!));
        }
        const radial = dialect.norm === 'none' ? 0 : round(root * inverseRootSlope(means[g]!, roots[g]!, perGroup, dialect, round));
        for (let k = g * perGroup; k < (g + 1) * perGroup; k++) {
          const value = x[token * width + k]!;
          let through = round(mixes[Math.floor(k / channels)]! * cotangent[token * channels + (k % channels)]!);
          for (let j = 0; j < n; j++) {
            through = round(through + round(m[j]! * matrix[j * width + k]!));
            projectionGradient[j * width + k] = round(projectionGradient[j * width + k]! + round(m[j]! * asOperand(value)));
          }
          streamsGradient[token * width + k] = round(through + round(radial * value));
        }
      }
    }
    return {
      streamsGradient: tensor(streamsGradient, [tokens, n, channels], storage),
      headProjectionGradient: tensor(projectionGradient, [n, width], storage),
      headScaleGradient: tensor([scaleGradient], [1], storage),
      headBiasesGradient: tensor(biasesGradient, [n], storage),
    };
  };
}

function operandRounding({ projectionRounding }: HeadDialect): Round {
  if (projectionRounding === 'exact' || projectionRounding === 'tf32-any') return (value) => value;
  return (value) => tf32(value, projectionRounding === 'tf32-half-up' ? 'half-up' : 'nearest-even');
}

function mixesOf(inputs: Readonly<Record<string, Tensor>>, { streams: n, channels }: Sizes, dialect: HeadDialect, round: Round): Mixes {
  const [x, projection, scale, biases] = ['streams', 'headProjection', 'headScale', 'headBiases'].map((name) => valuesOf(inputs[name]!)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const width = n * channels;
  const groups = dialect.norm === 'per-stream' ? n : 1;
  const perGroup = width / groups;
  const asOperand = operandRounding(dialect);
  const matrix = projection.map(asOperand);
  const [means, roots] = [new Float64Array(groups), new Float64Array(groups).fill(1)];
  const products = new Float64Array(groups * n);
  const [normalised, gates, mixes] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const of = (token: number): void => {
    for (let g = 0; g < groups; g++) {
      let squares = 0;
      for (let k = g * perGroup; k < (g + 1) * perGroup; k++) squares = round(squares + round(x[token * width + k]! * x[token * width + k]!));
      means[g] = round(squares / perGroup);
      if (dialect.norm !== 'none') roots[g] = inverseRoot(means[g]!, dialect, round);
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = g * perGroup; k < (g + 1) * perGroup; k++) sum = round(sum + round(asOperand(x[token * width + k]!) * matrix[j * width + k]!));
        products[g * n + j] = sum;
      }
    }
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let g = 0; g < groups; g++) sum = round(sum + round(roots[g]! * products[g * n + j]!));
      normalised[j] = sum;
      gates[j] = sigmoid(round(round(scale[0]! * sum) + biases[j]!), round);
      mixes[j] = dialect.preEpsilon > 0 ? round(gates[j]! + dialect.preEpsilon) : gates[j]!;
    }
  };
  return { groups, perGroup, matrix, means, roots, products, normalised, gates, mixes, of };
}
