/**
 * Claim: mixing twice is mixing once with the product of the mappings: f(H′, f(H, x)) = f(H′H, x) (MATHS.md M15). H′ is H with its rows shifted
 * by one; the check sets post to zero.
 *
 * Proof: (E′E)x = E′(Ex). Write ŷ = f̂(H, x), within e of Ex. Then f̂(H′, ŷ) is within its own bound of E′ŷ, which is within |E′|e of E′Ex. The stored
 * product is E′E + Δ with Δ known up to the f64 error of evaluating it; Δ·x is subtracted. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { multiply } from '../small-matrices.ts';
import { effectiveMapping } from './mixing.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const composition = defineProperty<MixingDialect>({
  id: 'streams/composition',
  operation: 'stream-write',
  claim: 'Mixing twice is mixing once with the product of the mappings.',
  class: 'exact',
  usesReference: false,
  inputs: { channelCounts: [1, 3, 8, 31, 64] },
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { dialect } = context.kernel;
    const mapping = context.inputs['residualMapping']!;
    const postMapping = new Float64Array(tokens * n);
    const second = mapping.map((_, index) => mapping[index - (index % (n * n)) + (((index % (n * n)) + n) % (n * n))]!);
    const exact = new Float64Array(mapping.length); // E′E, stored as the dialect stores a mapping
    for (let token = 0; token < tokens; token++) {
      const [first, then] = [mapping, second].map((from) => effectiveMapping(from, token * n * n, n, dialect)) as [Float64Array, Float64Array];
      exact.set(effectiveMapping(multiply(then, first, n), 0, n, dialect), token * n * n);
    }
    const product = context.round('residualMapping', exact);
    const once = { ...context.inputs, postMapping, residualMapping: mapping };
    const between = (await context.run(once))['nextStreams']!;
    const twice = { ...once, residualMapping: second, streams: context.round('streams', between) };
    const direct = { ...once, residualMapping: product };
    const [stepwise, atOnce] = [(await context.run(twice))['nextStreams']!, (await context.run(direct))['nextStreams']!];
    const [first, then, both] = [once, twice, direct].map((inputs) => context.bounded(inputs)) as [ReturnType<typeof context.bounded>, ReturnType<typeof context.bounded>, ReturnType<typeof context.bounded>];
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if ([first, then, both].some((bounded) => bounded.certified[token] === 0)) continue;
      const matrix = (values: Float64Array): Float64Array => effectiveMapping(values, token * n * n, n, dialect);
      const [e1, e2, rounded, computed] = [mapping, second, product, exact].map(matrix) as [Float64Array, Float64Array, Float64Array, Float64Array];
      const magnitudes = multiply(e2.map(Math.abs), e1.map(Math.abs), n);
      for (let c = 0; c < channels; c++) {
        const at = (i: number): number => (token * n + i) * channels + c;
        for (let i = 0; i < n; i++) {
          let [known, carried, magnitude] = [0, 0, 0];
          for (let j = 0; j < n; j++) {
            const x = context.inputs['streams']![at(j)]!;
            // between was rounded to the input's dtype, which may be narrower than the output's
            const stored = Math.abs(twice.streams[at(j)]! - between[at(j)]!);
            known += (rounded[i * n + j]! - computed[i * n + j]!) * x;
            carried += Math.abs(e2[i * n + j]!) * (first.errors['nextStreams']![at(j)]! + stored);
            magnitude += (magnitudes[i * n + j]! + Math.abs(rounded[i * n + j]!)) * Math.abs(x);
          }
          const index = at(i);
          const bound = carried + then.errors['nextStreams']![index]! + both.errors['nextStreams']![index]!;
          const own = evaluationError(2 * n + 3, 2 * magnitude + Math.abs(stepwise[index]!) + Math.abs(atOnce[index]!));
          judge.atMost(token, atOnce[index]! - stepwise[index]! - known, bound + own, 'nextStreams', index, () => 'result of the product − result in two steps');
        }
      }
    }
    return judge.finish();
  },
});
