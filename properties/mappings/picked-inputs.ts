/**
 * Claim: a coefficient whose row of the projection has one entry has a closed form, z = α·r·x_k·w_k·φ_k + b with r from the sum of squares alone: pre = σ(z) + ε,
 * post = multiplier·σ(z), and where all rows of the residual have one entry its cross ratios are those of the start that z gives (sinkhorn/cross-ratios).
 *
 * Proof: the other products are zero. The tolerance is the kernel's own bound of the element; for cross ratios four entry errors of Sinkhorn with logits that are off by
 * |Δz| ≤ |α·t|·γ_k + u·|z| + storage, k = K + 12 + roundings of rsqrt and division, to which log A responds at most with 2|Δz|/τ. Class: exact.
 * The residual part is about exponentials and T half-step pairs; gates are judged in every dialect.
 * Sees which number of x meets which row: strides, lanes and tails of K, the order of the coefficients, α and b of another mapping, the norm's group, weight and ε.
 */
import { evaluationError } from '../evaluation.ts';
import { entryErrors, logRatios } from '../sinkhorn/entry-errors.ts';
import { outsideIteration } from '../sinkhorn/form.ts';
import { startOf } from '../sinkhorn/start.ts';
import { tokenRandom } from '../tokens.ts';
import { computeUnit, gamma } from '../../src/numerics/arithmetic.ts';
import { tf32 } from '../../src/operations/calculus/tf32.ts';
import { coefficientBlocks, tensorFloatOf } from '../../src/operations/mappings/coefficients.ts';
import { sinkhornOf, type MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { isClaimed } from '../../src/operations/operation.ts';
import { unitRoundoff } from '../../src/tensor/dtype.ts';
import { defineProperty, type CheckContext } from '../../src/verify/property.ts';
import { factorOf } from './norm.ts';
import { allStreams } from './plans.ts';

export const pickedInputs = defineProperty<MappingsDialect>({
  id: 'mappings/picked-inputs',
  operation: 'mappings',
  claim: 'Coefficients that look at one number have the value that the number gives them.',
  class: 'exact',
  usesReference: false,
  inputs: { parameters: ['picking', 'picking-wide', 'one-hot'], streams: allStreams, channelCounts: [1, 3, 8, 31, 33, 64, 129, 257] },
  power: ['lower-precision'],
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const { tokens, streams: n } = sizes;
    const { preEpsilon, postMultiplier } = kernel.dialect;
    const output = await context.run(inputs);
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const picks = picksOf(context);
    const [pre, post] = kernel.operation.outputs;
    const iterated = outsideIteration(sinkhornOf(kernel.dialect)) === undefined;
    for (let token = 0; token < tokens; token++) {
      const logits = Float64Array.from(picks, (pick) => (pick === undefined ? NaN : logitOf(context, token, pick).value));
      const sizesOf = picks.map((pick) => (pick === undefined ? 0 : logitOf(context, token, pick).size));
      for (let j = 0; j < 2 * n; j++) {
        const [port, index] = j < n ? [pre!, token * n + j] : [post!, token * n + j - n];
        if (Number.isNaN(logits[j]!) || !isClaimed(bounded, port, token, index)) continue;
        const gate = 1 / (1 + Math.exp(-logits[j]!));
        const expected = j < n ? gate + preEpsilon : postMultiplier * gate;
        const own = evaluationError(sizes.channels * n + 16, (postMultiplier + 1) * (sizesOf[j]! + 1));
        judge.atMost(token, output[port.name]![index]! - expected, bounded.errors[port.name]![index]! + own, port.name, index, () => `${port.name} − value of the number that it looks at`);
      }
      if (!iterated || logits.subarray(2 * n).some(Number.isNaN)) continue;
      const shift = Math.max(...sizesOf.slice(2 * n).map((size) => logitError(context, size))) / kernel.dialect.temperature;
      residualRatios(context, token, logits.slice(2 * n), 2 * shift, output['residualMapping']!, bounded.errors['residualMapping']!, judge);
    }
    return judge.finish();
  },
});

interface Pick {
  readonly coefficient: number;
  readonly column: number;
}

