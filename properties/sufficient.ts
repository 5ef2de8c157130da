/**
 * Bounds as far as a judgement needs them. A run that is indifferent to margins up to t asks of a difference d only whether its margin is above t: whether the bound is below |d|/t. A lower bound e′
 * of the bound e that is at least |d|/t answers that, and `Bounded.covering` finds one at a fraction of the cost.
 *
 * Proof: let the claim be |d| ≤ e + r with r ≥ 0 computed from the bounds by monotone operations. Each e′ is e itself, or up to 2⁻⁵⁰ of it not above e and at least |d|/t·(1 + 2⁻⁴⁰). If one of the claim's
 * bounds is of the second kind, its margin |d|/(e′ + r′) is below t, and so is |d|/(e + r), which is below |d|/(e′ + r′) up to 2⁻⁴⁸: what is judged is not above t, as it is not. Otherwise nothing differs.
 * So every margin above t, and with t ≤ 1 every verdict, is that of the whole bounds, to the bit. |d| = ∞ or NaN needs the whole bound.
 *
 * Where r at e = 0 is at least |d|/t·(1 + 2⁻⁴⁰) by itself, e′ = 0 will do: r′ is no smaller, and the margin below t by the same argument (`neededBeyond`). That is about one
 * comparison: a bound that two of them share is needed as far as either of them needs it.
 */
import type { Bounded } from '../src/operations/operation.ts';
import type { CheckContext } from '../src/verify/property.ts';

/** How large the bound of each difference has to be known; undefined where every margin is to be exact. */
export function neededFor<D>({ indifferent }: CheckContext<D>, differences: Float64Array): Float64Array | undefined {
  if (!(indifferent > 0)) return undefined;
  const factor = (1 + 2 ** -40) / indifferent;
  const needed = new Float64Array(differences.length);
  for (let index = 0; index < needed.length; index++) needed[index] = Math.abs(differences[index]!) * factor;
  return needed;
}

/** The same where a part of each bound is known that does not depend on errors: nothing is needed where it suffices. Infinity for what no claim is made about. */
export function neededBeyond<D>(context: CheckContext<D>, differences: Float64Array, parts: Float64Array): Float64Array | undefined {
  const needed = neededFor(context, differences);
  if (needed !== undefined) for (let index = 0; index < needed.length; index++) if (parts[index] === Infinity || suffices(context, differences[index]!, parts[index]!)) needed[index] = 0;
  return needed;
}

/** The errors of one output, as large as they are needed. */
export function coveringErrors(bounded: Bounded, output: string, needed: Float64Array | undefined): Float64Array {
  return needed === undefined || bounded.covering === undefined ? bounded.errors[output]! : bounded.covering(output, needed);
}

/** The errors of one output that suffice to judge its `differences`. */
export function errorsFor<D>(context: CheckContext<D>, bounded: Bounded, output: string, differences: Float64Array): Float64Array {
  return coveringErrors(bounded, output, neededFor(context, differences));
}

/** Whether a part of a bound is enough: it leaves the margin where nobody asks for it. Never where every margin is to be exact. */
export function suffices<D>({ indifferent }: CheckContext<D>, error: number, part: number): boolean {
  return indifferent > 0 && Math.abs(error) * (1 + 2 ** -40) <= indifferent * part;
}

/** a − b, element by element. */
export function differencesOf(a: Float64Array, b: Float64Array): Float64Array {
  const differences = new Float64Array(a.length);
  for (let index = 0; index < a.length; index++) differences[index] = a[index]! - b[index]!;
  return differences;
}

/** What `covered` leaves to be needed; NaN stays. */
export function stillNeeded(needed: Float64Array | undefined, covered: Float64Array): Float64Array | undefined {
  if (needed === undefined) return undefined;
  const rest = new Float64Array(needed.length);
  for (let index = 0; index < rest.length; index++) rest[index] = covered[index]! >= needed[index]! ? 0 : needed[index]! - covered[index]!;
  return rest;
}
