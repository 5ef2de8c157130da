import { PlumblineError } from '../errors.ts';
import { decode, encode } from './codecs.ts';
import type { Dtype, TensorData } from './dtype.ts';

/** A dense row-major array. `data` holds the elements as they are stored: bit patterns for f16 and bf16. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A tensor of the given dtype that holds `values`, rounded to nearest even. Throws `bad-tensor` when the length does not fit. */
export function tensor(values: ArrayLike<number>, shape: readonly number[], dtype: Dtype = 'f32'): Tensor {
  const count = elementCount(shape);
  if (values.length !== count) {
    throw new PlumblineError('bad-tensor', `${values.length} values do not fill the shape [${shape.join(', ')}].`, `Give ${count} values.`);
  }
  return { dtype, shape: [...shape], data: encode(values, dtype) };
}

/** The numbers in a tensor, as f64; exact. */
export function valuesOf(t: Tensor): Float64Array {
  return decode(t.data, t.dtype);
}

/** An independent copy. */
export function cloneTensor(t: Tensor): Tensor {
  return { dtype: t.dtype, shape: [...t.shape], data: t.data.slice() };
}

/** Index of the first element whose stored bits differ, or -1. */
export function firstBitDifference(a: TensorData, b: TensorData): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  const left = bits(a);
  const right = bits(b);
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) return Math.floor(i / (left.length / a.length));
  }
  return -1;
}

function bits(data: TensorData): Uint16Array | Uint32Array {
  if (data instanceof Uint16Array) return data;
  return new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}
