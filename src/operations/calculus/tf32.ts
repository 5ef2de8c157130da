/**
 * TF32, the operand format of tensor cores: the exponent of f32 and 10 bits after the point. `half-up` adds half a unit to the f32 bits and cuts (TileKernels adds 0x1000
 * and masks: ties away from zero); `nearest-even` takes ties to the even neighbour (tenstorrent's golden reference); `any` leaves it open, truncation included.
 */
export const tensorFloats = ['half-up', 'nearest-even', 'any'] as const;
export type TensorFloat = (typeof tensorFloats)[number];

/** Unit roundoff of TF32, and the distance of its numbers below the normal ones. */
export const tf32Unit = 2 ** -11;
export const tf32Underflow = 2 ** -136;

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** A number rounded to f32 and then to TF32; as it is for `any`, infinities and NaN. */
export function tf32(x: number, rounding: TensorFloat): number {
  if (rounding === 'any' || !Number.isFinite(x)) return x;
  floats[0] = x;
  const word = bits[0]!;
  bits[0] = (word + (rounding === 'half-up' ? 0x1000 : 0xfff + ((word >>> 13) & 1))) & 0xffffe000;
  return floats[0];
}
