/** Inputs that try to break the bounds of stream and stack operations, and kernels that round as real ones do. */
import type { Random } from '../../../src/generate/random.ts';
import { oriented, transposed, type Algebra } from '../../../src/operations/streams/algebra.ts';
import { elementsPerToken, type Operation, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';

export { oriented, transposed };

export const inputKinds = ['normal', 'cancelling', 'magnitudes', 'subnormal', 'one-sign'] as const;
export type InputKind = (typeof inputKinds)[number];

/** Inputs of an operation, rounded to a dtype. Residual mappings are positive with row sums near 1, and signed for `cancelling`. */
export function drawInputs(operation: Pick<Operation, 'inputs'>, sizes: Sizes, kind: InputKind, random: Random, dtype: Dtype): Values {
  return Object.fromEntries(
    operation.inputs.map((port) => {
      const count = sizes.tokens * elementsPerToken(port, sizes);
      const isMapping = port.role === 'residual-mapping';
      const draw = (i: number): number => {
        const x = isMapping && kind !== 'cancelling' ? (2 * random.uniform()) / sizes.streams : random.normal();
        if (kind === 'one-sign') return Math.abs(x);
        if (isMapping) return x;
        if (kind === 'cancelling') return (i % 2 === 0 ? 1 : -1) * (1 + random.uniform() * 2 ** -10);
        if (kind === 'magnitudes') return x * 2 ** random.integer(-30, 30);
        if (kind === 'subnormal') return x * 2 ** -random.integer(60, dtype === 'f16' ? 20 : 135);
        return x;
      };
      return [port.name, Float64Array.from({ length: count }, (_, i) => roundTo[dtype](draw(i)))];
    }),
  );
}

export interface KernelStyle {
  readonly name: string;
  readonly order: 'forwards' | 'backwards' | 'pairwise';
  readonly fused: boolean;
  readonly compute: Dtype;
  /** Dtype that sums are rounded to when they leave the contraction. */
  readonly storage: Dtype;
  readonly flush: boolean;
}

/** The contractions as a kernel of some style computes them. */
export function kernelAlgebra(style: KernelStyle): Algebra<Float64Array> {
  const round = (x: number): number => {
    const rounded = roundTo[style.compute](x);
    return style.flush && Math.abs(rounded) < 2 ** -126 ? 0 : rounded;
  };
  const load = (x: number): number => (style.flush && Math.abs(x) < 2 ** -126 ? 0 : x);
  // f64 holds the product of two f32 exactly, so one rounding of product + sum is a fused multiply-add up to f64's own rounding
  const sum = (a: readonly number[], b: readonly number[], start: number): number => {
    const k = a.length;
    const product = (i: number): number => round(load(a[i]!) * load(b[i]!));
    const tree = (from: number, to: number): number => {
      if (to - from === 1) return product(from);
      const middle = (from + to) >> 1;
      return round(tree(from, middle) + tree(middle, to));
    };
    if (style.order === 'pairwise') return round(start + (k === 0 ? 0 : tree(0, k)));
    let total = start;
    for (let step = 0; step < k; step++) {
      const i = style.order === 'forwards' ? step : k - 1 - step;
      total = style.fused ? round(total + load(a[i]!) * load(b[i]!)) : round(total + product(i));
    }
    return total;
  };
  return {
    zeros: (length) => new Float64Array(length),
    fill: (s, value) => void s.fill(value),
    copy: (from, fromAt, to, toAt, count) => to.set(from.subarray(fromAt, fromAt + count), toAt),
    mix(out, outAt, rows, matrix, inner, x, xAt, channels) {
      for (let r = 0; r < rows; r++) {
        const factors = Array.from({ length: inner }, (_, j) => matrix.data[matrix.at + r * matrix.row + j * matrix.column]!);
        for (let c = 0; c < channels; c++) {
          const entries = Array.from({ length: inner }, (_, j) => x[xAt + j * channels + c]!);
          const target = outAt + r * channels + c;
          out[target] = sum(factors, entries, out[target]!);
        }
      }
    },
    gram(out, a, aAt, rows, b, bAt, columns, channels) {
      for (let r = 0; r < rows; r++) {
        const left = [...a.subarray(aAt + r * channels, aAt + (r + 1) * channels)];
        for (let k = 0; k < columns; k++) {
          const target = out.at + r * out.row + k * out.column;
          out.data[target] = sum(left, [...b.subarray(bAt + k * channels, bAt + (k + 1) * channels)], out.data[target]!);
        }
      }
    },
  };
}

/** The same, with every result of a contraction stored in the style's storage dtype: what a stack does between its sublayers. */
export function storingAlgebra(style: KernelStyle): Algebra<Float64Array> {
  const inner = kernelAlgebra(style);
  const store = roundTo[style.storage];
  return {
    ...inner,
    mix(out, outAt, rows, matrix, terms, x, xAt, channels) {
      inner.mix(out, outAt, rows, matrix, terms, x, xAt, channels);
      for (let i = outAt; i < outAt + rows * channels; i++) out[i] = store(out[i]!);
    },
  };
}

export const styles: readonly KernelStyle[] = [
  { name: 'forwards', order: 'forwards', fused: false, compute: 'f32', storage: 'f32', flush: false },
  { name: 'backwards, fused', order: 'backwards', fused: true, compute: 'f32', storage: 'f32', flush: false },
  { name: 'pairwise', order: 'pairwise', fused: false, compute: 'f32', storage: 'f32', flush: false },
  { name: 'flushing', order: 'forwards', fused: true, compute: 'f32', storage: 'f32', flush: true },
  { name: 'bf16 storage', order: 'forwards', fused: true, compute: 'f32', storage: 'bf16', flush: false },
  { name: 'f16 storage', order: 'pairwise', fused: false, compute: 'f32', storage: 'f16', flush: false },
  { name: 'f64', order: 'backwards', fused: false, compute: 'f64', storage: 'f64', flush: false },
];

/** The arithmetic preset that a style keeps. */
export function presetOf(style: KernelStyle): string {
  if (style.compute === 'f64') return 'ieee-f64';
  if (style.flush) return 'wgsl-f32';
  return style.storage === 'f32' ? 'ieee-f32' : `${style.storage}-storage`;
}

/** Largest error / bound over all elements of certified tokens, and the number of elements compared. */
export function largestMargin(
  measured: Values,
  bounded: { values: Values; errors: Values; certified: Uint8Array },
  sizes: Sizes,
): { margin: number; compared: number; ratios: number[] } {
  let margin = 0;
  let compared = 0;
  const ratios: number[] = [];
  for (const [name, values] of Object.entries(bounded.values)) {
    const perToken = values.length / sizes.tokens;
    for (let e = 0; e < values.length; e++) {
      if (bounded.certified[Math.floor(e / perToken)] !== 1) continue;
      const error = Math.abs(measured[name]![e]! - values[e]!);
      const ratio = error === 0 ? 0 : error / bounded.errors[name]![e]!;
      compared++;
      if (!(ratio <= margin)) margin = ratio;
      if (error > 0) ratios.push(1 / ratio);
    }
  }
  return { margin, compared, ratios };
}
