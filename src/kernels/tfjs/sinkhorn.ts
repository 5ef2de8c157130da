/** Sinkhorn–Knopp as a tfjs graph, for every dialect; its gradient is the unrolled one, from tfjs's tape. */
import { firstNormalised, halfSteps, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { evaluate, pullback, withoutGradient, type Node, type TfjsRun, type TfjsSession } from './session.ts';

type Side = SinkhornDialect['lastNormalised'];

/** logits [B, n, n] → residualMapping [B, n, n]. */
export function sinkhornRun(session: TfjsSession, dialect: SinkhornDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams }) => ({ residualMapping: [tokens, streams, streams] }),
    ({ logits }) => ({ residualMapping: sinkhorn(session, dialect, logits) }),
  );
}

/** logits, cotangent [B, n, n] → logitsGradient [B, n, n]. */
export function sinkhornVjpRun(session: TfjsSession, dialect: SinkhornVjpDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams }) => ({ logitsGradient: [tokens, streams, streams] }),
    ({ logits, cotangent }) => {
      const [logitsGradient] = pullback(session.tf, (parameter) => sinkhorn(session, dialect, parameter), [logits], cotangent);
      return { logitsGradient: logitsGradient! };
    },
  );
}

/** Dialects of the forward alone have no slope at zero. */
type Dialect = SinkhornDialect & Partial<Pick<SinkhornVjpDialect, 'slopeAtZero'>>;

/** The residual mapping of logits [B, n, n]. */
export function sinkhorn(session: TfjsSession, dialect: Dialect, logits: Node): Node {
  const scaled = dialect.temperature === 1 ? logits : session.tf.div(logits, dialect.temperature);
  return dialect.domain === 'log' ? logDomain(session, dialect, scaled) : linearDomain(session, dialect, scaled);
}

function linearDomain(session: TfjsSession, dialect: Dialect, logits: Node): Node {
  const { tf } = session;
  return iterate(session, dialect, start(session, dialect, logits), halfSteps(dialect), (x, side) => tf.div(x, divisors(session, dialect, x, side)), (x) => x);
}

/** What each line is divided by: 1 keeps it, ∞ makes it zero. */
function divisors(session: TfjsSession, dialect: SinkhornDialect, x: Node, side: Side): Node {
  const { tf } = session;
  const sums = lineSums(session, x, side);
  switch (dialect.divisor) {
    case 'add':
      return tf.add(sums, dialect.epsilon);
    case 'clamp': // the sums first: tfjs-wasm's maximum keeps a NaN of its first operand only
      return tf.maximum(sums, dialect.epsilon);
    case 'threshold': {
      const small = side === 'rows' ? dialect.smallRows : dialect.smallColumns;
      const divided = withoutGradient(tf, (input) => tf.cast(tf.greater(input, dialect.epsilon), 'float32'), sums);
      return tf.where(tf.cast(divided, 'bool'), sums, tf.fill(sums.shape, small === 'zeroed' ? Infinity : 1));
    }
    case 'plain':
      return sums;
  }
}

/** All half-steps. Tokens that may stop early keep what they have; `values` turns what is iterated into the matrix. */
function iterate(session: TfjsSession, dialect: SinkhornDialect, from: Node, sides: readonly Side[], step: (x: Node, side: Side) => Node, values: (x: Node) => Node): Node {
  const { tf } = session;
  let x = from;
  let kept = from;
  let running: Node | undefined;
  for (const side of sides) {
    x = step(x, side);
    if (dialect.stopBelow === 0 || side !== dialect.lastNormalised) continue;
    // 1 while a token runs: its result is that of the last iteration before which it ran
    kept = running === undefined ? x : tf.where(tf.cast(tf.mul(tf.onesLike(x), running), 'bool'), x, kept);
    const runs = withoutGradient(tf, (input) => tf.cast(tf.greaterEqual(deviation(session, values(input)), dialect.stopBelow), 'float32'), x);
    running = running === undefined ? runs : tf.mul(running, runs);
  }
  return dialect.stopBelow === 0 ? x : kept;
}

