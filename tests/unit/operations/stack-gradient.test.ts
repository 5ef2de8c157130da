import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { elementsPerToken, type Operation, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { stack, stackVjp } from '../../../src/operations/stack/index.ts';
import type { MixingDialect } from '../../../src/operations/streams/dialect.ts';
import { streamRead, streamReadVjp, streamWrite, streamWriteVjp } from '../../../src/operations/streams/index.ts';

const pairs = [[streamRead, streamReadVjp, 'layerInput'], [streamWrite, streamWriteVjp, 'nextStreams'], [stack, stackVjp, 'finalStreams']] as unknown as readonly (readonly [
  Operation<MixingDialect>,
  Operation<MixingDialect>,
  string,
])[];
const sizes: Sizes = { tokens: 2, streams: 3, channels: 4, depth: 3 };

function integers(operation: Operation<MixingDialect>, random: Random): Record<string, Float64Array> {
  return Object.fromEntries(
    operation.inputs.map((port) => [port.name, Float64Array.from({ length: sizes.tokens * elementsPerToken(port, sizes) }, () => random.integer(-4, 4))]),
  );
}

describe.each(pairs.map(([forward, vjp, output]) => [vjp.id, { forward, vjp, output }] as const))('%s', (_, { forward, vjp, output }) => {
  // the forward operation is affine in every single number, so a step of 1 is an exact derivative, and integers stay exact
  it.each(['plain', 'transposed'] as const)('is the derivative of its forward operation, on integers without any error: %s', (orientation) => {
    const inputs = integers(vjp, new Random(41));
    const at = (values: Values): Float64Array => forward.reference(values, sizes, { orientation })[output]!;
    const before = at(inputs);
    const gradients = vjp.reference(inputs, sizes, { orientation });
    const precise = vjp.precise(inputs, sizes, { orientation });
    for (const { name } of forward.inputs) {
      for (let e = 0; e < inputs[name]!.length; e++) {
        const stepped = at({ ...inputs, [name]: inputs[name]!.with(e, inputs[name]![e]! + 1) });
        const derivative = stepped.reduce((sum, value, i) => sum + (value - before[i]!) * inputs['cotangent']![i]!, 0);
        expect(gradients[`${name}Gradient`]![e]).toBe(derivative);
        expect(precise[`${name}Gradient`]![e]).toBe(derivative);
      }
    }
  });

  it('adds over cotangents, on integers without any error', () => {
    const one = integers(vjp, new Random(42));
    const other = integers(vjp, new Random(43));
    const evaluate = (cotangent: Float64Array): Values => vjp.reference({ ...one, cotangent }, sizes, { orientation: 'transposed' });
    const [a, b] = [evaluate(one['cotangent']!), evaluate(other['cotangent']!)];
    const both = evaluate(one['cotangent']!.map((x, i) => x + other['cotangent']![i]!));
    for (const { name } of vjp.outputs) expect([...both[name]!]).toEqual([...a[name]!].map((x, i) => x + b[name]![i]! + 0));
  });
});

describe('stack', () => {
  it('multiplies sublayer 0 first', () => {
    const residualMappings = Float64Array.of(1, 2, 3, 4, 0, 1, 1, 0);
    const two: Sizes = { tokens: 1, streams: 2, channels: 1, depth: 2 };
    const run = (orientation: MixingDialect['orientation']): Values => stack.reference({ residualMappings, streams: Float64Array.of(1, 10) }, two, { orientation });
    expect([...run('plain')['composite']!]).toEqual([3, 4, 1, 2]);
    expect([...run('plain')['finalStreams']!]).toEqual([43, 21]);
    expect([...run('transposed')['composite']!]).toEqual([2, 4, 1, 3]);
    expect([...run('transposed')['finalStreams']!]).toEqual([42, 31]);
  });

  it('covers kernels that multiply the mappings in another association', () => {
    const random = new Random(44);
    const depth = 8;
    const shape: Sizes = { tokens: 1, streams: 2, channels: 1, depth };
    const residualMappings = Float64Array.from({ length: depth * 4 }, () => Math.fround(random.uniform()));
    const streams = Float64Array.of(1, -1);
    type Square = readonly [number, number, number, number];
    const f = Math.fround;
    const times = (a: Square, b: Square): Square => [
      f(f(a[0] * b[0]) + f(a[1] * b[2])), f(f(a[0] * b[1]) + f(a[1] * b[3])), f(f(a[2] * b[0]) + f(a[3] * b[2])), f(f(a[2] * b[1]) + f(a[3] * b[3])),
    ];
    const tree = (from: number, to: number): Square => {
      if (to - from === 1) return [...residualMappings.subarray(from * 4, to * 4)] as unknown as Square;
      const middle = (from + to) >> 1;
      return times(tree(middle, to), tree(from, middle));
    };
    const composite = tree(0, depth);
    const final = [f(composite[0] - composite[1]), f(composite[2] - composite[3])];
    const arithmetic = resolveArithmetic('ieee-f32');
    const { values, errors } = stack.bounded({ residualMappings, streams }, shape, { orientation: 'plain' }, arithmetic, { composite: 'f32', finalStreams: 'f32' });
    composite.forEach((x, i) => expect(Math.abs(x - values['composite']![i]!)).toBeLessThanOrEqual(errors['composite']![i]!));
    final.forEach((x, i) => expect(Math.abs(x - values['finalStreams']![i]!)).toBeLessThanOrEqual(errors['finalStreams']![i]!));
  });
});
