/**
 * Instance-wise forward error of Sinkhorn. Write the computed matrix as X·exp(e), entry by entry. One half-step along columns gives
 *
 *   e'_ij = e_ij − log Σ_k W_kj exp(e_kj) + δ_ij + θ_j ,   W = X' the exact matrix after the step (a missing share of 1 is ε's, with no error)
 *
 * and 0 ≤ log Σ W exp(e) − Σ W e ≤ Σ W e² for |e| ≤ 1/4 (Jensen; second order of exp and log). So e is, up to second-order terms that are
 * added to θ, a linear image of the local errors, and |e_o| ≤ Σ_k Σ |λ_k|·δ_k + |line sums of λ_k|·θ_k with λ the adjoint started at
 * the output entry o: λ ← λ − W ∘ (1·column sums of λ). No term grows with T beyond its count (MATHS.md §6.2, §6.3).
 * Assumes: the arithmetic as declared; sums of a line in any order; results of a step correctly attributed to it (no reordering across steps).
 */
import type { Term } from '../operation.ts';
import type { Trajectory } from './trajectory.ts';

/** The parts of the logarithmic error of one output entry. */
export interface ForwardTerms {
  start: number;
  lines: number;
  entries: number;
}

/** Logarithmic error bound of entry `out` (flat in n·n) after `count` steps. `lambda` is scratch of n·n. */
export function forwardError(trajectory: Trajectory, n: number, count: number, out: number, lambda: Float64Array, terms: ForwardTerms): number {
  const size = n * n;
  const { steps } = trajectory;
  lambda.fill(0);
  lambda[out] = 1;
  terms.lines = 0;
  terms.entries = trajectory.exponentialOf(count, out);
  for (let k = count - 1; k >= 0; k--) {
    const step = steps[k]!;
    const after = trajectory.matrices[k + 1]!;
    if (step.kind === 'add') {
      const before = trajectory.matrices[k]!;
      const errors = trajectory.entryErrors[k]!;
      for (let i = 0; i < size; i++) {
        terms.entries += Math.abs(lambda[i]!) * errors[i]!;
        lambda[i] = (lambda[i]! * before[i]!) / after[i]!;
      }
    } else {
      const rows = step.side === 'rows';
      pullBack(lambda, after, trajectory.entryErrors[k]!, trajectory.lineErrors[k]!, trajectory.responds[k]!, n, rows ? n : 1, rows ? 1 : n, terms);
    }
  }
  const startErrors = trajectory.own[0]!;
  let start = 0;
  for (let i = 0; i < size; i++) start += Math.abs(lambda[i]!) * startErrors[i]!;
  terms.start = start;
  // the adjoint itself is evaluated in f64 over 2T steps of at most n + 3 operations
  return (start + terms.lines + terms.entries) * (1 + 2 ** -30);
}

/** One half-step of the adjoint, line by line. */
function pullBack(
  lambda: Float64Array,
  after: Float64Array,
  entryErrors: Float64Array,
  lineErrors: Float64Array,
  responds: Uint8Array,
  n: number,
  lineStride: number,
  entryStride: number,
  terms: ForwardTerms,
): void {
  let lines = 0;
  let entries = 0;
  for (let line = 0, first = 0; line < n; line++, first += lineStride) {
    let sum = 0;
    for (let e = 0, i = first; e < n; e++, i += entryStride) {
      const value = lambda[i]!;
      sum += value;
      entries += Math.abs(value) * entryErrors[i]!;
    }
    lines += Math.abs(sum) * lineErrors[line]!;
    if (responds[line] !== 1) continue;
    for (let e = 0, i = first; e < n; e++, i += entryStride) lambda[i] = lambda[i]! - after[i]! * sum;
  }
  terms.lines += lines;
  terms.entries += entries;
}

/** The parts, named for people, as absolute errors of an entry with value x. */
export function nameTerms(terms: ForwardTerms, x: number, tiny: number, storage: number): Term[] {
  const named = [
    { name: 'exponentials of the shifted logits', value: x * terms.start },
    { name: 'divisions', value: x * terms.entries },
    { name: 'sums of lines, epsilon, second order', value: x * terms.lines },
    { name: 'rounding of the stored result', value: storage },
    { name: 'underflow', value: tiny },
  ];
  return named.sort((a, b) => b.value - a.value);
}
