/**
 * Claim: for n = 2 the result tends to X₁₁ = X₂₂ = σ(δ/2), X₁₂ = X₂₁ = σ(−δ/2), δ = log A₁₁ + log A₂₂ − log A₁₂ − log A₂₁ (MATHS.md S19).
 *
 * Proof: a doubly stochastic 2×2 matrix is [[p, 1−p], [1−p, p]], its cross ratio (p/(1−p))² is that of the start A. The T iterations are within a factor e^d
 * of it (limit.ts); for n = 2 the contraction κ = tanh(|δ|/4) per half-step is the true rate, so d is nearly attained. Class: limit.
 */
import { outsideIteration } from './form.ts';
import { checkKnown, tokenMatrix } from './agreement.ts';
import { limitOf } from './limit.ts';
import { startOf } from './start.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const twoStreams = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/two-streams',
  operation: 'sinkhorn',
  claim: 'Two streams mix by a sigmoid of half the difference of the diagonals of the logits.',
  class: 'limit',
  usesReference: false,
  inputs: { streamCounts: [2], scales: [0, 0.1, 0.5, 1, 2, 4] },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outsideIteration(dialect),
  check: (context) =>
    checkKnown(context, 'residualMapping', 'entry − sigmoid', (token) => {
      if (context.sizes.streams !== 2) return undefined;
      const { dialect, arithmetic } = context.kernel;
      const start = startOf(dialect, arithmetic, tokenMatrix(context, 'logits', token), 2);
      const [a, b, c, d] = Array.from(start.logs) as [number, number, number, number];
      const half = (a + d - b - c) / 2;
      const [on, off] = [1 / (1 + Math.exp(-half)), 1 / (1 + Math.exp(half))];
      // the argument's f64 rounding is an absolute error of log p, the sigmoid adds a few roundings
      const evaluation = (4 * (Math.abs(a) + Math.abs(b) + Math.abs(c) + Math.abs(d)) + 8) * 2 ** -53;
      return { values: Float64Array.of(on, off, off, on), relative: Math.expm1(limitOf(start, dialect).distance) + evaluation, absolute: 0 };
    }),
});