/** The one column that each coefficient looks at; undefined where it looks at none or several. */
function picksOf({ inputs, sizes: { streams: n, channels } }: CheckContext<MappingsDialect>): (Pick | undefined)[] {
  const width = n * channels;
  return Array.from({ length: n * n + 2 * n }, (_, coefficient) => {
    const row = inputs['projection']!.subarray(coefficient * width, (coefficient + 1) * width);
    const column = row.findIndex((value) => value !== 0);
    return column < 0 || row.subarray(column + 1).some((value) => value !== 0) ? undefined : { coefficient, column };
  });
}

/** z of one coefficient; `size` is |α·t| + |b|. */
function logitOf({ kernel: { dialect, arithmetic }, inputs, sizes }: CheckContext<MappingsDialect>, token: number, { coefficient, column }: Pick): { value: number; size: number } {
  const { streams: n, channels } = sizes;
  const width = n * channels;
  const rounding = tensorFloatOf(dialect);
  const operand = (value: number): number => (rounding === undefined ? value : tf32(arithmetic.compute === 'f32' ? Math.fround(value) : value, rounding));
  const phi = inputs['projection']![coefficient * width + column]!;
  const product = operand(inputs['streams']![token * width + column]!) * operand(dialect.normWeight ? phi * inputs['normWeight']![column]! : phi);
  const block = coefficientBlocks(n).findLastIndex(([from]) => from <= coefficient);
  const dynamic = inputs['scales']![block]! * factorOf(inputs['streams']!, token, column, sizes, dialect) * product;
  const bias = inputs['biases']![coefficient]!;
  return { value: dynamic + bias, size: Math.abs(dynamic) + Math.abs(bias) };
}

/** What a kernel's logit may be off by, relative to |α·t| + |b|, where nothing underflows. */
function logitError({ kernel: { arithmetic, dialect }, sizes: { streams: n, channels } }: CheckContext<MappingsDialect>, size: number): number {
  const divided = arithmetic.division.perLine + arithmetic.division.perEntry;
  const rounded = gamma(n * channels + 12 + arithmetic.inverseSqrt + 3 * divided, computeUnit(arithmetic));
  const stored = arithmetic.storage === arithmetic.compute ? 0 : gamma(4, unitRoundoff[arithmetic.storage]);
  // the operand of a weighted projection may round to the other neighbour
  const operand = tensorFloatOf(dialect) === undefined || (tensorFloatOf(dialect) !== 'any' && !dialect.normWeight) ? 0 : gamma(4, 2 ** -11);
  return size * (rounded + stored + operand) + 2 ** -60;
}

/** Cross ratios against one pivot row and column, as in sinkhorn/cross-ratios. */
function residualRatios(
  context: CheckContext<MappingsDialect>, token: number, logits: Float64Array, shift: number, output: Float64Array, errors: Float64Array, judge: ReturnType<CheckContext['judge']>,
): void {
  const { kernel, sizes: { streams: n } } = context;
  const from = token * n * n;
  const own = errors.subarray(from, from + n * n);
  if (!own.every(Number.isFinite)) return;
  const sinkhorn = { ...kernel, dialect: sinkhornOf(kernel.dialect) } as never;
  const start = startOf(sinkhornOf(kernel.dialect), kernel.arithmetic, logits, n);
  const x = output.subarray(from, from + n * n);
  const entries = entryErrors(sinkhorn, start, x, () => own);
  const { ratios, evaluation } = logRatios(start, x);
  const random = tokenRandom(context, 'pivot', token);
  const [row, column] = [random.below(n), random.below(n)];
  const at = (values: Float64Array, i: number, j: number): number => values[i * n + j]!;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i === row || j === column) continue;
      const bound = at(entries, i, j) + at(entries, row, column) + at(entries, i, column) + at(entries, row, j) + 4 * (evaluation + shift);
      if (!(bound < Infinity)) continue;
      const defect = at(ratios, i, j) + at(ratios, row, column) - at(ratios, i, column) - at(ratios, row, j);
      judge.atMost(token, defect, bound, 'residualMapping', from + i * n + j, () => `log cross ratio of (${i},${j}) against (${row},${column}) − that of the numbers that they look at`);
    }
  }
}
