/** Tensors rearranged along their named dimensions, whatever operation they are of. */
import { sourcesOf, type Dim } from '../../operations/dims.ts';
import { lengthOf } from '../../operations/dims.ts';
import { isShared, type Port, type SizeName, type Sizes } from '../../operations/operation.ts';

/** Whether the port ends in n×n matrices. */
export function isMatrix({ dims }: Port): boolean {
  return dims.length >= 2 && dims.at(-1) === 'streams' && dims.at(-2) === 'streams';
}

/** Every n×n matrix transposed. */
export function transposed(values: Float64Array, { streams: n }: Sizes): Float64Array {
  return values.map((_, at) => {
    const within = at % (n * n);
    return values[at - within + (within % n) * n + Math.floor(within / n)]!;
  });
}

/** Every token has what belongs to `source(token)`. */
export function retokened(values: Float64Array, sizes: Sizes, source: (token: number) => number): Float64Array {
  const per = values.length / sizes.tokens;
  return values.map((_, at) => values[source(Math.floor(at / per)) * per + (at % per)]!);
}

/** The coordinates along one size replaced: position k has what was at `picks[k]`, in every dimension that has that size. */
export function rearranged(values: Float64Array, port: Port, sizes: Sizes, size: SizeName, picks: readonly number[]): Float64Array {
  return alongDims(values, port, sizes, (dim) => sourcesOf(dim, sizes, size, picks));
}

/** The same in one of the port's dimensions alone. */
export function rearrangedIn(values: Float64Array, port: Port, sizes: Sizes, at: number, picks: readonly number[]): Float64Array {
  return alongDims(values, port, sizes, (dim, k) => (k === at ? [...picks] : identity(lengthOf(dim, sizes))));
}

function alongDims(values: Float64Array, { dims }: Port, sizes: Sizes, sources: (dim: Dim, k: number) => number[]): Float64Array {
  let offsets = [0];
  dims.forEach((dim, k) => {
    const [length, from] = [lengthOf(dim, sizes), sources(dim, k)];
    offsets = offsets.flatMap((offset) => from.map((index) => offset * length + index));
  });
  return Float64Array.from(offsets, (offset) => values[offset]!);
}

export function identity(length: number): number[] {
  return Array.from({ length }, (_, k) => k);
}

/** Whether the port has a value of its own for each token. */
export function perToken(port: Port): boolean {
  return !isShared(port);
}
