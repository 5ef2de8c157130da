/** Sinkhorn's error bounds: two matrices at a time in WebAssembly SIMD, beside one at a time in JavaScript. */
import { operations, Random, sinkhornPresets } from '../../src/index.ts';
import { arithmeticPresets } from '../../src/numerics/arithmetic.ts';
import { TokenForward } from '../../src/operations/sinkhorn/token-forward.ts';
import { medians, type Figure } from './medians.ts';

export async function bounds(): Promise<Figure[]> {
  const sizes = { tokens: 1024, streams: 4, channels: 1, depth: 1 };
  const f32 = arithmeticPresets['ieee-f32']!;
  const dialect = sinkhornPresets['tilekernels']!;
  const random = new Random(1);
  const logits = Float64Array.from({ length: sizes.tokens * 16 }, () => Math.fround(2 * random.normal()));
  const forward = new TokenForward(sizes.streams, dialect, f32);
  const time = await medians({
    simd: () => operations.sinkhorn.bounded({ logits }, sizes, dialect, f32, { residualMapping: 'f32' }).errors,
    single: () => {
      for (let token = 0; token < sizes.tokens; token++) if (forward.prepare(logits, 16 * token)) for (let out = 0; out < 16; out++) forward.errorOf(0.25, out);
    },
  });
  return [
    { figure: 'bounds of f32 Sinkhorn, one matrix at a time / two in WebAssembly SIMD', value: `${(time['single']! / time['simd']!).toFixed(2)}×`, wanted: '' },
    { figure: 'bounds of f32 Sinkhorn', value: `${((time['simd']! * 1e3) / sizes.tokens).toFixed(1)} µs a matrix`, wanted: '' },
  ];
}
