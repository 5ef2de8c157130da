import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import type { Operation, Sizes, Values } from '../../../src/operations/operation.ts';
import { evaluateStack, evaluateStackVjp } from '../../../src/operations/stack/evaluate.ts';
import { stack, stackVjp } from '../../../src/operations/stack/index.ts';
import type { MixingDialect } from '../../../src/operations/streams/dialect.ts';
import { streamRead, streamReadVjp, streamWrite, streamWriteVjp } from '../../../src/operations/streams/index.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { drawInputs, inputKinds, kernelAlgebra, largestMargin, oriented, presetOf, storingAlgebra, styles, transposed, type KernelStyle } from './mixing-cases.ts';

const operations = [streamRead, streamReadVjp, streamWrite, streamWriteVjp, stack, stackVjp] as unknown as readonly Operation<MixingDialect>[];
const dialects: readonly MixingDialect[] = [{ orientation: 'plain' }, { orientation: 'transposed' }];

/** What a kernel of the style returns: the formulas below are written out again, not taken from the operation. */
function kernel(operation: Operation<MixingDialect>, style: KernelStyle, inputs: Values, sizes: Sizes, dialect: MixingDialect): Values {
  const { tokens, streams: n, channels: c } = sizes;
  const algebra = kernelAlgebra(style);
  const { preMapping: pre, postMapping: post, residualMapping: h, streams: x, layerOutput: y, cotangent: g } = inputs as Record<string, Float64Array>;
  const out: Record<string, Float64Array> = {};
  if (operation.id === 'stack') Object.assign(out, evaluateStack(storingAlgebra(style), inputs, sizes, dialect));
  if (operation.id === 'stack-vjp') Object.assign(out, evaluateStackVjp(storingAlgebra(style), inputs, sizes, dialect));
  const make = (name: string, perToken: number): Float64Array => (out[name] ??= new Float64Array(tokens * perToken));
  for (let t = 0; t < tokens; t++) {
    const row = (data: Float64Array) => ({ data, at: t * n, row: 0, column: 1 });
    const column = (data: Float64Array) => ({ data, at: t * n, row: 1, column: 0 });
    if (operation.id === 'stream-read') algebra.mix(make('layerInput', c), t * c, 1, row(pre!), n, x!, t * n * c, c);
    if (operation.id === 'stream-read-vjp') {
      algebra.gram(column(make('preMappingGradient', n)), x!, t * n * c, n, g!, t * c, 1, c);
      algebra.mix(make('streamsGradient', n * c), t * n * c, n, column(pre!), 1, g!, t * c, c);
    }
    if (operation.id === 'stream-write') {
      const next = make('nextStreams', n * c);
      algebra.mix(next, t * n * c, n, column(post!), 1, y!, t * c, c);
      algebra.mix(next, t * n * c, n, oriented(h!, t * n * n, n, dialect.orientation), n, x!, t * n * c, c);
    }
    if (operation.id === 'stream-write-vjp') {
      algebra.gram(oriented(make('residualMappingGradient', n * n), t * n * n, n, dialect.orientation), g!, t * n * c, n, x!, t * n * c, n, c);
      algebra.gram(column(make('postMappingGradient', n)), g!, t * n * c, n, y!, t * c, 1, c);
      algebra.mix(make('streamsGradient', n * c), t * n * c, n, transposed(oriented(h!, t * n * n, n, dialect.orientation)), n, g!, t * n * c, c);
      algebra.mix(make('layerOutputGradient', c), t * c, 1, row(post!), n, g!, t * n * c, c);
    }
  }
  return Object.fromEntries(Object.entries(out).map(([name, values]) => [name, values.map(roundTo[style.storage])]));
}

const isStack = (operation: Operation<MixingDialect>): boolean => operation.dims.includes('depth');

function sizesFor(operation: Operation<MixingDialect>, round: number): Sizes {
  const shapes = [[1, 1, 1], [2, 3, 5], [4, 17, 8], [4, 33, 12], [16, 5, 3]] as const;
  const [streams, channels, depth] = shapes[round % shapes.length]!;
  return { tokens: 3, streams, channels, depth: isStack(operation) ? depth : 1 };
}

const dtypesOf = (operation: Operation<MixingDialect>, style: KernelStyle) => Object.fromEntries(operation.outputs.map((port) => [port.name, style.storage]));
const label = (operation: Operation<MixingDialect>) => [operation.id, operation] as const;