/** The largest distance of a sum from 1, [B, 1, 1]. */
function deviation({ tf }: TfjsSession, x: Node): Node {
  const off = (axis: number): Node => tf.max(tf.abs(tf.sub(tf.sum(x, axis, true), 1)), [1, 2], true);
  return tf.maximum(off(1), off(2));
}

/** What enters the loop: exp(L − m), |L| (+ ε), or the softmax of the lines that are normalised first, + ε where the dialect says so. */
function start(session: TfjsSession, dialect: Dialect, logits: Node): Node {
  const { tf } = session;
  if (dialect.start === 'absolute') return tf.add(absolute(session, dialect, logits), dialect.epsilonInStart ? dialect.epsilon : 0);
  if (dialect.start === 'exp') return tf.exp(stabilised(session, dialect, logits));
  const side = firstNormalised(dialect);
  const softmax = dialect.stabilisation === 'line-max' ? softmaxOfLines(session, logits, side) : normalised(session, tf.exp(stabilised(session, dialect, logits)), side);
  return dialect.epsilonInStart ? tf.add(softmax, dialect.epsilon) : softmax;
}

/** |x| with the dialect's slope at zero; that of tf.abs is −1. */
function absolute({ tf }: TfjsSession, { slopeAtZero = 0 }: Dialect, x: Node): Node {
  const slope = withoutGradient(tf, (input) => tf.where(tf.equal(input, 0), tf.fill(input.shape, slopeAtZero), tf.sign(input)), x);
  return tf.mul(x, slope);
}

function normalised(session: TfjsSession, x: Node, side: Side): Node {
  return session.tf.div(x, lineSums(session, x, side));
}

/** tf.softmax knows only the last axis. */
function softmaxOfLines({ tf }: TfjsSession, logits: Node, side: Side): Node {
  if (side === 'rows') return tf.softmax(logits);
  return tf.transpose(tf.softmax(tf.transpose(logits, [0, 2, 1])), [0, 2, 1]);
}

function stabilised({ tf }: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  if (dialect.stabilisation === 'none') return logits;
  const axes = dialect.stabilisation === 'matrix-max' ? [1, 2] : [axisOf(firstNormalised(dialect))];
  return tf.sub(logits, largest(tf, logits, axes));
}

/** Half-steps on logarithms. Each log-sum-exp subtracts the maximum of its own line, whatever the stabilisation: that only loses less. */
function logDomain(session: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  const { tf } = session;
  const normalise = (x: Node, side: Side): Node => {
    const axis = axisOf(side);
    const maximum = largest(tf, x, [axis]);
    const sums = tf.sum(tf.exp(tf.sub(x, maximum)), axis, true);
    return tf.sub(x, tf.add(maximum, tf.log(sums)));
  };
  const first = dialect.start === 'softmax' ? normalise(logits, firstNormalised(dialect)) : logits;
  return tf.exp(iterate(session, dialect, first, halfSteps(dialect), normalise, (x) => tf.exp(x)));
}

/** The maximum over axes. It cancels in exact arithmetic, and tfjs's gradient of max counts every tied entry in full: no gradient passes. */
function largest(tf: TfjsSession['tf'], x: Node, axes: number[]): Node {
  return withoutGradient(tf, (input) => tf.max(input, axes, true), x);
}

/** The sum of each line, in a shape that broadcasts against x (or already has been). */
function lineSums({ tf, lineSums: method }: TfjsSession, x: Node, side: Side): Node {
  if (method === 'reduce') return tf.sum(x, axisOf(side), true);
  // the same sums; tfjs-cpu broadcasts with index arithmetic per element, a product with ones is three times as fast
  const n = x.shape[2]!;
  const ones = tf.ones([1, n, n]);
  return side === 'rows' ? tf.matMul(x, ones) : tf.matMul(ones, x);
}

/** A row is summed over its columns, axis 2. */
function axisOf(side: Side): number {
  return side === 'rows' ? 2 : 1;
}
