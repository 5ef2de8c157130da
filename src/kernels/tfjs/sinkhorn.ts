/** Sinkhorn–Knopp as a tfjs graph, for every dialect; its gradient is the unrolled one, from tfjs's tape. */
import { firstNormalised, halfSteps, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
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
export function sinkhornVjpRun(session: TfjsSession, dialect: SinkhornDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams }) => ({ logitsGradient: [tokens, streams, streams] }),
    ({ logits, cotangent }) => {
      const [logitsGradient] = pullback(session.tf, (parameter) => sinkhorn(session, dialect, parameter), [logits], cotangent);
      return { logitsGradient: logitsGradient! };
    },
  );
}

/** The residual mapping of logits [B, n, n]. */
export function sinkhorn(session: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  return dialect.domain === 'log' ? logDomain(session, dialect, logits) : linearDomain(session, dialect, logits);
}

function linearDomain(session: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  const { tf } = session;
  let x = start(session, dialect, logits);
  for (const side of halfSteps(dialect)) {
    const sums = lineSums(session, x, side);
    if (dialect.divisor === 'add') x = tf.div(x, tf.add(sums, dialect.epsilon));
    // the sums first: tfjs-wasm's maximum keeps a NaN of its first operand only
    else if (dialect.divisor === 'clamp') x = tf.div(x, tf.maximum(sums, dialect.epsilon));
    else x = tf.div(x, sums);
  }
  return x;
}

/** What enters the loop: exp(L − m), or the softmax of the lines that are normalised first, + ε where the dialect says so. */
function start(session: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  const { tf } = session;
  if (dialect.start === 'exp') return tf.exp(stabilised(session, dialect, logits));
  const side = firstNormalised(dialect);
  const softmax = dialect.stabilisation === 'line-max' ? softmaxOfLines(session, logits, side) : normalised(session, tf.exp(stabilised(session, dialect, logits)), side);
  return dialect.epsilonInStart ? tf.add(softmax, dialect.epsilon) : softmax;
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
function logDomain({ tf }: TfjsSession, dialect: SinkhornDialect, logits: Node): Node {
  const sides = dialect.start === 'softmax' ? [firstNormalised(dialect), ...halfSteps(dialect)] : halfSteps(dialect);
  let logarithms = logits;
  for (const side of sides) {
    const axis = axisOf(side);
    const maximum = largest(tf, logarithms, [axis]);
    const sums = tf.sum(tf.exp(tf.sub(logarithms, maximum)), axis, true);
    logarithms = tf.sub(logarithms, tf.add(maximum, tf.log(sums)));
  }
  return tf.exp(logarithms);
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
