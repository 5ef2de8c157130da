/** A stack of sublayers as a tfjs graph: the product of the residual mappings and the signal through it, sublayer by sublayer. */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import { evaluate, pullback, type Node, type Tf, type TfjsRun, type TfjsSession } from './session.ts';
import { mix } from './streams.ts';

/** residualMappings [B, D, n, n], streams [B, n, C] → composite [B, n, n], finalStreams [B, n, C]. */
export function stackRun(session: TfjsSession, dialect: MixingDialect): TfjsRun {
  const { tf } = session;
  return evaluate(
    session,
    ({ tokens, streams, channels }) => ({ composite: [tokens, streams, streams], finalStreams: [tokens, streams, channels] }),
    ({ residualMappings, streams }) => {
      const [first, ...rest] = sublayers(tf, residualMappings);
      let composite: Node = dialect.orientation === 'transposed' ? tf.transpose(first!, [0, 2, 1]) : first!;
      for (const mapping of rest) composite = mix(tf, dialect, mapping, composite);
      return { composite, finalStreams: propagate(session, dialect, residualMappings, streams) };
    },
  );
}

/** residualMappings, streams, cotangent [B, n, C] of finalStreams → residualMappingsGradient [B, D, n, n], streamsGradient [B, n, C]. */
export function stackVjpRun(session: TfjsSession, dialect: MixingDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams, channels, depth }) => ({ residualMappingsGradient: [tokens, depth, streams, streams], streamsGradient: [tokens, streams, channels] }),
    ({ residualMappings, streams, cotangent }) => {
      const f = (mappings: Node, x: Node): Node => propagate(session, dialect, mappings, x);
      const gradients = pullback(session.tf, f, [residualMappings, streams], cotangent);
      return { residualMappingsGradient: gradients[0]!, streamsGradient: gradients[1]! };
    },
  );
}

function propagate({ tf }: TfjsSession, dialect: MixingDialect, residualMappings: Node, streams: Node): Node {
  return sublayers(tf, residualMappings).reduce((x, mapping) => mix(tf, dialect, mapping, x), streams);
}

/** [B, D, n, n] → D times [B, n, n]. */
function sublayers(tf: Tf, residualMappings: Node): Node[] {
  // tfjs's gradient of unstack throws for a single tensor
  if (residualMappings.shape[1] === 1) return [tf.squeeze(residualMappings, [1])];
  // one unstack: its gradient is one stack, where a slice per sublayer would pad D times the whole tensor
  return tf.unstack(residualMappings, 1);
}
