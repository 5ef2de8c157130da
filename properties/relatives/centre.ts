/**
 * Claims: at the centre of each parameterisation the gradient has a closed form that needs no softmax, no solve and no products.
 *   mixture    equal logits: a_k = 1/n!, so ∂z_k = (g_k − mean g)/n! with g_k = Σ_i G at the ones of P_k
 *   kronecker  z = 0: all factors ½, so ∂z_f = ¼·½^{k−1}·Σ_ij ±G_ij, + where i and j agree in bit f
 *   cayley     W = 0: Q = I and dQ = 2·dS, so ∂W = 2·factor·(G − Gᵀ); also of the fixed point, whose later steps vanish with S
 *   hyper      z = 0: tanh = 0 and tanh' = 1, so ∂z = α·G and ∂α = 0
 * Proof: insert. Bound: the kernel's own at these inputs, and the f64 error of the closed form. Class: exact. Sees signs, factors and missing terms of derivatives.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken, placeIn } from './matrices.ts';
import { elementsPerToken, type OperationId, type Values } from '../../src/operations/operation.ts';
import type { CayleyDialect } from '../../src/operations/relatives/cayley.ts';
import type { HyperConnectionDialect } from '../../src/operations/relatives/hyper-connection.ts';
import type { PermutationMixtureDialect } from '../../src/operations/relatives/permutation-mixture.ts';
import { permutationsOf } from '../../src/operations/relatives/permutations.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

/** A value and the sum of its terms' magnitudes. */
type Expected = readonly [value: number, magnitude: number, terms: number];

interface Token<D> {
  readonly n: number;
  readonly dialect: D;
  /** The token's cotangent at (i, j). */
  readonly g: (i: number, j: number) => number;
  readonly inputs: Values;
  readonly token: number;
}

function centre<D>(id: string, operation: OperationId, logits: string, expected: (token: Token<D>, output: string, k: number) => Expected | undefined): Property {
  return defineProperty<D>({
    id,
    operation,
    claim: 'At equal logits the gradient is its closed form.',
    class: 'exact',
    usesReference: false,
    inputs: {},
    power: ['lower-precision'],
    async check(context) {
      const { sizes: { streams: n }, kernel } = context;
      const inputs: Values = { ...context.inputs, [logits]: new Float64Array(context.inputs[logits]!.length) };
      const output = await context.run(inputs);
      const bounded = context.bounded(inputs);
      const judge = context.judge();
      eachToken(context, [bounded], (token) => {
        const g = (i: number, j: number): number => inputs['cotangent']![(token * n + i) * n + j]!;
        for (const port of kernel.operation.outputs) {
          const per = elementsPerToken(port, context.sizes);
          for (let k = 0; k < per; k++) {
            const closed = expected({ n, dialect: kernel.dialect, g, inputs, token }, port.name, k);
            if (closed === undefined) continue;
            const [value, magnitude, terms] = closed;
            const index = token * per + k;
            judge.atMost(token, output[port.name]![index]! - value, bounded.errors[port.name]![index]! + evaluationError(terms + 3, magnitude), port.name, index, () => 'gradient − closed form');
          }
        }
      });
      return judge.finish();
    },
  });
}

export const mixtureCentre = centre<PermutationMixtureDialect>('relatives/mixture-centre', 'permutation-mixture-vjp', 'weightLogits', ({ n, dialect, g }, _output, k) => {
  const permutations = permutationsOf(n);
  const at = (i: number, image: number): number => (dialect.ones === 'rows' ? g(i, image) : g(image, i));
  const own = permutations[k]!.reduce((sum, image, i) => sum + at(i, image), 0);
  let [mean, magnitude] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      mean += g(i, j) / n; // every place is hit by (n−1)! of n! permutations
      magnitude += Math.abs(g(i, j));
    }
  }
  return [(own - mean) / permutations.length, (2 * magnitude) / permutations.length, n * n];
});

export const kroneckerCentre = centre('relatives/kronecker-centre', 'kronecker-vjp', 'factorLogits', ({ n, g }, _output, f) => {
  const count = Math.round(Math.log2(n));
  let [sum, magnitude] = [0, 0];
  for (let k = 0; k < n * n; k++) {
    const [i, j] = placeIn(n, k);
    sum += (((i ^ j) >> (count - 1 - f)) & 1) === 0 ? g(i, j) : -g(i, j);
    magnitude += Math.abs(g(i, j));
  }
  const factor = 2 ** -(count + 1);
  return [factor * sum, factor * magnitude, n * n];
});

export const cayleyCentre = centre<CayleyDialect>('relatives/cayley-centre', 'cayley-vjp', 'logits', ({ n, dialect, g }, _output, k) => {
  const [i, j] = placeIn(n, k);
  const factor = 2 * dialect.factor;
  return [factor * (g(i, j) - g(j, i)), Math.abs(factor) * (Math.abs(g(i, j)) + Math.abs(g(j, i))), 2];
});

export const hyperConnectionCentre = centre<HyperConnectionDialect>('relatives/hyper-connection-centre', 'hyper-connection-vjp', 'logits', ({ n, g, inputs, token }, output, k) => {
  const value = output === 'gateGradient' ? 0 : output === 'staticMappingGradient' ? g(...placeIn(n, k)) : inputs['gate']![token]! * g(...placeIn(n, k));
  return [value, Math.abs(value), 1];
});
