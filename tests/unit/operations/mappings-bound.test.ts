/**
 * Tries to break the bound of the coefficient kernel: kernels that are written in every way that the declaration allows, over all families of streams and parameters. One
 * error above its bound is a wrong proof. And the bound must have power: what is not as declared exceeds it.
 */
import { describe, expect, test } from 'vitest';

import { coefficientWork, mappingsInParts, mappingsVjpInParts, tf32Truncated, type CoefficientWork } from '../../../fixtures/legitimate/mappings-in-parts.ts';
import { fused, pairwise, plainParts, reciprocal, reversed, type Parts } from '../../../fixtures/legitimate/parts.ts';
import { expand } from '../../../src/generate/expand.ts';
import { finiteParameterFamilies } from '../../../src/generate/families/parameters.ts';
import { Random } from '../../../src/generate/random.ts';
import { mappingsKernel } from '../../../src/kernels/reference/mappings.ts';
import { mappingsVjpKernel } from '../../../src/kernels/reference/mappings-vjp.ts';
import { resolveArithmetic, type ArithmeticInput } from '../../../src/numerics/arithmetic.ts';
import { mappingsPresets, type MappingsDialect } from '../../../src/operations/mappings/dialect.ts';
import { mappings, mappingsVjp } from '../../../src/operations/mappings/index.ts';
import { isClaimed, shapeOf, type Operation, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';

type Run = (inputs: Readonly<Record<string, Tensor>>, sizes: Sizes) => unknown;

/** Sums of 16 columns, then the sums of these: split K. */
const splitK: Parts = {
  ...plainParts(),
  dot: (a, b, count) => {
    let total = 0;
    for (let from = 0; from < count; from += 16) {
      let part = 0;
      for (let k = from; k < Math.min(from + 16, count); k++) part = Math.fround(part + Math.fround(a[k]! * b[k]!));
      total = Math.fround(total + part);
    }
    return total;
  },
};
const before: Partial<CoefficientWork> = { normalise: 'before' };
const deepseek = mappingsPresets['deepseek']!;
const exactlyWeighted: Partial<MappingsDialect> = { normWeight: true };
const styles: readonly [string, Partial<MappingsDialect>, Parts, Partial<CoefficientWork>, ArithmeticInput][] = [
  ['division afterwards, serial', {}, plainParts(), {}, 'ieee-f32'],
  ['weight folded', exactlyWeighted, fused, {}, 'ieee-f32'],
  ['normalised first', {}, plainParts(), before, 'ieee-f32'],
  ['normalised and weighted first, backwards', exactlyWeighted, reversed, before, 'ieee-f32'],
  ['pairwise, declared as such', {}, pairwise, {}, { preset: 'ieee-f32', additions: 12 }],
  ['split K', exactlyWeighted, splitK, {}, 'ieee-f32'],
  ['reciprocals', {}, reciprocal, {}, { preset: 'ieee-f32', division: { perLine: 1, perEntry: 1 } }],
  ['ε outside', { rmsEpsilonPlace: 'outside', rmsEpsilon: 1e-4 }, plainParts(), {}, 'ieee-f32'],
  ['TF32 half up', { projectionRounding: 'tf32-half-up' }, plainParts(), {}, 'ieee-f32'],
  ['TF32 cut, where any is allowed', { projectionRounding: 'tf32-any', ...exactlyWeighted }, plainParts(), { operand: tf32Truncated }, 'ieee-f32'],
  ['TF32 cut of what was normalised first', { projectionRounding: 'tf32-any', ...exactlyWeighted }, fused, { operand: tf32Truncated, ...before }, 'ieee-f32'],
];
const referenceDialects: readonly [string, Partial<MappingsDialect>][] = [
  ['per stream', { norm: 'per-stream', ...exactlyWeighted }],
  ['per stream, ε outside', { norm: 'per-stream', rmsEpsilonPlace: 'outside' }],
  ['no norm', { norm: 'none', rmsEpsilon: 0 }],
  ...Object.entries(mappingsPresets),
];
/** [tokens, streams, channels]: many tokens for the mappings, much width for the gradients of the projection. */
const shapes = [[40, 1, 7], [40, 2, 5], [30, 3, 4], [60, 4, 3], [8, 4, 33], [4, 8, 9], [2, 4, 683]] as const;

let judged = 0;

function draw(operation: Operation, [tokens, streams, channels]: readonly [number, number, number], seed: number, family?: string): { sizes: Sizes; inputs: Values } {
  const sizes = { tokens, streams, channels, depth: 1 };
  const families = { streams: 'mixed', cotangents: 'mixed', parameters: family ?? finiteParameterFamilies[seed % finiteParameterFamilies.length]! };
  const drawn = expand({ operation: operation.id, sizes, seed, families, scale: 1 }, operation, {});
  return { sizes, inputs: Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, values.map(Math.fround)])) };
}

function outputsOf(operation: Operation, run: Run, inputs: Values, sizes: Sizes): Readonly<Record<string, Float64Array>> {
  const tensors = Object.fromEntries(operation.inputs.map((port) => [port.name, tensor(inputs[port.name]!, shapeOf(port, sizes))]));
  return Object.fromEntries(Object.entries(run(tensors, sizes) as Record<string, Tensor>).map(([name, value]) => [name, valuesOf(value)]));
}

