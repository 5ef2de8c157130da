/**
 * The error bound that all stream and stack operations share. Each output is a sum of products of inputs with + signs only, so the
 * operation applied to the inputs' magnitudes gives the sum M of all terms' magnitudes, and any order of summation, with or without
 * fused multiply-adds, errs by at most ((1+u)^k − 1)·M where k is the number of roundings that a term passes (Higham, §3.1 and §4.2;
 * MATHS §6.8). Cancellation needs no assumption: M is the condition number. Added to it, in this order:
 *   underflow  absolute, per operation; with flush-to-zero also the terms that a subnormal input takes part in
 *   reference  the same bound for our own f64 evaluation
 *   storage    u_out·(|y| + everything above) where the output's dtype is coarser than the arithmetic
 */
import { computeUnit, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite, minNormal, unitRoundoff, type Dtype } from '../../tensor/dtype.ts';
import type { Bounded, Term, Values } from '../operation.ts';

/** What roundings can do to one output. */
export interface Roughness {
  /** Relative to M: the kernel's roundings, and those of the f64 evaluation. */
  readonly kernel: number;
  readonly reference: number;
  /** Relative to the result: rounding to the output's dtype. */
  readonly storage: number;
  /** Absolute, for all elements or per element. */
  readonly underflow: number | Float64Array;
  readonly dtype: Dtype;
}

export interface MultilinearCase {
  readonly tokens: number;
  readonly inputs: Values;
  readonly arithmetic: Arithmetic;
  readonly roughness: Readonly<Record<string, Roughness>>;
  readonly derivation: string;
  evaluate(inputs: Values): Values;
  /** Largest magnitude of an intermediate result of a token, where an output does not show it, and what it must stay below. */
  readonly peaks?: { readonly magnitudes: Float64Array; readonly limit: number };
}

/** Roundings of the bound's own evaluation: sums and products of non-negative numbers, fewer than 16. */
const evaluationSlack = 16 * 2 ** -53;

/** Reference values, element bounds, and the tokens on which nothing can overflow. */
export function boundMultilinear(problem: MultilinearCase): Bounded {
  const { tokens, inputs, arithmetic, roughness } = problem;
  const values = problem.evaluate(inputs);
  const magnitudes = problem.evaluate(mapInputs(inputs, Math.abs));
  const lost = lostTerms(problem, magnitudes);
  const errors: Record<string, Float64Array> = {};
  const certified = new Uint8Array(tokens).fill(1);
  problem.peaks?.magnitudes.forEach((peak, token) => {
    if (!(peak < problem.peaks!.limit)) certified[token] = 0;
  });
  for (const [name, rough] of Object.entries(roughness)) {
    const value = values[name]!;
    const magnitude = magnitudes[name]!;
    const perToken = value.length / tokens;
    const error = new Float64Array(value.length);
    for (let e = 0; e < error.length; e++) {
      const underflow = typeof rough.underflow === 'number' ? rough.underflow : rough.underflow[e]!;
      const computed = (rough.kernel + rough.reference) * (1 + 2 * rough.reference) * magnitude[e]! + underflow + (lost?.[name]![e] ?? 0);
      error[e] = (computed + rough.storage * (Math.abs(value[e]!) + computed)) * (1 + evaluationSlack);
      // NaN fails both comparisons
      const fits = magnitude[e]! + computed < maxFinite[arithmetic.compute] && Math.abs(value[e]!) + error[e]! < maxFinite[rough.dtype];
      if (!fits) certified[Math.floor(e / perToken)] = 0;
    }
    errors[name] = error;
  }
  const explain = (output: string, index: number): readonly Term[] => {
    const rough = roughness[output]!;
    const magnitude = magnitudes[output]![index]!;
    const underflow = typeof rough.underflow === 'number' ? rough.underflow : rough.underflow[index]!;
    const flushed = lost?.[output]![index] ?? 0;
    const terms = [
      { name: "kernel's roundings × Σ|terms|", value: rough.kernel * magnitude },
      { name: "f64 reference's roundings × Σ|terms|", value: rough.reference * magnitude },
      { name: `storage as ${rough.dtype}`, value: rough.storage * (Math.abs(values[output]![index]!) + rough.kernel * magnitude + underflow + flushed) },
      { name: 'underflow', value: underflow },
      { name: 'subnormal inputs flushed to zero', value: flushed },
    ];
    return terms.filter((term) => term.value !== 0).sort((a, b) => b.value - a.value);
  };
  return { values, errors, certified, derivation: problem.derivation, explain };
}

/** Unit of the rounding that storing a computed number in a dtype adds: none where the dtype holds every computed number. */
export function storageUnit(arithmetic: Arithmetic, dtype: Dtype): number {
  return unitRoundoff[dtype] > computeUnit(arithmetic) ? unitRoundoff[dtype] : 0;
}

/** Absolute error of storing below the dtype's normal numbers. */
export function storageUnderflow(arithmetic: Arithmetic, dtype: Dtype): number {
  return storageUnit(arithmetic, dtype) > 0 ? underflowUnit(arithmetic, dtype) : 0;
}

/** Absolute error of a sum of k products below the normal numbers: the products', and where results are flushed the sums' too. */
export function sumUnderflow(arithmetic: Arithmetic, products: number): number {
  return products * ((arithmetic.flushToZero ? 2 : 1) * underflowUnit(arithmetic) + 2 ** -1074);
}

/**
 * With flush-to-zero a kernel may read a subnormal input as zero: it loses at most the terms that such an input takes part in,
 * which are those that vanish from M when these inputs are zero.
 */
function lostTerms(problem: MultilinearCase, magnitudes: Values): Values | undefined {
  const { inputs, arithmetic } = problem;
  if (!arithmetic.flushToZero) return undefined;
  const threshold = minNormal[arithmetic.compute];
  const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < threshold;
  if (!Object.values(inputs).some((input) => input.some(isSubnormal))) return undefined;
  const kept = problem.evaluate(mapInputs(inputs, (x) => (isSubnormal(x) ? 0 : Math.abs(x))));
  return Object.fromEntries(
    Object.entries(magnitudes).map(([name, all]) => {
      const rounding = 2 * problem.roughness[name]!.reference;
      return [name, all.map((magnitude, e) => magnitude - kept[name]![e]! + rounding * magnitude)];
    }),
  );
}

function mapInputs(inputs: Values, change: (x: number) => number): Values {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.map(change)]));
}
