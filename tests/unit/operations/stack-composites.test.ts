/** Kernels that multiply the mappings first, ∂E_l = Q_l·(G·P_lᵀ), against the bound of `stack-vjp`. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import type { Sizes, Values } from '../../../src/operations/operation.ts';
import { stackVjp } from '../../../src/operations/stack/index.ts';
import type { MixingDialect } from '../../../src/operations/streams/dialect.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import { drawInputs, inputKinds, kernelAlgebra, largestMargin, oriented, presetOf, styles, transposed, type KernelStyle } from './mixing-cases.ts';

/** Composites and G are kept in what the style computes in. */
function byComposites(style: KernelStyle, inputs: Values, { tokens, streams: n, channels, depth }: Sizes, { orientation }: MixingDialect): Values {
  const algebra = kernelAlgebra(style);
  const [mappings, x, g] = ['residualMappings', 'streams', 'cotangent'].map((name) => inputs[name]!) as [Float64Array, Float64Array, Float64Array];
  const residualMappingsGradient = new Float64Array(mappings.length);
  const streamsGradient = new Float64Array(x.length);
  const identity = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0));
  for (let t = 0; t < tokens; t++) {
    const mapping = (l: number) => oriented(mappings, (t * depth + l) * n * n, n, orientation);
    const times = (matrix: ReturnType<typeof mapping>, right: Float64Array): Float64Array => {
      const out = new Float64Array(n * n);
      algebra.mix(out, 0, n, matrix, n, right, 0, n);
      return out;
    };
    const below: Float64Array[] = [identity];
    for (let l = 0; l + 1 < depth; l++) below.push(times(mapping(l), below[l]!));
    const above: Float64Array[] = [identity];
    for (let l = depth - 1; l >= 0; l--) above.unshift(times(transposed(mapping(l)), above[0]!)); // above[l + 1] is Q_l
    const gram = new Float64Array(n * n);
    algebra.gram(oriented(gram, 0, n, 'plain'), g, t * n * channels, n, x, t * n * channels, n, channels);
    for (let l = 0; l < depth; l++) {
      const through = new Float64Array(n * n);
      algebra.gram(oriented(through, 0, n, 'plain'), gram, 0, n, below[l]!, 0, n, n);
      const gradient = times(oriented(above[l + 1]!, 0, n, 'plain'), through);
      const to = oriented(residualMappingsGradient, (t * depth + l) * n * n, n, orientation);
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) to.data[to.at + i * to.row + j * to.column] = gradient[i * n + j]!;
    }
    algebra.mix(streamsGradient, t * n * channels, n, oriented(above[0]!, 0, n, 'plain'), n, g, t * n * channels, channels);
  }
  return { residualMappingsGradient: residualMappingsGradient.map(roundTo[style.storage]), streamsGradient: streamsGradient.map(roundTo[style.storage]) };
}

const dtypesOf = (style: KernelStyle) => ({ residualMappingsGradient: style.storage, streamsGradient: style.storage });
const shapes = [[1, 1, 1], [2, 3, 5], [4, 17, 8], [4, 33, 12], [16, 5, 3]] as const;

describe('stack-vjp by composites', () => {
  it.each(styles.map((style) => [style.name, style] as const))('stays within the bound: %s', (_, style) => {
    let compared = 0;
    for (const kind of inputKinds) {
      // as they are, and mappings whose products leave the normal numbers while streams are large
      for (const [scale, factor] of [[1, 1], [2 ** -20, 2 ** 12], [2 ** -50, 2 ** 20]] as const) {
        shapes.forEach(([streams, channels, depth], round) => {
          const sizes = { tokens: 3, streams, channels, depth };
          const dialect: MixingDialect = { orientation: round % 2 === 0 ? 'plain' : 'transposed' };
          const drawn = drawInputs(stackVjp, sizes, kind, new Random(round, inputKinds.indexOf(kind)), style.storage);
          const scaled = Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, values.map((x) => roundTo[style.storage](x * (name === 'residualMappings' ? scale : factor)))]));
          const bounded = stackVjp.bounded(scaled, sizes, dialect, resolveArithmetic(presetOf(style)), dtypesOf(style));
          const result = largestMargin(byComposites(style, scaled, sizes, dialect), bounded, sizes);
          expect(result.margin, `${kind}, mappings × ${scale}`).toBeLessThanOrEqual(1);
          compared += result.compared;
        });
      }
    }
    expect(compared).toBeGreaterThan(0);
  });

  it('of lower precision leaves it', () => {
    const sizes = { tokens: 8, streams: 4, channels: 17, depth: 8 };
    const inputs = drawInputs(stackVjp, sizes, 'normal', new Random(3), 'f32');
    const bounded = stackVjp.bounded(inputs, sizes, { orientation: 'plain' }, resolveArithmetic('ieee-f32'), {});
    expect(largestMargin(byComposites({ ...styles[0]!, compute: 'bf16' }, inputs, sizes, { orientation: 'plain' }), bounded, sizes).margin).toBeGreaterThan(1);
  });

  it('reaches it where a composite is flushed to zero', () => {
    const sizes: Sizes = { tokens: 1, streams: 1, channels: 1, depth: 3 };
    const inputs = { residualMappings: Float64Array.of(1.9 * 2 ** -64, 2 ** -63, 1), streams: Float64Array.of(2 ** 60), cotangent: Float64Array.of(1) };
    const measured = byComposites(styles.find(({ flush }) => flush)!, inputs, sizes, { orientation: 'plain' });
    const bounded = stackVjp.bounded(inputs, sizes, { orientation: 'plain' }, resolveArithmetic('wgsl-f32'), {});
    expect(measured['residualMappingsGradient']![2]).toBe(0);
    expect(bounded.values['residualMappingsGradient']![2]).toBeGreaterThan(2 ** -68);
    const { margin } = largestMargin(measured, bounded, sizes);
    expect(margin).toBeLessThanOrEqual(1);
    expect(margin).toBeGreaterThan(1 / 8);
  });

  it('is not judged where G overflows, though no sublayer’s streams do', () => {
    const sizes: Sizes = { tokens: 1, streams: 1, channels: 1, depth: 1 };
    const inputs = { residualMappings: Float64Array.of(1), streams: Float64Array.of(2 ** 100), cotangent: Float64Array.of(2 ** 40) };
    expect([...stackVjp.bounded(inputs, sizes, { orientation: 'plain' }, resolveArithmetic('ieee-f32'), {}).certified]).toEqual([0]);
    const deep = { residualMappings: Float64Array.of(2 ** -80, 1, 2 ** -80), streams: Float64Array.of(2 ** 100), cotangent: Float64Array.of(2 ** 40) };
    const { values, certified } = stackVjp.bounded(deep, { ...sizes, depth: 3 }, { orientation: 'plain' }, resolveArithmetic('ieee-f32'), {});
    expect(Math.max(...values['residualMappingsGradient']!)).toBeLessThan(2 ** 61);
    expect([...certified]).toEqual([0]);
  });
});