describe.each(operations.map(label))('%s', (_, operation) => {
  it.each(styles.map((style) => [style.name, style] as const))('a kernel that keeps its arithmetic stays within the bound: %s', (__, style) => {
    const ratios: number[] = [];
    let compared = 0;
    for (const kind of inputKinds) {
      for (let round = 0; round < 10; round++) {
        const sizes = sizesFor(operation, round);
        const dialect = dialects[round % 2]!;
        const inputs = drawInputs(operation, sizes, kind, new Random(round, inputKinds.indexOf(kind)), style.storage);
        const bounded = operation.bounded(inputs, sizes, dialect, resolveArithmetic(presetOf(style)), dtypesOf(operation, style));
        const result = largestMargin(kernel(operation, style, inputs, sizes, dialect), bounded, sizes);
        expect(result.margin).toBeLessThanOrEqual(1);
        compared += result.compared;
        ratios.push(...result.ratios);
      }
    }
    expect(compared).toBeGreaterThan(0);
    // every single ratio is bound / error of an element that errs
    ratios.sort((a, b) => a - b);
    if (ratios.length > 0) expect(ratios[ratios.length >> 1]).toBeGreaterThanOrEqual(1);
  });

  it('a kernel of lower precision leaves the bound', () => {
    const f32 = styles[0]!;
    const lower: KernelStyle = { ...f32, compute: 'bf16', name: 'bf16 compute' };
    const sizes = { ...sizesFor(operation, 2), tokens: 8 };
    const inputs = drawInputs(operation, sizes, 'normal', new Random(3), 'f32');
    for (const dialect of dialects) {
      const bounded = operation.bounded(inputs, sizes, dialect, resolveArithmetic('ieee-f32'), {});
      expect(largestMargin(kernel(operation, f32, inputs, sizes, dialect), bounded, sizes).margin).toBeLessThanOrEqual(1);
      expect(largestMargin(kernel(operation, lower, inputs, sizes, dialect), bounded, sizes).margin).toBeGreaterThan(1);
    }
  });

  it('is linear: a power of two on one input scales reference and bound bit for bit', () => {
    const sizes = sizesFor(operation, 1);
    const name = operation.id.endsWith('-vjp') ? 'cotangent' : 'streams';
    const inputs = drawInputs(operation, sizes, 'normal', new Random(9), 'f32');
    const scaled = { ...inputs, [name]: inputs[name]!.map((x) => x * 8) };
    if (operation.id === 'stream-write') scaled['layerOutput'] = inputs['layerOutput']!.map((x) => x * 8);
    for (const dialect of dialects) {
      const before = operation.reference(inputs, sizes, dialect);
      const after = operation.reference(scaled, sizes, dialect);
      const outputs = operation.outputs.filter((port) => port.name !== 'composite');
      for (const port of outputs) expect([...after[port.name]!]).toEqual([...before[port.name]!].map((x) => x * 8));
    }
  });

  it('makes no claim where something can overflow or is not finite, and only there', () => {
    const sizes = { ...sizesFor(operation, 2), tokens: 3 };
    const inputs = drawInputs(operation, sizes, 'normal', new Random(4), 'f32');
    for (const poison of [2 ** 127.9, NaN, Infinity]) {
      const ofTokenOne = (i: number, length: number): boolean => Math.floor((3 * i) / length) === 1;
      const poisoned = Object.fromEntries(
        Object.entries(inputs).map(([name, values]) => [name, values.map((x, i) => (ofTokenOne(i, values.length) ? poison : x))]),
      );
      const { certified } = operation.bounded(poisoned, sizes, dialects[0]!, resolveArithmetic('ieee-f32'), {});
      expect([...certified]).toEqual([1, 0, 1]);
    }
  });

  it('explains every bound by terms that make it up', () => {
    const sizes = sizesFor(operation, 2);
    const inputs = drawInputs(operation, sizes, 'subnormal', new Random(6), 'bf16');
    const arithmetic = resolveArithmetic({ preset: 'bf16-storage', flushToZero: true });
    const bounded = operation.bounded(inputs, sizes, dialects[1]!, arithmetic, {});
    for (const port of operation.outputs) {
      const terms = bounded.explain(port.name, 1);
      const total = terms.reduce((sum, term) => sum + term.value, 0);
      const ratio = bounded.errors[port.name]![1]! / total;
      expect(terms.map((term) => term.value)).toEqual(terms.map((term) => term.value).toSorted((a, b) => b - a));
      expect(Math.abs(ratio - 1)).toBeLessThan(2 ** -7); // storage of the storage error
    }
    expect(bounded.derivation).toContain(operation.formula);
  });

  it('takes no tokens', () => {
    const sizes = { ...sizesFor(operation, 2), tokens: 0 };
    const inputs = drawInputs(operation, sizes, 'normal', new Random(1), 'f32');
    const bounded = operation.bounded(inputs, sizes, dialects[0]!, resolveArithmetic('ieee-f32'), {});
    for (const port of operation.outputs) expect(bounded.values[port.name]).toHaveLength(0);
    expect(bounded.certified).toHaveLength(0);
  });
});

