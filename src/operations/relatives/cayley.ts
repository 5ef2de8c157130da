/**
 * The orthogonal residual mapping of JPmHC (arXiv 2602.18308): Q = (I − S)⁻¹(I + S) with S = factor·(W − Wᵀ), W the logits. S is skew, so Q is orthogonal
 * with determinant +1 and without an eigenvalue −1: it keeps every norm, of signal and of gradient, and may have negative entries. Dialect:
 * the solve (Gaussian elimination without pivoting, which M = I − S with M + Mᵀ = 2I needs not), or a fixed number of steps of the fixed point
 * Y ← I + S(I + Y) from Y = I + 2S (Li, Li & Todorovic 2020, arXiv 2002.01113), which is orthogonal up to 2‖S‖^{steps+2}.
 *
 * Derivative: dQ = M⁻¹·dS·(I + Q), so ∂S = M⁻ᵀ·G·(I + Q)ᵀ, where M⁻¹ = ½(I + Q); of the steps, the unrolled one. ∂W = factor·(∂S − ∂Sᵀ).
 * Bounds: of the elimination in `cayley-bound.ts`, of the steps the running error.
 */
import { z } from 'zod';

import type { Operation, Port } from '../operation.ts';
import { cotangentOf, gradientOf, residualMapping } from '../streams/ports.ts';
import type { Calculus } from './calculus.ts';
import { solveError, solveGradientError } from './cayley-bound.ts';
import { relativeOperation, type Fields } from './relative-operation.ts';
import { combine, identity, multiply, skew, solve, transpose, type Matrix } from './small-matrix.ts';

const fields = {
  solver: z.enum(['elimination', 'fixed-point']),
  /** Steps of the fixed point; 0 with elimination. */
  steps: z.int().min(0).max(64),
  /** S = factor·(W − Wᵀ). */
  factor: z.union([z.literal(1), z.literal(0.5), z.literal(0.25), z.literal(-1), z.literal(-0.5), z.literal(-0.25)]),
};
export type CayleyDialect = z.infer<z.ZodObject<typeof fields>>;

const dialectSchema: z.ZodType<CayleyDialect> = z.strictObject(fields).superRefine((dialect, context) => {
  const wrong = dialect.solver === 'elimination' ? dialect.steps !== 0 : dialect.steps === 0;
  if (wrong) context.addIssue({ code: 'custom', path: ['steps'], message: "steps belongs to solver 'fixed-point', which needs at least one" });
});

const exact: CayleyDialect = { solver: 'elimination', steps: 0, factor: 0.5 };
/** `jpmhc`: arXiv 2602.18308. `fixed-point`: two steps, the default of Li et al. `inverse`: (I + A/2)⁻¹(I − A/2), as arXiv 2605.06729 writes it. */
const presets: Readonly<Record<string, CayleyDialect>> = {
  jpmhc: exact,
  'fixed-point': { ...exact, solver: 'fixed-point', steps: 2 },
  inverse: { ...exact, factor: -0.5 },
};

const logits: Port = { name: 'logits', dims: ['tokens', 'streams', 'streams'], role: 'logits' };
const shared = { dims: ['tokens', 'streams'], dialectSchema, presets, defaultPreset: 'jpmhc' } as const;

export const cayley: Operation<CayleyDialect> = relativeOperation({
  ...shared,
  id: 'cayley',
  summary: 'The orthogonal residual mapping of JPmHC: the Cayley transform of a skew matrix.',
  inputs: [logits],
  outputs: [residualMapping],
  formula: '|Q̂_ij − Q_ij| ≤ η/(1−η), η = γ_{3n}·n·(5/4 + 4/3·(‖S‖₂+1/4)²) + 2u‖S‖_F (Mathias 1992; Higham §9.3, §10.4)',
  evaluate: (calculus, inputs, { streams: n }, dialect) => ({ residualMapping: mapping(calculus, skew(calculus, inputs['logits']!, n, dialect.factor), n, dialect).flat() }),
  uniformError: (arithmetic, inputs, sizes, dialect) => (dialect.solver === 'elimination' ? solveError(arithmetic, inputs, sizes, dialect) : undefined),
});

