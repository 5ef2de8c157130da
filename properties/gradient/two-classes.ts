/**
 * Claim: for logits and cotangents with two kinds of rows and two kinds of columns the gradient is the derivative of a recursion of four numbers, at any T and ε.
 *
 * Proof: X = u_ab on the classes (sinkhorn/class-recursion.ts), so ⟨g, X⟩ = Σ c_ab·g_ab·u_ab with c_ab entries in each class. Its derivative along the logits of a class, by dual numbers,
 * is the sum of the gradient's c_ab entries there, which are equal by symmetry. Wide, slowly converging 2×2 logits will do: T off by one, a wrong step of the history,
 * a wrong ε show. f64: 2T steps, each with at most 16 roundings of a tangent that grows by at most its own size a step. Unrolled derivative only. Class: exact.
 */
import { tokenRandom } from '../tokens.ts';
import { compareWithin, type Slack } from '../sinkhorn/agreement.ts';
import { classOf, fourNumbers, randomClasses, spread, type Classes } from '../sinkhorn/class-recursion.ts';
import { gamma } from '../../src/numerics/arithmetic.ts';
import { dual, dualField } from '../../src/numerics/dual.ts';
import type { SinkhornVjpDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { cotangents } from './claims.ts';

/** The gradient's entry in each class, and the f64 rounding of it; undefined where f64 cannot carry the recursion. */
function classGradient(corner: readonly number[], g: readonly number[], classes: Classes, dialect: SinkhornVjpDialect): { values: number[]; rounding: number } | undefined {
  // |L| has a kink at zero, which dual numbers know nothing of
  if (dialect.start === 'absolute' && corner.includes(0)) return undefined;
  const n = classes.rows.length;
  const counts = [0, 0, 0, 0];
  for (let entry = 0; entry < n * n; entry++) counts[classOf(classes, entry)]!++;
  const values: number[] = [];
  let size = 0;
  for (let c = 0; c < 4; c++) {
    const u = fourNumbers(dualField, corner.map((value, k) => dual(value, k === c ? 1 : 0)), classes, dialect);
    if (u === undefined) return undefined;
    values.push(u.reduce((sum, value, k) => sum + counts[k]! * g[k]! * value.derivative, 0) / counts[c]!);
    size = Math.max(size, u.reduce((sum, value, k) => sum + counts[k]! * Math.abs(g[k]!) * value.value, 0));
  }
  const steps = 2 * dialect.iterations + 2;
  const { temperature } = dialect;
  // 1/|dlog X⁰/dL| at its least
  const steepest = Math.min(1, temperature, dialect.start === 'absolute' ? Math.min(...corner.map(Math.abs)) : 1);
  return { values, rounding: (gamma(16 * steps * (steps + Math.max(...corner.map(Math.abs)) / temperature), 2 ** -53) * size) / steepest };
}

export const twoClassesGradient = defineProperty<SinkhornVjpDialect>({
  id: 'gradient/two-classes',
  operation: 'sinkhorn-vjp',
  claim: 'Logits and cotangents with two kinds of rows and columns have the gradient of a recursion of four numbers.',
  class: 'exact',
  usesReference: false,
  inputs: { logits: ['triangular', 'normal', 'uniform', 'dominated-column', 'support-pattern'], scales: [0.5, 1, 4, 10, 20, 40], cotangents },
  power: ['fewer-iterations', 'larger-epsilon', 'lower-precision'],
  notApplicable: ({ dialect }) => (dialect.derivative === 'implicit' ? 'dual numbers differentiate the iterations, not the projection' : undefined),
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const judge = context.judge();
    if (n < 2) return judge.finish();
    const size = n * n;
    const inputs = { logits: new Float64Array(tokens * size), cotangent: new Float64Array(tokens * size) };
    const expected = new Float64Array(tokens * size);
    const slacks: (Slack | undefined)[] = [];
    for (let token = 0; token < tokens; token++) {
      const classes = randomClasses(n, tokenRandom(context, 'classes', token));
      const cornerOf = (port: string): number[] => [0, 1, n, n + 1].map((k) => context.inputs[port]![token * size + k]!);
      const [corner, g] = [cornerOf('logits'), cornerOf('cotangent')];
      inputs.logits.set(spread(corner, classes), token * size);
      inputs.cotangent.set(spread(g, classes), token * size);
      const known = classGradient(corner, g, classes, kernel.dialect);
      if (known !== undefined) expected.set(spread(known.values, classes), token * size);
      slacks.push(known === undefined ? undefined : { relative: 0, absolute: known.rounding });
    }
    const output = (await context.run(inputs))['logitsGradient']!;
    judge.show('logitsGradient', output, expected);
    const bounded = context.bounded(inputs);
    compareWithin(judge, tokens, 'logitsGradient', output, expected, new Float64Array(expected.length), bounded, bounded.errors['logitsGradient']!, (token) => slacks[token], 'entry − derivative of the recursion');
    return judge.finish();
  },
});