describe('wide layers', () => {
  it.each(inputKinds)('C = 4096 in one f32 accumulator stays within the bound: %s', (kind) => {
    const sizes: Sizes = { tokens: 1, streams: 4, channels: 4096, depth: 1 };
    for (const operation of [streamReadVjp, streamWriteVjp] as unknown as readonly Operation<MixingDialect>[]) {
      const inputs = drawInputs(operation, sizes, kind, new Random(12), 'f32');
      const bounded = operation.bounded(inputs, sizes, dialects[0]!, resolveArithmetic('ieee-f32'), {});
      for (const style of styles.slice(0, 3)) expect(largestMargin(kernel(operation, style, inputs, sizes, dialects[0]!), bounded, sizes).margin).toBeLessThanOrEqual(1);
    }
  });
});

describe('the bound is reached', () => {
  const f32 = resolveArithmetic('ieee-f32');

  it.each([2, 5, 16])('by n streams that round the same way (n = %i)', (n) => {
    const sizes: Sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
    // every addition to 1 is a tie that loses its term
    const inputs = { preMapping: new Float64Array(n).fill(1), streams: Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 2 ** -24)) };
    const bounded = streamRead.bounded(inputs, sizes, {}, f32, {});
    const read = streamRead as unknown as Operation<MixingDialect>;
    const { margin } = largestMargin(kernel(read, styles[0]!, inputs, sizes, dialects[0]!), bounded, sizes);
    expect(margin).toBeLessThanOrEqual(1);
    expect(margin).toBeGreaterThan((n - 1) / (n + 1));
  });

  it('by 4096 channels that round the same way', () => {
    const sizes: Sizes = { tokens: 1, streams: 1, channels: 4096, depth: 1 };
    const tiny = Float64Array.from({ length: 4096 }, (_, i) => (i === 0 ? 1 : 2 ** -24));
    const inputs = { preMapping: Float64Array.of(1), streams: tiny, cotangent: new Float64Array(4096).fill(1) };
    const bounded = streamReadVjp.bounded(inputs, sizes, {}, f32, {});
    const vjp = streamReadVjp as unknown as Operation<MixingDialect>;
    const { margin } = largestMargin(kernel(vjp, styles[0]!, inputs, sizes, dialects[0]!), bounded, sizes);
    expect(margin).toBeLessThanOrEqual(1);
    expect(margin).toBeGreaterThan(4095 / 4100);
  });

  it('by bf16 streams through 256 sublayers', () => {
    const sizes: Sizes = { tokens: 1, streams: 1, channels: 1, depth: 256 };
    // each product lies just below the middle between 1 and the next bf16, and goes back to 1
    const inputs = { residualMappings: new Float64Array(256).fill(1 + 2 ** -8 - 2 ** -16), streams: Float64Array.of(1) };
    const bounded = stack.bounded(inputs, sizes, dialects[0]!, resolveArithmetic('bf16-storage'), {});
    const style = styles.find((candidate) => candidate.storage === 'bf16')!;
    const { margin } = largestMargin(kernel(stack, style, inputs, sizes, dialects[0]!), bounded, sizes);
    expect(bounded.certified[0]).toBe(1);
    expect(margin).toBeLessThanOrEqual(1);
    expect(margin).toBeGreaterThan(1 / 4);
  });

  it('by results that are flushed to zero', () => {
    const sizes: Sizes = { tokens: 1, streams: 2, channels: 1, depth: 1 };
    const inputs = { preMapping: Float64Array.of(2 ** -63, 2 ** -64), streams: Float64Array.of(1.9 * 2 ** -64, 2 ** -127) };
    const style = styles.find((candidate) => candidate.flush)!;
    const read = streamRead as unknown as Operation<MixingDialect>;
    const measured = kernel(read, style, inputs, sizes, dialects[0]!);
    expect(measured['layerInput']![0]).toBe(0);
    expect(largestMargin(measured, streamRead.bounded(inputs, sizes, {}, resolveArithmetic('wgsl-f32'), {}), sizes).margin).toBeLessThanOrEqual(1);
    expect(largestMargin(measured, streamRead.bounded(inputs, sizes, {}, f32, {}), sizes).margin).toBeGreaterThan(1);
  });

  it.each([streamRead, stack].map((operation) => [operation.id, operation] as const))('by a subnormal input that is read as zero and has a large factor: %s', (_, some) => {
    const operation = some as unknown as Operation<MixingDialect>;
    const sizes: Sizes = { tokens: 1, streams: 1, channels: 1, depth: 1 };
    const factor = operation.inputs[0]!.name;
    const inputs = { [factor]: Float64Array.of(2 ** 100), streams: Float64Array.of(2 ** -130) };
    const measured = kernel(operation, styles.find((candidate) => candidate.flush)!, inputs, sizes, dialects[0]!);
    const bounded = operation.bounded(inputs, sizes, dialects[0]!, resolveArithmetic('wgsl-f32'), {});
    const { margin } = largestMargin(measured, bounded, sizes);
    expect(bounded.explain(operation.outputs.at(-1)!.name, 0)[0]!.name).toBe('subnormal inputs flushed to zero');
    expect(margin).toBeLessThanOrEqual(1);
    expect(margin).toBeGreaterThan(0.99);
  });
});
