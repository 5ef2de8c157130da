/**
 * The coefficient kernel as a tfjs graph: one product with the projection for all tokens, the root mean square divided out afterwards; its gradients
 * come from tfjs's tape. tfjs cannot round to TF32, so the projection is exact.
 */
import type { MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import { evaluate, type Graph, type Node, type Tf, type TfjsRun, type TfjsSession } from './session.ts';
import { sinkhorn } from './sinkhorn.ts';

/** What a tfjs kernel computes where a dialect is asked for. */
export function servedMappings(dialect: MappingsDialect): MappingsDialect {
  return { ...dialect, projectionRounding: 'exact' };
}

/** What a projection is divided by. */
type Norm = Pick<MappingsDialect, 'norm' | 'rmsEpsilon' | 'rmsEpsilonPlace'>;
type Mappings = Record<'preMapping' | 'postMapping' | 'residualMapping', Node>;

/** streams [B, n, C], projection [n² + 2n, nC], scales [3], biases [n² + 2n], normWeight [nC] → preMapping, postMapping [B, n], residualMapping [B, n, n]. */
export function mappingsRun(session: TfjsSession, dialect: MappingsDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams }) => ({ preMapping: [tokens, streams], postMapping: [tokens, streams], residualMapping: [tokens, streams, streams] }),
    (x, sizes) => mappings(session, dialect, sizes, x.streams, x.projection, x.scales, x.biases, x.normWeight),
  );
}

/** The inputs of the forward kernel and a cotangent of each mapping → the gradient of each input. */
export function mappingsVjpRun(session: TfjsSession, dialect: MappingsDialect): TfjsRun {
  const shapes = ({ tokens, streams: n, channels }: Sizes): Record<string, readonly number[]> => ({
    streamsGradient: [tokens, n, channels],
    projectionGradient: [n * n + 2 * n, n * channels],
    scalesGradient: [3],
    biasesGradient: [n * n + 2 * n],
    normWeightGradient: [n * channels],
  });
  const graph: Graph = (x, sizes) => {
    const { tf } = session;
    // ⟨mappings, cotangents⟩ has these gradients, and none where the dialect has no norm weight
    const product = (streams: Node, projection: Node, scales: Node, biases: Node, normWeight: Node): Node => {
      const { preMapping, postMapping, residualMapping } = mappings(session, dialect, sizes, streams, projection, scales, biases, normWeight);
      const pairs = [[preMapping, x.preMappingCotangent], [postMapping, x.postMappingCotangent], [residualMapping, x.residualMappingCotangent]] as const;
      const [first, second, third] = pairs.map(([mapping, cotangent]) => tf.sum(tf.mul(mapping, cotangent)));
      return tf.add(tf.add(first!, second!), third!);
    };
    const weight = dialect.normWeight ? [x.normWeight] : [];
    const f = (...[streams, projection, scales, biases, normWeight]: Node[]): Node => product(streams!, projection!, scales!, biases!, normWeight ?? x.normWeight);
    const gradients = tf.grads(f)([x.streams, x.projection, x.scales, x.biases, ...weight]);
    return {
      streamsGradient: gradients[0]!,
      projectionGradient: gradients[1]!,
      scalesGradient: gradients[2]!,
      biasesGradient: gradients[3]!,
      normWeightGradient: gradients[4] ?? tf.zeros(x.normWeight.shape),
    };
  };
  return evaluate(session, shapes, graph);
}

/** The three mappings as nodes. */
export function mappings(session: TfjsSession, dialect: MappingsDialect, sizes: Sizes, streams: Node, projection: Node, scales: Node, biases: Node, normWeight: Node): Mappings {
  const { tf } = session;
  const { tokens, streams: n } = sizes;
  const normalised = projected(tf, dialect, sizes, streams, dialect.normWeight ? tf.mul(projection, normWeight) : projection);
  const logits = [[0, n], [n, n], [2 * n, n * n]].map(([from, count], k) => {
    const scaled = tf.mul(tf.slice(normalised, [0, from!], [tokens, count!]), tf.slice(scales, [k], [1]));
    return tf.add(scaled, tf.slice(biases, [from!], [count!]));
  }) as [Node, Node, Node];
  const pre = tf.sigmoid(logits[0]);
  return {
    preMapping: dialect.preEpsilon > 0 ? tf.add(pre, dialect.preEpsilon) : pre,
    postMapping: tf.mul(tf.sigmoid(logits[1]), dialect.postMultiplier),
    residualMapping: sinkhorn(session, dialect, tf.reshape(logits[2], [tokens, n, n])),
  };
}

/** r·(x·φ), [B, n² + 2n]: each stream's part divided by its own root mean square where the norm is per stream. */
export function projected(tf: Tf, dialect: Norm, { tokens, streams: n, channels }: Sizes, streams: Node, folded: Node): Node {
  const width = n * channels;
  const flat = tf.reshape(streams, [tokens, width]);
  if (dialect.norm === 'none') return timesTransposed(tf, flat, folded);
  if (dialect.norm === 'flattened') return tf.mul(timesTransposed(tf, flat, folded), inverseRoot(tf, dialect, flat, 1));
  const roots = inverseRoot(tf, dialect, streams, 2); // [B, n, 1]
  const parts = Array.from({ length: n }, (_, i) => {
    const part = tf.reshape(tf.slice(streams, [0, i, 0], [tokens, 1, channels]), [tokens, channels]);
    const product = timesTransposed(tf, part, tf.slice(folded, [0, i * channels], [folded.shape[0], channels]));
    return tf.mul(product, tf.reshape(tf.slice(roots, [0, i, 0], [tokens, 1, 1]), [tokens, 1]));
  });
  return parts.reduce((sum, part) => tf.add(sum, part));
}

/** a·bᵀ. Not by matMul's own transposition: tfjs-webgpu's product over 2000 entries and more is wrong with it. */
function timesTransposed(tf: Tf, a: Node, b: Node): Node {
  return tf.matMul(a, tf.transpose(b));
}

function inverseRoot(tf: Tf, { rmsEpsilon, rmsEpsilonPlace }: Norm, x: Node, axis: number): Node {
  const mean = tf.mean(tf.mul(x, x), axis, true);
  if (rmsEpsilonPlace === 'inside') return tf.rsqrt(tf.add(mean, rmsEpsilon));
  return tf.div(1, tf.add(tf.sqrt(mean), rmsEpsilon));
}
