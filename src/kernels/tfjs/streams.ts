/** Reading from and writing to the streams as tfjs graphs of batched matrix products, with tfjs's gradients. */
import type { MixingDialect } from '../../operations/streams/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import { evaluate, pullback, type Node, type Tf, type TfjsRun, type TfjsSession } from './session.ts';

/** preMapping [B, n], streams [B, n, C] → layerInput [B, C]. */
export function streamReadRun(session: TfjsSession): TfjsRun {
  return evaluate(
    session,
    ({ tokens, channels }) => ({ layerInput: [tokens, channels] }),
    ({ preMapping, streams }) => ({ layerInput: read(session.tf, preMapping, streams) }),
  );
}

/** preMapping, streams, cotangent [B, C] → preMappingGradient [B, n], streamsGradient [B, n, C]. */
export function streamReadVjpRun(session: TfjsSession): TfjsRun {
  return evaluate(
    session,
    (sizes) => ({ preMappingGradient: mapping(sizes), streamsGradient: streamsShape(sizes) }),
    ({ preMapping, streams, cotangent }) => {
      const gradients = pullback(session.tf, (pre, x) => read(session.tf, pre, x), [preMapping, streams], cotangent);
      return { preMappingGradient: gradients[0]!, streamsGradient: gradients[1]! };
    },
  );
}

/** residualMapping [B, n, n], postMapping [B, n], streams [B, n, C], layerOutput [B, C] → nextStreams [B, n, C]. */
export function streamWriteRun(session: TfjsSession, dialect: MixingDialect): TfjsRun {
  return evaluate(
    session,
    (sizes) => ({ nextStreams: streamsShape(sizes) }),
    (x) => ({ nextStreams: write(session.tf, dialect, x.residualMapping, x.postMapping, x.streams, x.layerOutput) }),
  );
}

/** The four inputs of stream-write and a cotangent [B, n, C] → the gradient of each. */
export function streamWriteVjpRun(session: TfjsSession, dialect: MixingDialect): TfjsRun {
  return evaluate(
    session,
    (sizes) => ({
      residualMappingGradient: [sizes.tokens, sizes.streams, sizes.streams],
      postMappingGradient: mapping(sizes),
      streamsGradient: streamsShape(sizes),
      layerOutputGradient: [sizes.tokens, sizes.channels],
    }),
    ({ residualMapping, postMapping, streams, layerOutput, cotangent }) => {
      const f = (h: Node, post: Node, x: Node, out: Node): Node => write(session.tf, dialect, h, post, x, out);
      const gradients = pullback(session.tf, f, [residualMapping, postMapping, streams, layerOutput], cotangent);
      return {
        residualMappingGradient: gradients[0]!,
        postMappingGradient: gradients[1]!,
        streamsGradient: gradients[2]!,
        layerOutputGradient: gradients[3]!,
      };
    },
  );
}

/** One residual mapping applied to the streams: H·x or Hᵀ·x. */
export function mix(tf: Tf, dialect: MixingDialect, residualMapping: Node, streams: Node): Node {
  return tf.matMul(residualMapping, streams, dialect.orientation === 'transposed');
}

/** Σ_i pre_i·x_i. */
export function read(tf: Tf, preMapping: Node, streams: Node): Node {
  return tf.squeeze(tf.matMul(tf.expandDims(preMapping, 1), streams), [1]);
}

/** E·x + post·out. */
export function write(tf: Tf, dialect: MixingDialect, residualMapping: Node, postMapping: Node, streams: Node, layerOutput: Node): Node {
  const written = tf.matMul(tf.expandDims(postMapping, 2), tf.expandDims(layerOutput, 1));
  return tf.add(mix(tf, dialect, residualMapping, streams), written);
}

function mapping({ tokens, streams }: Sizes): number[] {
  return [tokens, streams];
}

function streamsShape({ tokens, streams, channels }: Sizes): number[] {
  return [tokens, streams, channels];
}