export const cayleyVjp: Operation<CayleyDialect> = relativeOperation({
  ...shared,
  id: 'cayley-vjp',
  summary: 'The gradient of cayley: the logits.',
  inputs: [logits, cotangentOf(residualMapping)],
  outputs: [gradientOf(logits)],
  formula: '|∂W error| ≤ |factor|·(2τ + 4u)·‖G‖_F, τ = 2ρ + ρ²/2 or (ρ + 2η)/(1−η), ρ = √n·η/(1−η) + 2√n·(γ_n + u)',
  evaluate: (calculus, inputs, { streams: n }, dialect) => ({ logitsGradient: gradient(calculus, inputs, n, dialect) }),
  uniformError: (arithmetic, inputs, sizes, dialect) => (dialect.solver === 'elimination' ? solveGradientError(arithmetic, inputs, sizes, dialect) : undefined),
});

/** Q, or the last Y. */
export function mapping<F>(calculus: Calculus<F>, s: Matrix<F>, n: number, { solver, steps }: CayleyDialect): Matrix<F> {
  const one = identity(calculus, n);
  if (solver === 'elimination') return solve(calculus, combine(one, s, calculus.sub), combine(one, s, calculus.add));
  return iterates(calculus, s, n, steps).at(-1)!;
}

/** Y_0 … Y_steps. */
function iterates<F>(calculus: Calculus<F>, s: Matrix<F>, n: number, steps: number): Matrix<F>[] {
  const one = identity(calculus, n);
  const list = [combine(one, s, (a, b) => calculus.add(a, calculus.scale(b, 2)))];
  for (let step = 0; step < steps; step++) list.push(combine(one, multiply(calculus, s, combine(one, list.at(-1)!, calculus.add)), calculus.add));
  return list;
}

/** ∂W, flat. */
function gradient<F>(calculus: Calculus<F>, inputs: Fields<F>, n: number, dialect: CayleyDialect): F[] {
  const s = skew(calculus, inputs['logits']!, n, dialect.factor);
  const g = Array.from({ length: n }, (_, i) => inputs['cotangent']!.slice(i * n, (i + 1) * n));
  const bar = dialect.solver === 'elimination' ? solveGradient(calculus, s, g, n, dialect) : stepsGradient(calculus, s, g, n, dialect);
  return combine(bar, transpose(bar), (a, b) => calculus.scale(calculus.sub(a, b), dialect.factor)).flat();
}

/** ½(I + Q)ᵀ·G·(I + Q)ᵀ. */
function solveGradient<F>(calculus: Calculus<F>, s: Matrix<F>, g: Matrix<F>, n: number, dialect: CayleyDialect): Matrix<F> {
  const sum = transpose(combine(identity(calculus, n), mapping(calculus, s, n, dialect), calculus.add));
  return multiply(calculus, sum, multiply(calculus, g, sum)).map((row) => row.map((x) => calculus.scale(x, 0.5)));
}

/** Backwards through Y_{k+1} = I + S(I + Y_k): ∂S += Ȳ_{k+1}(I + Y_k)ᵀ, Ȳ_k = SᵀȲ_{k+1}; then ∂S += 2Ȳ_0. */
function stepsGradient<F>(calculus: Calculus<F>, s: Matrix<F>, g: Matrix<F>, n: number, { steps }: CayleyDialect): Matrix<F> {
  const states = iterates(calculus, s, n, steps);
  const one = identity(calculus, n);
  let bar = g;
  const parts: Matrix<F>[] = [];
  for (let k = steps - 1; k >= 0; k--) {
    parts.push(multiply(calculus, bar, transpose(combine(one, states[k]!, calculus.add))));
    bar = multiply(calculus, transpose(s), bar);
  }
  parts.push(bar.map((row) => row.map((x) => calculus.scale(x, 2))));
  return bar.map((row, i) => row.map((_, j) => calculus.sum(parts.map((part) => part[i]![j]!))));
}
