/** Whole sublayers and chains of them as tfjs graphs, their gradients from tfjs's tape, which keeps what the forward computed. */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { layerParameters, stackParameters } from '../../operations/layers/ports.ts';
import { shapeOf, type Port, type Sizes } from '../../operations/operation.ts';
import { mappings } from './mappings.ts';
import { evaluate, type Graph, type Node, type OutputShapes, type Tf, type TfjsRun, type TfjsSession } from './session.ts';
import { read, write } from './streams.ts';

/** Nodes by their names in `layer`. */
type Parameters = Readonly<Record<string, Node>>;

/** streams [B, n, C], projection, scales, biases, normWeight, innerWeight → nextStreams [B, n, C]. */
export function layerRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams, channels }) => ({ nextStreams: [tokens, streams, channels] }),
    (x, sizes) => ({ nextStreams: sublayer(session, dialect, sizes, x.streams, x).next }),
  );
}

/** The inputs of the forward kernel and a cotangent → the gradient of each input. */
export function layerVjpRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  const product: Product = (x, streams, parameters, sizes) => session.tf.sum(session.tf.mul(sublayer(session, dialect, sizes, streams, parameters).next, x.cotangent));
  return gradientsRun(session, dialect, layerParameters, product);
}

/** streams, parameters [D, …] → finalStreams [B, n, C]. */
export function layerStackRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams, channels }) => ({ finalStreams: [tokens, streams, channels] }),
    (x, sizes) => ({ finalStreams: chain(session, dialect, sizes, x.streams, x, undefined).streams }),
  );
}

export function layerStackVjpRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  const product: Product = (x, streams, parameters, sizes) => session.tf.sum(session.tf.mul(chain(session, dialect, sizes, streams, parameters, undefined).streams, x.cotangent));
  return gradientsRun(session, dialect, stackParameters, product);
}

/** streams, parameters [D, …] → finalStreams [B, n, C], collapsed [B, C]. */
export function singlePassRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  return evaluate(
    session,
    ({ tokens, streams, channels }) => ({ finalStreams: [tokens, streams, channels], collapsed: [tokens, channels] }),
    (x, sizes) => {
      const { streams, pre } = chain(session, dialect, sizes, x.streams, x, streamZero(session.tf, sizes));
      return { finalStreams: streams, collapsed: read(session.tf, pre!, streams) };
    },
  );
}

export function singlePassVjpRun(session: TfjsSession, dialect: LayerDialect): TfjsRun {
  const { tf } = session;
  const product: Product = (x, first, parameters, sizes) => {
    const { streams, pre } = chain(session, dialect, sizes, first, parameters, streamZero(tf, sizes));
    return tf.add(tf.sum(tf.mul(streams, x.finalStreamsCotangent)), tf.sum(tf.mul(read(tf, pre!, streams), x.collapsedCotangent)));
  };
  return gradientsRun(session, dialect, stackParameters, product);
}

/** ⟨outputs, cotangents⟩ as a function of the streams and of parameters by port name. */
type Product = (inputs: Inputs, streams: Node, parameters: Parameters, sizes: Sizes) => Node;
type Inputs = Parameters & { readonly cotangent: Node; readonly finalStreamsCotangent: Node; readonly collapsedCotangent: Node };

/** The gradients of a product; zeros for weights that the dialect does not use, of which tfjs would complain. */
function gradientsRun(session: TfjsSession, dialect: LayerDialect, ports: readonly Port[], product: Product): TfjsRun {
  const { tf } = session;
  const used = ports.filter(({ name }) => (name.startsWith('normWeight') ? dialect.normWeight : name.startsWith('innerWeight') ? dialect.inner !== 'zero' && dialect.inner !== 'identity' : true));
  const shapes: OutputShapes = (sizes) => {
    const parameters = ports.map((port) => [`${port.name}Gradient`, shapeOf(port, sizes)] as const);
    return { streamsGradient: [sizes.tokens, sizes.streams, sizes.channels], ...Object.fromEntries(parameters) };
  };
  const graph: Graph = (x, sizes) => {
    const f = (streams: Node, ...nodes: Node[]): Node => product(x, streams, { ...x, ...Object.fromEntries(used.map(({ name }, k) => [name, nodes[k]!])) }, sizes);
    const [streamsGradient, ...gradients] = tf.grads(f)([x.streams, ...used.map(({ name }) => (x as Parameters)[name]!)]);
    const found = ports.map((port) => [`${port.name}Gradient`, gradients[used.indexOf(port)] ?? tf.zeros(shapeOf(port, sizes))] as const);
    return { streamsGradient: streamsGradient!, ...Object.fromEntries(found) };
  };
  return evaluate(session, shapes, graph);
}

/** All sublayers; `pre` is what the first one reads with, its own where absent, and what comes out is the last one's. */
function chain(session: TfjsSession, dialect: LayerDialect, sizes: Sizes, first: Node, inputs: Parameters, pre: Node | undefined): { streams: Node; pre: Node | undefined } {
  const { tf } = session;
  const parts = stackParameters.map(({ name }) => sublayersOf(tf, inputs[name]!));
  let [streams, handed] = [first, pre];
  for (let l = 0; l < sizes.depth; l++) {
    const parameters = Object.fromEntries(layerParameters.map(({ name }, k) => [name, parts[k]![l]!]));
    const { next, pre: own } = sublayer(session, dialect, sizes, streams, parameters, handed);
    streams = next;
    if (handed !== undefined) handed = own;
  }
  return { streams, pre: handed };
}

function sublayer(session: TfjsSession, dialect: LayerDialect, sizes: Sizes, streams: Node, parameters: Parameters, pre?: Node): { next: Node; pre: Node } {
  const { tf } = session;
  const { preMapping, postMapping, residualMapping } = mappings(session, dialect, sizes, streams, parameters['projection']!, parameters['scales']!, parameters['biases']!, parameters['normWeight']!);
  const u = read(tf, pre ?? preMapping, streams);
  return { next: write(tf, dialect, residualMapping, postMapping, streams, inner(tf, dialect, u, parameters['innerWeight']!)), pre: preMapping };
}

function inner(tf: Tf, { inner: kind, innerEpsilon }: LayerDialect, u: Node, weight: Node): Node {
  switch (kind) {
    case 'zero':
      return tf.mul(u, 0);
    case 'identity':
      return u;
    case 'scale':
      return tf.mul(u, weight);
    case 'silu':
      return tf.mul(tf.mul(u, tf.sigmoid(u)), weight);
    case 'rms-norm':
      return tf.mul(tf.mul(u, tf.rsqrt(tf.add(tf.mean(tf.mul(u, u), 1, true), innerEpsilon))), weight);
  }
}

/** [B, n] with 1 for stream 0. */
function streamZero(tf: Tf, { tokens, streams: n }: Sizes): Node {
  return tf.pad(tf.ones([tokens, 1]), [[0, 0], [0, n - 1]]);
}

/** [D, …] → D times […]. */
function sublayersOf(tf: Tf, all: Node): Node[] {
  // tfjs's gradient of unstack throws for a single tensor
  return all.shape[0] === 1 ? [tf.squeeze(all, [0])] : tf.unstack(all, 0);
}
