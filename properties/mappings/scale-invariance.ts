/**
 * Claim: the mappings of 2^k·x are those of x, except for what the norm's ε does (MATHS.md K5, F10).
 *
 * Proof: with ρ = 2^k·r(2^k·x)/r(x), known from the sums of squares, z − b becomes ρ·(z − b) where one norm covers all (each stream's part its own ρ otherwise). By
 * Cauchy–Schwarz |z − b| ≤ |α|·√K·‖w∘φ_j‖ over the columns of a norm, so a logit moves by at most d = |α|·Σ_g |1 − ρ_g|·√K·‖w∘φ_j‖_g, a gate by d/4, and every
 * log entry of Sinkhorn by (4T + 2)·d/τ: a softmax moves its entries by 2d/τ, and each of the ≤ 2T half-steps subtracts log sums, which are non-expansive in the largest
 * difference. (|L| has no such log, and a threshold or an early stop may change its mind: there only the gates are judged.) Both results are within their own bounds.
 * Scaling is exact; TF32 commutes with it. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { outsideIteration } from '../sinkhorn/form.ts';
import { partsOf, tokenRandom } from '../tokens.ts';
import { coefficientBlocks } from '../../src/operations/mappings/coefficients.ts';
import { sinkhornOf, type MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { isClaimed } from '../../src/operations/operation.ts';
import { maxFinite, minNormal } from '../../src/tensor/dtype.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import { factorOf } from './norm.ts';
import { moderate } from './plans.ts';

export const scaleInvariance = defineProperty<MappingsDialect>({
  id: 'mappings/scale-invariance',
  operation: 'mappings',
  claim: 'Streams that are a power of two larger give the same mappings, up to the response to the epsilon of the norm.',
  class: 'exact',
  usesReference: false,
  inputs: moderate,
  power: [],
  notApplicable: ({ dialect }) => (dialect.norm === 'none' ? 'the dialect has no norm' : undefined),
  async check(context) {
    const { kernel, sizes } = context;
    const { tokens, streams: n, channels } = sizes;
    const width = n * channels;
    const exponents = Array.from({ length: tokens }, (_, token) => exponentFor(context, token));
    const streams = context.inputs['streams']!.map((value, at) => value * 2 ** (exponents[Math.floor(at / width)] ?? 0));
    const scaled = { ...context.inputs, streams };
    const [plain, other] = [await context.run(context.inputs), await context.run(scaled)];
    const [a, b] = [context.bounded(context.inputs), context.bounded(scaled)];
    const norms = normsOf(context);
    const iterated = outsideIteration(sinkhornOf(kernel.dialect)) === undefined;
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      const exponent = exponents[token];
      if (exponent === undefined) continue;
      const moved = movesOf(context, streams, token, exponent, norms);
      for (const port of kernel.operation.outputs) {
        if (port.name === 'residualMapping' && !iterated) continue;
        const { from, to } = partsOf(port, sizes)[token]!;
        const block = { preMapping: 0, postMapping: n, residualMapping: 2 * n }[port.name]!;
        const largest = Math.max(...moved.subarray(2 * n));
        for (let index = from; index < to; index++) {
          if (!isClaimed(a, port, token, index) || !isClaimed(b, port, token, index)) continue;
          const response = port.name === 'residualMapping'
            ? Math.expm1(((4 * kernel.dialect.iterations + 2) * largest) / kernel.dialect.temperature) * (Math.abs(plain[port.name]![index]!) + a.errors[port.name]![index]!)
            : (Math.max(1, kernel.dialect.postMultiplier) * moved[block + index - from]!) / 4;
          const bound = a.errors[port.name]![index]! + b.errors[port.name]![index]! + response;
          if (!(bound < Infinity)) continue;
          judge.atMost(token, other[port.name]![index]! - plain[port.name]![index]!, bound, port.name, index, () => `mapping of 2^${exponent}·x − mapping of x`);
        }
      }
    }
    return judge.finish();
  },
});

/** A power that keeps a token's streams and their squares exact and normal, or undefined. */
function exponentFor(context: CheckContext<MappingsDialect>, token: number): number | undefined {
  const { kernel: { arithmetic, dtypes }, sizes: { streams: n, channels }, inputs } = context;
  const random = tokenRandom(context, 'power of two', token);
  const exponent = random.sign() * random.integer(1, 9);
  const dtype = dtypes['streams']!;
  const least = minNormal[arithmetic.compute] ** 0.5 * 2 ** 16;
  const most = maxFinite[arithmetic.compute] ** 0.5 / (n * channels);
  for (let at = token * n * channels; at < (token + 1) * n * channels; at++) {
    const size = Math.abs(inputs['streams']![at]!);
    if (size === 0) continue;
    const [low, high] = [size * Math.min(1, 2 ** exponent), size * Math.max(1, 2 ** exponent)];
    if (!(low >= Math.max(least, minNormal[dtype]) && high <= Math.min(most, maxFinite[dtype]))) return undefined;
  }
  return exponent;
}

/** |α|·√K·‖w∘φ_j‖ of each coefficient and each group of columns that has one norm, [coefficients, groups]. */
function normsOf({ kernel: { dialect }, inputs, sizes: { streams: n, channels } }: CheckContext<MappingsDialect>): Float64Array[] {
  const width = n * channels;
  const groups = dialect.norm === 'per-stream' ? n : 1;
  const perGroup = width / groups;
  return coefficientBlocks(n).flatMap(([from, count], k) =>
    Array.from({ length: count }, (_, j) => {
      const squares = new Float64Array(groups);
      for (let column = 0; column < width; column++) {
        const value = inputs['projection']![(from + j) * width + column]! * (dialect.normWeight ? inputs['normWeight']![column]! : 1);
        squares[Math.floor(column / perGroup)]! += value * value;
      }
      // rounding to TF32 may make an operand larger by 2⁻¹¹
      return squares.map((sum) => Math.abs(inputs['scales']![k]!) * Math.sqrt(perGroup * sum) * (1 + 2 ** -9));
    }),
  );
}

/** How far each logit of a token may move; f64 evaluates ρ with K + 12 roundings. */
function movesOf({ kernel: { dialect }, inputs, sizes }: CheckContext<MappingsDialect>, scaled: Float64Array, token: number, exponent: number, norms: readonly Float64Array[]): Float64Array {
  const groups = norms[0]!.length;
  const perGroup = (sizes.streams * sizes.channels) / groups;
  const differences = Array.from({ length: groups }, (_, g) => {
    const [before, after] = [inputs['streams']!, scaled].map((x) => factorOf(x, token, g * perGroup, sizes, dialect));
    if (!Number.isFinite(before!) || !Number.isFinite(after!)) return 0; // zeros stay zeros
    const rho = (2 ** exponent * after!) / before!;
    return Math.abs(1 - rho) + evaluationError(2 * perGroup + 24, 1 + rho);
  });
  return Float64Array.from(norms, (norm) => norm.reduce((sum, size, g) => sum + size * differences[g]!, 0));
}
