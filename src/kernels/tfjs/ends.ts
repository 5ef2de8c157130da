/** Both ends of the streams as tfjs graphs: copies of the hidden state, and the gated collapse. */
import type { ExpandDialect, HeadDialect } from '../../operations/layers/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import { projected } from './mappings.ts';
import { evaluate, pullback, type Node, type Tf, type TfjsRun, type TfjsSession } from './session.ts';
import { read } from './streams.ts';

/** hidden [B, C] → streams [B, n, C]. */
export function expandRun(session: TfjsSession, dialect: ExpandDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams, channels }) => ({ streams: [tokens, streams, channels] }),
    ({ hidden }, { streams: n }) => ({ streams: copies(session.tf, dialect, hidden, n) }),
  );
}

/** cotangent [B, n, C] → hiddenGradient [B, C]. */
export function expandVjpRun(session: TfjsSession, dialect: ExpandDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, channels }) => ({ hiddenGradient: [tokens, channels] }),
    ({ cotangent }, { tokens, streams: n, channels }) => {
      const gradients = pullback(session.tf, (hidden) => copies(session.tf, dialect, hidden, n), [session.tf.zeros([tokens, channels])], cotangent);
      return { hiddenGradient: gradients[0]! };
    },
  );
}

function copies(tf: Tf, dialect: ExpandDialect, hidden: Node, n: number): Node {
  const one = tf.expandDims(hidden, 1);
  return dialect.copies === 'all' ? tf.tile(one, [1, n, 1]) : tf.pad(one, [[0, 0], [0, n - 1], [0, 0]]);
}

/** streams [B, n, C], headProjection [n, nC], headScale [1], headBiases [n] → collapsed [B, C]. */
export function headRun(session: TfjsSession, dialect: HeadDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, channels }) => ({ collapsed: [tokens, channels] }),
    (x, sizes) => ({ collapsed: head(session.tf, dialect, sizes, x.streams, x.headProjection, x.headScale, x.headBiases) }),
  );
}

/** The inputs of the forward kernel and a cotangent [B, C] → the gradient of each input. */
export function headVjpRun(session: TfjsSession, dialect: HeadDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams: n, channels }) => ({ streamsGradient: [tokens, n, channels], headProjectionGradient: [n, n * channels], headScaleGradient: [1], headBiasesGradient: [n] }),
    (x, sizes) => {
      const f = (streams: Node, projection: Node, scale: Node, biases: Node): Node => head(session.tf, dialect, sizes, streams, projection, scale, biases);
      const gradients = pullback(session.tf, f, [x.streams, x.headProjection, x.headScale, x.headBiases], x.cotangent);
      return { streamsGradient: gradients[0]!, headProjectionGradient: gradients[1]!, headScaleGradient: gradients[2]!, headBiasesGradient: gradients[3]! };
    },
  );
}

function head(tf: Tf, dialect: HeadDialect, sizes: Sizes, streams: Node, projection: Node, scale: Node, biases: Node): Node {
  const gates = tf.sigmoid(tf.add(tf.mul(projected(tf, dialect, sizes, streams, projection), scale), biases));
  return read(tf, dialect.preEpsilon > 0 ? tf.add(gates, dialect.preEpsilon) : gates, streams);
}
