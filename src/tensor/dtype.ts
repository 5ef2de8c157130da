/** The element types that a tensor can have. */
export const dtypes = ['f64', 'f32', 'f16', 'bf16'] as const;
export type Dtype = (typeof dtypes)[number];

/** Storage of a tensor: f16 and bf16 are kept as their 16-bit patterns. */
export type TensorData = Float64Array | Float32Array | Uint16Array;

/** Bytes of one element. */
export const bytesPerElement: Record<Dtype, number> = { f64: 8, f32: 4, f16: 2, bf16: 2 };

/** Unit roundoff: half the distance from 1 to the next number above. */
export const unitRoundoff: Record<Dtype, number> = { f64: 2 ** -53, f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8 };

/** Smallest positive normal number. */
export const minNormal: Record<Dtype, number> = { f64: 2 ** -1022, f32: 2 ** -126, f16: 2 ** -14, bf16: 2 ** -126 };

/** Smallest positive subnormal number. */
export const minSubnormal: Record<Dtype, number> = { f64: 2 ** -1074, f32: 2 ** -149, f16: 2 ** -24, bf16: 2 ** -133 };

/** Largest finite number. */
export const maxFinite: Record<Dtype, number> = {
  f64: Number.MAX_VALUE,
  f32: (2 - 2 ** -23) * 2 ** 127,
  f16: 65504,
  bf16: (2 - 2 ** -7) * 2 ** 127,
};
