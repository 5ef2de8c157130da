/**
 * Rounding of f64 numbers to the storage types, and back. Round to nearest, ties to even, as IEEE 754 conversions do.
 * bf16 is the upper half of an f32; f64 → bf16 must not pass through f32, or ties round twice.
 */
import { f16round, getFloat16, setFloat16 } from '@petamoriken/float16';

import type { Dtype, TensorData } from './dtype.ts';

const scratch = new DataView(new ArrayBuffer(8));

/** Rounds to the nearest bf16 value. */
export function bf16round(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.abs(value);
  // 8 significant bits: scale so that the last kept bit is worth 1, round half to even, scale back
  const exponent = Math.max(exponentOf(magnitude), -126);
  const ulp = 2 ** (exponent - 7);
  const rounded = roundHalfEven(magnitude / ulp) * ulp;
  const bounded = rounded >= 2 ** 128 ? Infinity : rounded;
  return value < 0 ? -bounded : bounded;
}

/** Rounds to the nearest value of the dtype. */
export const roundTo: Record<Dtype, (value: number) => number> = {
  f64: (value) => value,
  f32: Math.fround,
  f16: f16round,
  bf16: bf16round,
};

/** The bit pattern of the nearest bf16 value. */
export function bf16bits(value: number): number {
  scratch.setFloat32(0, bf16round(value));
  const bits = scratch.getUint16(0);
  return Number.isNaN(value) ? bits | 0x40 : bits;
}

/** The value of a bf16 bit pattern. */
export function bf16value(bits: number): number {
  scratch.setUint32(0, (bits & 0xffff) * 65536);
  return scratch.getFloat32(0);
}

/** The bit pattern of the nearest f16 value. */
export function f16bits(value: number): number {
  setFloat16(scratch, 0, value);
  return scratch.getUint16(0);
}

/** The value of an f16 bit pattern. */
export function f16value(bits: number): number {
  scratch.setUint16(0, bits & 0xffff);
  return getFloat16(scratch, 0);
}

/** Encodes numbers as the storage of a dtype, rounding to nearest even. */
export function encode(values: ArrayLike<number>, dtype: Dtype): TensorData {
  if (dtype === 'f64') return new Float64Array(values);
  if (dtype === 'f32') return new Float32Array(values); // `from` would go through an iterator
  const toBits = dtype === 'bf16' ? bf16bits : f16bits;
  const data = new Uint16Array(values.length);
  for (let i = 0; i < data.length; i++) data[i] = toBits(values[i]!);
  return data;
}

/** The numbers that the storage of a dtype stands for; exact. */
export function decode(data: TensorData, dtype: Dtype): Float64Array {
  if (dtype === 'f64' || dtype === 'f32') return new Float64Array(data);
  const toValue = dtype === 'bf16' ? bf16value : f16value;
  const values = new Float64Array(data.length);
  for (let i = 0; i < values.length; i++) values[i] = toValue(data[i]!);
  return values;
}

function exponentOf(magnitude: number): number {
  scratch.setFloat64(0, magnitude);
  const biased = (scratch.getUint16(0) >> 4) & 0x7ff;
  return biased === 0 ? -1023 : biased - 1023;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
