/** mHC-lite's mapping, a softmax-weighted mixture of all n! permutations (arXiv 2601.05732), and its gradient. */
import { placeOf, type PermutationMixtureDialect } from '../../../operations/relatives/permutation-mixture.ts';
import { permutationsOf } from '../../../operations/relatives/permutations.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../../tensor/tensor.ts';
import type { ReferenceRun, Round } from '../kernel.ts';

/** weightLogits [B,n!] → residualMapping [B,n,n]. */
export function permutationMixtureKernel(dialect: PermutationMixtureDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const logits = valuesOf(inputs['weightLogits']!);
    const permutations = permutationsOf(n);
    const result = new Float64Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) {
      const weights = softmax(logits.subarray(token * permutations.length, (token + 1) * permutations.length), round);
      permutations.forEach((permutation, k) =>
        permutation.forEach((image, i) => {
          const at = token * n * n + placeOf(dialect, n, i, image);
          result[at] = round(result[at]! + weights[k]!);
        }),
      );
    }
    return { residualMapping: tensor(result, [tokens, n, n], storage) };
  };
}

/** weightLogits [B,n!], cotangent [B,n,n] → weightLogitsGradient [B,n!]: a_k·(g_k − Σ_l a_l·g_l) with g_k = ⟨G, P_k⟩. */
export function permutationMixtureVjpKernel(dialect: PermutationMixtureDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const [logits, cotangent] = [valuesOf(inputs['weightLogits']!), valuesOf(inputs['cotangent']!)];
    const permutations = permutationsOf(n);
    const count = permutations.length;
    const result = new Float64Array(tokens * count);
    for (let token = 0; token < tokens; token++) {
      const weights = softmax(logits.subarray(token * count, (token + 1) * count), round);
      const g = permutations.map((permutation) => permutation.reduce((sum, image, i) => round(sum + cotangent[token * n * n + placeOf(dialect, n, i, image)]!), 0));
      const mean = g.reduce((sum, value, k) => round(sum + round(weights[k]! * value)), 0);
      g.forEach((value, k) => (result[token * count + k] = round(weights[k]! * round(value - mean))));
    }
    return { weightLogitsGradient: tensor(result, [tokens, count], storage) };
  };
}

function softmax(logits: Float64Array, round: Round): Float64Array {
  const largest = logits.reduce((most, x) => Math.max(most, x), -Infinity);
  const exponentials = logits.map((x) => round(Math.exp(round(x - largest))));
  const sum = exponentials.reduce((total, x) => round(total + x), 0);
  return exponentials.map((x) => round(x / sum));
}