/** The largest share of the bound that an error takes, over claimed elements. */
function margin(operation: Operation, run: Run, inputs: Values, sizes: Sizes, dialect: unknown, arithmetic: ArithmeticInput): number {
  const dtypes = Object.fromEntries(operation.outputs.map(({ name }) => [name, 'f32' as const]));
  const bounded = operation.bounded(inputs, sizes, dialect, resolveArithmetic(arithmetic), dtypes);
  const outputs = outputsOf(operation, run, inputs, sizes);
  let largest = 0;
  for (const port of operation.outputs) {
    const [values, errors] = [bounded.values[port.name]!, bounded.errors[port.name]!];
    for (let e = 0; e < values.length; e++) {
      if (!isClaimed(bounded, port, Math.floor((e * sizes.tokens) / values.length), e)) continue;
      judged++;
      const error = Math.abs(outputs[port.name]![e]! - values[e]!);
      if (!(error <= largest * errors[e]!)) largest = error / errors[e]!;
    }
  }
  return largest;
}

const forward = mappings as unknown as Operation;
const backward = mappingsVjp as unknown as Operation;

describe.each(styles)('%s', (_, own, parts, changes, arithmetic) => {
  const dialect: MappingsDialect = { ...deepseek, iterations: 8, ...own };
  const unrolled = { ...dialect, derivative: 'unrolled' as const };
  test.each(shapes.map((shape, k) => [shape, k] as const))('%j keeps the bound', (shape, k) => {
    const rounding: Partial<CoefficientWork> = dialect.projectionRounding === 'exact' ? {} : { operand: coefficientWork(dialect, parts).operand };
    const pieces = { ...rounding, ...changes };
    for (const seed of [k, k + 4]) {
      const given = draw(forward, shape, seed);
      expect(margin(forward, mappingsInParts(dialect, parts, pieces), given.inputs, given.sizes, dialect, arithmetic)).toBeLessThanOrEqual(1);
      const cotangents = draw(backward, shape, seed);
      expect(margin(backward, mappingsVjpInParts(unrolled, parts, pieces), cotangents.inputs, cotangents.sizes, unrolled, arithmetic)).toBeLessThanOrEqual(1);
    }
  });
});

describe.each(referenceDialects)('the plain kernel, %s', (_, own) => {
  const dialect: MappingsDialect = { ...deepseek, ...own, iterations: 8 };
  test.each(['unrolled', 'implicit'] as const)('keeps the bound, %s', (derivative) => {
    shapes.slice(0, 6).forEach((shape, k) => {
      const given = draw(forward, shape, k + 1);
      expect(margin(forward, mappingsKernel(dialect), given.inputs, given.sizes, dialect, 'ieee-f32')).toBeLessThanOrEqual(1);
      const cotangents = draw(backward, shape, k + 1);
      const whole = { ...dialect, derivative };
      expect(margin(backward, mappingsVjpKernel(whole), cotangents.inputs, cotangents.sizes, whole, 'ieee-f32')).toBeLessThanOrEqual(1);
    });
  });
});

describe('what is not as declared exceeds the bound', () => {
  const faults: readonly [string, Partial<MappingsDialect>, Run][] = [
    ['bf16 instead of f32', {}, mappingsKernel({ ...deepseek }, roundTo.bf16)],
    ['ten times the ε of pre', {}, mappingsKernel({ ...deepseek, preEpsilon: 1e-5 })],
    ['no ε of pre', {}, mappingsKernel({ ...deepseek, preEpsilon: 0 })],
    ['gates times 1', {}, mappingsKernel({ ...deepseek, postMultiplier: 1 })],
    ['a norm per stream', {}, mappingsKernel({ ...deepseek, norm: 'per-stream' })],
    ['ε outside', { rmsEpsilon: 1e-4 }, mappingsKernel({ ...deepseek, rmsEpsilon: 1e-4, rmsEpsilonPlace: 'outside' })],
    ['ten times the ε of the norm', { rmsEpsilon: 1e-4 }, mappingsKernel({ ...deepseek, rmsEpsilon: 1e-3 })],
    ['the norm weight ignored', exactlyWeighted, mappingsKernel(deepseek)],
    ['TF32 instead of f32', {}, mappingsKernel({ ...deepseek, projectionRounding: 'tf32-nearest-even' })],
    ['one iteration less', {}, mappingsKernel({ ...deepseek, iterations: 19 })],
  ];
  test.each(faults)('%s', (_, own, run) => {
    const dialect = { ...deepseek, ...own };
    const margins = ['usual', 'wide'].map((family) => {
      const { sizes, inputs } = draw(forward, [40, 4, 8], 9, family);
      return margin(forward, run, inputs, sizes, dialect, 'ieee-f32');
    });
    expect(Math.max(...margins)).toBeGreaterThan(1);
  });

  test('ordinary parameters at K = 2728 are claimed, all of them', () => {
    const { sizes, inputs } = draw(forward, [3, 4, 682], 5, 'usual');
    const streams = inputs['streams']!.map(() => 0);
    new Random(4).fillNormal(streams, 0, streams.length, 1);
    const bounded = mappings.bounded({ ...inputs, streams: streams.map(Math.fround) }, sizes, deepseek, resolveArithmetic('ieee-f32'), {});
    for (const errors of Object.values(bounded.errors)) expect(errors.every((error) => error < 0.1)).toBe(true);
  });
});

test('more than a million elements were judged', () => expect(judged).toBeGreaterThan(1_000_000));
