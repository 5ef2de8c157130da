/**
 * Claims: gradients that are known in closed form.
 *
 * constant logits (MATHS.md G9): all entries are one number v_k after step k, and the derivative of a step subtracts φ_k times the mean over its lines, φ = dlog D/dlog s. These
 * maps commute; on the parts of g (mean, row means, column means, rest) they are numbers: G = v·π·(rest + Π_rows(1 − φ)·rows + Π_columns(1 − φ)·columns + Π(1 − φ)·mean), π = x/(x + ε)
 * of the start. Exact at every T and ε; without ε it is (g − row mean − column mean + mean)/n.
 * logits of rank one: without ε the same (g − …)/n from T = 2 on, because the second iteration's weights are 1/n. Exact.
 * two streams (G10): X₁₁ = σ(δ/2) in the limit, so G = (g₁₁ − g₁₂ − g₂₁ + g₂₂)·X₁₁·X₁₂/2·(+, −, −, +), within response.ts. Class of the last: limit.
 */
import { outside } from '../sinkhorn/form.ts';
import { checkKnown, tokenMatrix, type Known } from '../sinkhorn/agreement.ts';
import { equalLines, rankOne } from '../sinkhorn/known-forms.ts';
import { startOf } from '../sinkhorn/start.ts';
import { divisorOf, stepsOf } from '../../src/operations/sinkhorn/steps.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { convergingScales, cotangents, limitSlack, tokenResponse, type VjpContext } from './claims.ts';

interface Parts {
  readonly rows: number;
  readonly columns: number;
  readonly mean: number;
}

/** scale·(rest + the parts of g, each times its number), with the f64 rounding of sums of n² cotangents. */
function partsOf(g: Float64Array, n: number, scale: number, factors: Parts, steps: number): Known {
  const [rows, columns] = [new Float64Array(n), new Float64Array(n)];
  let [mean, size] = [0, 0];
  g.forEach((value, k) => {
    rows[Math.floor(k / n)] = rows[Math.floor(k / n)]! + value / n;
    columns[k % n] = columns[k % n]! + value / n;
    mean += value / (n * n);
    size = Math.max(size, Math.abs(value));
  });
  const values = g.map((value, k) => {
    const [row, column] = [rows[Math.floor(k / n)]! - mean, columns[k % n]! - mean];
    return scale * (value - row - column - mean + factors.rows * row + factors.columns * column + factors.mean * mean);
  });
  return { values, relative: 0, absolute: scale * size * (n * n + 16 + steps * (n + 3)) * 8 * 2 ** -53 };
}

function atConstantLogits(context: VjpContext, token: number): Known | undefined {
  const { dialect } = context.kernel;
  const n = context.sizes.streams;
  const logits = tokenMatrix(context, 'logits', token);
  const known = logits.every((value) => value === logits[0]) ? equalLines(logits, n, dialect) : undefined;
  if (known === undefined) return undefined;
  const steps = stepsOf(dialect);
  const implicit = dialect.derivative === 'implicit';
  const factors = { rows: 1, columns: 1, mean: 1 };
  let share = 1;
  // the entry before the first step: the exponential of what the dialect leaves of the logits
  let entry = dialect.stabilisation === 'none' && dialect.start === 'exp' && dialect.epsilon > 0 ? Math.exp(logits[0]!) : 1;
  for (const step of steps) {
    if (step.kind === 'add') {
      share *= entry / (entry + step.epsilon);
      entry += step.epsilon;
      continue;
    }
    const sum = n * entry;
    const divisor = divisorOf(step, sum);
    const held = step.divisor === 'clamp' ? (sum < step.epsilon ? 1 : 0) : step.epsilon / divisor;
    factors[step.side] *= held;
    factors.mean *= held;
    entry /= divisor;
  }
  const scale = known.values[0]! * (implicit ? 1 : share);
  return partsOf(tokenMatrix(context, 'cotangent', token), n, scale, implicit ? { rows: 0, columns: 0, mean: 0 } : factors, steps.length);
}

const exactForm = (id: string, claim: string, logits: readonly string[], notApplicable: (dialect: SinkhornVjpDialect) => string | undefined, known: (context: VjpContext, token: number) => Known | undefined) =>
  defineProperty<SinkhornVjpDialect>({
    id,
    operation: 'sinkhorn-vjp',
    claim,
    class: 'exact',
    usesReference: false,
    inputs: { logits, cotangents },
    power: ['lower-precision'],
    notApplicable: ({ dialect }) => notApplicable(dialect) ?? outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
    check: (context) => checkKnown(context, 'logitsGradient', 'entry − closed form', (token) => known(context, token)),
  });

export const constantLogitsGradient = exactForm(
  'gradient/constant-logits', 'At constant logits the gradient is the doubly centred cotangent over n, up to epsilon.', ['constant', 'zeros'], () => undefined, atConstantLogits,
);

export const rankOneGradient = exactForm(
  'gradient/rank-one-logits', 'At logits of rank one the gradient is the doubly centred cotangent over n.', ['rank-one', 'constant'],
  (dialect) => (dialect.epsilon > 0 ? 'epsilon keeps the iterates from 1/n' : dialect.iterations < 2 && dialect.derivative === 'unrolled' ? 'one iteration keeps the weights of the first row' : undefined),
  (context, token) => {
    const n = context.sizes.streams;
    if (rankOne(tokenMatrix(context, 'logits', token), n, context.kernel.dialect) === undefined) return undefined;
    return partsOf(tokenMatrix(context, 'cotangent', token), n, 1 / n, { rows: 0, columns: 0, mean: 0 }, 0);
  },
);

export const twoStreamsGradient = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/two-streams',
  operation: 'sinkhorn-vjp',
  claim: 'Two streams have the gradient of a sigmoid, with the sign pattern (+, −, −, +).',
  class: 'limit',
  usesReference: false,
  inputs: { streamCounts: [2], scales: convergingScales, cotangents },
  power: ['lower-precision'],
  notApplicable: ({ dialect }) => outside(dialect, 'absolute', 'threshold', 'early-stop', 'temperature'),
  check: (context) =>
    checkKnown(context, 'logitsGradient', 'entry − derivative of the sigmoid', (token) => {
      if (context.sizes.streams !== 2) return undefined;
      const { dialect, arithmetic } = context.kernel;
      const logs = Array.from(startOf(dialect, arithmetic, tokenMatrix(context, 'logits', token), 2).logs) as [number, number, number, number];
      const g = Array.from(tokenMatrix(context, 'cotangent', token)) as [number, number, number, number];
      const half = (logs[0] + logs[3] - logs[1] - logs[2]) / 2;
      const slope = 1 / (1 + Math.exp(-half)) / (1 + Math.exp(half)) / 2;
      const value = (g[0] - g[1] - g[2] + g[3]) * slope;
      const size = g.reduce((sum, entry) => sum + Math.abs(entry), 0);
      const evaluation = slope * size * (16 + 8 * Math.max(...logs.map(Math.abs))) * 2 ** -53;
      const slack = limitSlack(context, Float64Array.from(g), tokenResponse(context, token));
      return { values: Float64Array.of(value, -value, -value, value), relative: 0, absolute: slack + evaluation };
    }),
});
