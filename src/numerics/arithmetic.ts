/**
 * How a kernel rounds. Every number is a relative error in units of u, the unit roundoff of `compute`
 * (1 ULP is at most 2u), and every preset names its source. Addition and multiplication are correctly rounded (1u)
 * in all of them; sums may be taken in any order and may be contracted to fused multiply-adds, both of which the
 * bounds allow for, so neither needs a field.
 */
import { z } from 'zod';

import { PlumblineError, suggest } from '../errors.ts';
import { dtypes, minNormal, minSubnormal, unitRoundoff, type Dtype } from '../tensor/dtype.ts';

const units = z.number().min(0).max(2 ** 20);

export const arithmeticSchema = z.strictObject({
  name: z.string(),
  /** Where the numbers come from. */
  source: z.string(),
  /** The dtype of tensors in memory. */
  storage: z.enum(dtypes),
  /** The dtype of intermediate results. */
  compute: z.enum(['f32', 'f64']),
  /** exp(x): (constant + slope·|x|)·u. */
  exp: z.strictObject({ constant: units, slope: units }),
  /** log(x): max(relative·u·|log x|, absolute). */
  log: z.strictObject({ relative: units, absolute: z.number().min(0).max(1) }),
  /** 1/√x. A square root is at most this and a division. */
  inverseSqrt: units,
  /** tanh(x): relative·u·|tanh x| + absolute. */
  tanh: z.strictObject({ relative: units, absolute: z.number().min(0).max(1) }),
  /** σ(x): relative·u·σ(x) + absolute. When absent it is 1/(1 + exp(−x)) in this arithmetic. */
  sigmoid: z.strictObject({ relative: units, absolute: z.number().min(0).max(1) }).optional(),
  /** A line divided by its sum: what all its entries share (a rounded reciprocal) and what each has of its own. */
  division: z.strictObject({ perLine: units, perEntry: units }),
  /** The most additions that a term of one sum passes, for kernels that add in blocks or trees. When absent a sum of k terms is k, in any order. */
  additions: z.int().min(1).optional(),
  /** Subnormal results may be replaced by zero. */
  flushToZero: z.boolean(),
});
export type Arithmetic = z.infer<typeof arithmeticSchema>;

const ieeeF32: Arithmetic = {
  name: 'ieee-f32',
  source: 'IEEE 754-2019 §5.4 for + − × ÷ √; exp, log and tanh within 1 ULP, as libm and V8 (in f64, then rounded) give; 1/√x in two roundings',
  storage: 'f32',
  compute: 'f32',
  exp: { constant: 2, slope: 0 },
  log: { relative: 2, absolute: 0 },
  inverseSqrt: 2,
  tanh: { relative: 2, absolute: 0 },
  division: { perLine: 0, perEntry: 1 },
  flushToZero: false,
};

