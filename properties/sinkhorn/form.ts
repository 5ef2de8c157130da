/** Which variants of the dialect a claim's proof does not cover, and why. */
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';

export type Variant = 'absolute' | 'threshold' | 'early-stop' | 'temperature';

const variants: Readonly<Record<Variant, { readonly is: (dialect: SinkhornDialect) => boolean; readonly reason: string }>> = {
  absolute: { is: ({ start }) => start === 'absolute', reason: 'the claim is about exponentials of the logits, the dialect starts from |L|' },
  threshold: { is: ({ divisor }) => divisor === 'threshold', reason: 'lines below the threshold are not divided by their sums' },
  'early-stop': { is: ({ stopBelow }) => stopBelow > 0, reason: 'the number of iterations depends on the logits' },
  temperature: { is: ({ temperature }) => temperature !== 1, reason: 'the claim is worked out for temperature 1' },
};

/** The reason why a claim that does not cover some variants is not about this dialect; undefined when it is. */
export function outside(dialect: SinkhornDialect, ...uncovered: readonly Variant[]): string | undefined {
  const found = uncovered.find((variant) => variants[variant].is(dialect));
  return found === undefined ? undefined : variants[found].reason;
}

/** For proofs about T half-step pairs, each of which divides every line of an exponential. */
export function outsideIteration(dialect: SinkhornDialect): string | undefined {
  return outside(dialect, 'absolute', 'threshold', 'early-stop');
}
