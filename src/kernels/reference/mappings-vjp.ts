/**
 * Derivative of the mappings, reverse mode, everything recomputed from the inputs (paper §4.3). With p = σ(z), t = r·m and w∘φ as the projection reads it:
 *
 *   ∂z = ∂pre·p(1−p), multiplier·∂post·p(1−p), and for the residual Sinkhorn's derivative of ∂residual
 *   ∂b = Σ ∂z,  ∂α = Σ ∂z·t,  ∂t = α·∂z,  ∂m = r·∂t,  ∂r = Σ_j ∂t_j·m_j
 *   ∂x = (w∘φ)ᵀ·∂m + ∂r·(∂r/∂s)·2·x,  ∂φ = Σ ∂m·(w∘x)ᵀ,  ∂w = Σ x∘(φᵀ·∂m)
 *
 * Where no sum is written for ∂x it is each token's own; ∂b, ∂α, ∂φ and ∂w are sums over all tokens of the call.
 */
import { coefficientBlocks } from '../../operations/mappings/coefficients.ts';
import { sinkhornOf, type MappingsVjpDialect } from '../../operations/mappings/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import { coefficientsOf, inverseRootSlope, operandRounding } from './coefficients.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { sigmoid } from './mappings.ts';
import { sinkhornVjpKernel } from './sinkhorn-vjp.ts';

/**
 * streams [B,n,C], projection, scales, biases, normWeight, cotangents of the mappings
 * → streamsGradient, projectionGradient, scalesGradient, biasesGradient, normWeightGradient, shaped as what they belong to.
 */
export function mappingsVjpKernel(dialect: MappingsVjpDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const sinkhornVjp = sinkhornVjpKernel({ ...sinkhornOf(dialect), derivative: dialect.derivative }, round, 'f64');
  const asOperand = operandRounding(dialect);
  return (inputs, sizes) => {
    const { tokens, streams: n, channels } = sizes;
    const width = n * channels;
    const [x, projection, scales, weight] = ['streams', 'projection', 'scales', 'normWeight'].map((name) => valuesOf(inputs[name]!)) as [Float64Array, Float64Array, Float64Array, Float64Array];
    const [pre, post, residual] = ['pre', 'post', 'residual'].map((name) => valuesOf(inputs[`${name}MappingCotangent`]!)) as [Float64Array, Float64Array, Float64Array];
    const coefficients = coefficientsOf(inputs, sizes, dialect, round);
    const { groups, perGroup, count, folded, roots, means, products, normalised, logits } = coefficients;
    const streamsGradient = new Float64Array(tokens * width);
    const projectionGradient = new Float64Array(count * width);
    const scalesGradient = new Float64Array(3);
    const biasesGradient = new Float64Array(count);
    const normWeightGradient = new Float64Array(width);
    const z = new Float64Array(count); // ∂z
    const t = new Float64Array(count); // ∂t
    const m = new Float64Array(count); // ∂m of one group, as the projection reads it
    for (let token = 0; token < tokens; token++) {
      coefficients.of(token);
      const matrices = { logits: matrix(logits.slice(2 * n), n), cotangent: matrix(residual.slice(token * n * n, (token + 1) * n * n), n) };
      z.set(valuesOf(sinkhornVjp(matrices, { ...sizes, tokens: 1 })['logitsGradient']!), 2 * n);
      for (let j = 0; j < 2 * n; j++) {
        const p = sigmoid(logits[j]!, round);
        const g = j < n ? pre[token * n + j]! : round(dialect.postMultiplier * post[token * n + j - n]!);
        z[j] = round(g * round(p * round(1 - p)));
      }
      coefficientBlocks(n).forEach(([from, length], k) => {
        for (let j = from; j < from + length; j++) {
          biasesGradient[j] = round(biasesGradient[j]! + z[j]!);
          scalesGradient[k] = round(scalesGradient[k]! + round(z[j]! * normalised[j]!));
          t[j] = round(scales[k]! * z[j]!);
        }
      });
      for (let g = 0; g < groups; g++) {
        let root = 0; // ∂r
        for (let j = 0; j < count; j++) {
          root = round(root + round(t[j]! * products[g * count + j]!));
          m[j] = asOperand(round(roots[g]! * t[j]!));
        }
        const radial = dialect.norm === 'none' ? 0 : round(root * inverseRootSlope(means[g]!, roots[g]!, perGroup, dialect, round));
        for (let k = g * perGroup; k < (g + 1) * perGroup; k++) {
          const value = x[token * width + k]!;
          const weighted = asOperand(dialect.normWeight ? round(weight[k]! * value) : value);
          let [through, unweighted] = [0, 0];
          for (let j = 0; j < count; j++) {
            through = round(through + round(m[j]! * folded[j * width + k]!));
            unweighted = round(unweighted + round(m[j]! * projection[j * width + k]!));
            projectionGradient[j * width + k] = round(projectionGradient[j * width + k]! + round(m[j]! * weighted));
          }
          streamsGradient[token * width + k] = round(through + round(radial * value));
          if (dialect.normWeight) normWeightGradient[k] = round(normWeightGradient[k]! + round(value * unweighted));
        }
      }
    }
    return {
      streamsGradient: tensor(streamsGradient, [tokens, n, channels], storage),
      projectionGradient: tensor(projectionGradient, [count, width], storage),
      scalesGradient: tensor(scalesGradient, [3], storage),
      biasesGradient: tensor(biasesGradient, [count], storage),
      normWeightGradient: tensor(normWeightGradient, [width], storage),
    };
  };
}

/** One n×n matrix as it is: f64 keeps what `round` left. */
function matrix(values: Float64Array, n: number): Tensor {
  return tensor(values, [1, n, n], 'f64');
}