export const arithmeticPresets: Record<string, Arithmetic> = {
  'ieee-f32': ieeeF32,
  'ieee-f64': { ...ieeeF32, name: 'ieee-f64', storage: 'f64', compute: 'f64' },
  'wgsl-f32': {
    ...ieeeF32,
    name: 'wgsl-f32',
    source: 'WGSL §15.7.4: exp 3 + 2·|x| ULP, log 3 ULP or 2⁻²¹ absolute on [0.5, 2], x / y 2.5 ULP, inverseSqrt 2 ULP, tanh 10⁻⁵ absolute or as sinh / cosh (|x| ≤ 100), subnormals may be flushed',
    exp: { constant: 6, slope: 4 },
    log: { relative: 6, absolute: 2 ** -21 },
    inverseSqrt: 4,
    tanh: { relative: 2 ** 10, absolute: 1e-5 },
    division: { perLine: 5, perEntry: 5 },
    flushToZero: true,
  },
  'cuda-f32': {
    ...ieeeF32,
    name: 'cuda-f32',
    source: 'CUDA C++ Programming Guide, Mathematical Functions: expf 2 ULP, logf 1 ULP, rsqrtf 2 ULP, tanhf 2 ULP, division IEEE with -prec-div=true; a rounded reciprocal and a product are allowed',
    exp: { constant: 4, slope: 0 },
    inverseSqrt: 4,
    tanh: { relative: 4, absolute: 0 },
    division: { perLine: 1, perEntry: 1 },
  },
  'cuda-fastmath': {
    ...ieeeF32,
    name: 'cuda-fastmath',
    source: 'CUDA C++ Programming Guide, Intrinsic Functions: __expf 2 + ⌊|1.173·x|⌋ ULP (ex2.approx of a rounded product), __logf 3 ULP or 2⁻²¹·⁴¹ absolute on [0.5, 2], __fdividef 2 ULP; rsqrt.approx 2⁻²²·⁹ and tanh.approx 2⁻¹⁰·⁹⁸⁷ relative (PTX ISA); -ftz=true',
    exp: { constant: 4, slope: 2.346 },
    log: { relative: 6, absolute: 2 ** -21.41 },
    inverseSqrt: 2 ** 1.1,
    tanh: { relative: 2 ** 13.013, absolute: 0 },
    division: { perLine: 4, perEntry: 4 },
    flushToZero: true,
  },
  'bf16-storage': {
    ...ieeeF32,
    name: 'bf16-storage',
    source: 'ieee-f32 between loads and stores; tensors stored as bf16, rounded to nearest even (u = 2⁻⁸)',
    storage: 'bf16',
  },
  'f16-storage': {
    ...ieeeF32,
    name: 'f16-storage',
    source: 'ieee-f32 between loads and stores; tensors stored as IEEE binary16, rounded to nearest even (u = 2⁻¹¹)',
    storage: 'f16',
  },
};

/** What a kernel may write for its arithmetic: a preset's name, or a preset with some fields of its own. */
export type ArithmeticInput = string | ({ preset: string } & Partial<Omit<Arithmetic, 'name'>>);

/** The complete arithmetic that a kernel declares. Throws `bad-arithmetic` for an unknown preset or field. */
export function resolveArithmetic(input: ArithmeticInput): Arithmetic {
  const { preset, ...fields } = typeof input === 'string' ? { preset: input } : input;
  const base = Object.hasOwn(arithmeticPresets, preset) ? arithmeticPresets[preset] : undefined;
  if (base === undefined) {
    throw new PlumblineError('bad-arithmetic', `There is no arithmetic preset '${preset}'.`, suggest(preset, Object.keys(arithmeticPresets)));
  }
  const own = Object.keys(fields);
  const unknown = own.find((key) => !Object.hasOwn(arithmeticSchema.shape, key));
  if (unknown !== undefined) {
    throw new PlumblineError('bad-arithmetic', `Arithmetic has no field '${unknown}'.`, suggest(unknown, Object.keys(arithmeticSchema.shape)));
  }
  const parsed = arithmeticSchema.safeParse({ ...base, ...fields, name: own.length === 0 ? base.name : `${preset}+${own.join('+')}` });
  if (!parsed.success) throw new PlumblineError('bad-arithmetic', z.prettifyError(parsed.error), 'Errors are given in units of the unit roundoff.');
  return parsed.data;
}

/** Unit roundoff of the intermediate results. */
export function computeUnit(arithmetic: Arithmetic): number {
  return unitRoundoff[arithmetic.compute];
}

/** Largest absolute error of one result that falls below the normal numbers. */
export function underflowUnit(arithmetic: Arithmetic, dtype: Dtype = arithmetic.compute): number {
  return arithmetic.flushToZero ? minNormal[dtype] : minSubnormal[dtype];
}

/** γ_k = k·u / (1 − k·u): k roundings in a row (Higham, Accuracy and Stability, lemma 3.1). Infinite when k·u ≥ 1. */
export function gamma(k: number, unit: number): number {
  const product = k * unit;
  return product < 1 ? product / (1 - product) : Infinity;
}
