/** The ports of whole sublayers, chains, expand and head, from and to the equations of `layers.ts`. */
import type { ExpandDialect, HeadDialect, LayerDialect, LayerVjpDialect } from '../layers/dialect.ts';
import type { OperationId, Sizes, Values } from '../operation.ts';
import { exactChain, exactChainVjp, exactExpand, exactExpandVjp, exactHead, exactHeadVjp, type HeadInputs, type SublayerParameters } from './layers.ts';
import { matrixFrom, type Matrix } from './numbers.ts';

type LayerOperation = Extract<OperationId, `expand${string}` | `head${string}` | `layer${string}` | `single-pass${string}`>;

/** The names of one operation's parameters: a layer's without, a stack's with the sublayer as leading dimension. */
type Names = Readonly<Record<keyof SublayerParameters, string>>;
const layerNames: Names = { projection: 'projection', scales: 'scales', biases: 'biases', normWeight: 'normWeight', innerWeight: 'innerWeight' };
const stackNames: Names = { projection: 'projections', scales: 'scales', biases: 'biases', normWeight: 'normWeights', innerWeight: 'innerWeights' };

/** Outputs of one token by port name. */
export function layerMatrices(operation: LayerOperation, inputs: Values, sizes: Sizes, dialect: unknown): Readonly<Record<string, Matrix>> {
  const { streams: n, channels } = sizes;
  const port = (name: string, rows: number, columns: number): Matrix => matrixFrom(inputs[name]!, rows, columns);
  const sublayers = (names: Names, depth: number): SublayerParameters[] => Array.from({ length: depth }, (_, l) => parameters(inputs, names, l, sizes));
  const head = (): HeadInputs => ({
    streams: port('streams', n, channels),
    projection: port('headProjection', n, n * channels),
    scale: port('headScale', 1, 1)[0]![0]!,
    biases: port('headBiases', 1, n)[0]!,
  });
  const chainVjp = (names: Names, depth: number, final: string, collapsed: string | undefined): Record<string, Matrix> => {
    const g = collapsed === undefined ? undefined : port(collapsed, 1, channels);
    const gradients = exactChainVjp(port('streams', n, channels), sublayers(names, depth), port(final, n, channels), g, dialect as LayerVjpDialect);
    const joined = Object.entries(names).map(([own, name]) => [`${name}Gradient`, gradients.sublayers.map((one) => [one[own as keyof Names]].flat(2))] as const);
    return { streamsGradient: gradients.streams, ...Object.fromEntries(joined) };
  };

  switch (operation) {
    case 'expand':
      return { streams: exactExpand(port('hidden', 1, channels), n, (dialect as ExpandDialect).copies) };
    case 'expand-vjp':
      return { hiddenGradient: exactExpandVjp(port('cotangent', n, channels), (dialect as ExpandDialect).copies) };
    case 'head':
      return { collapsed: exactHead(head(), dialect as HeadDialect) };
    case 'head-vjp': {
      const gradients = exactHeadVjp(head(), port('cotangent', 1, channels), dialect as HeadDialect);
      return {
        streamsGradient: gradients.streams,
        headProjectionGradient: gradients.projection,
        headScaleGradient: [[gradients.scale]],
        headBiasesGradient: [gradients.biases],
      };
    }
    case 'layer':
      return { nextStreams: exactChain(port('streams', n, channels), sublayers(layerNames, 1), dialect as LayerDialect, 'own').streams };
    case 'layer-vjp':
      return chainVjp(layerNames, 1, 'cotangent', undefined);
    case 'layer-stack':
      return { finalStreams: exactChain(port('streams', n, channels), sublayers(stackNames, sizes.depth), dialect as LayerDialect, 'own').streams };
    case 'layer-stack-vjp':
      return chainVjp(stackNames, sizes.depth, 'cotangent', undefined);
    case 'single-pass': {
      const outputs = exactChain(port('streams', n, channels), sublayers(stackNames, sizes.depth), dialect as LayerDialect, 'previous');
      return { finalStreams: outputs.streams, collapsed: outputs.collapsed };
    }
    case 'single-pass-vjp':
      return chainVjp(stackNames, sizes.depth, 'finalStreamsCotangent', 'collapsedCotangent');
  }
}

function parameters(inputs: Values, names: Names, sublayer: number, { streams: n, channels }: Sizes): SublayerParameters {
  const count = n * n + 2 * n;
  const part = (name: string, rows: number, columns: number): Matrix => matrixFrom(inputs[name]!, rows, columns, sublayer * rows * columns);
  return {
    projection: part(names.projection, count, n * channels),
    scales: part(names.scales, 1, 3)[0]!,
    biases: part(names.biases, 1, count)[0]!,
    normWeight: part(names.normWeight, 1, n * channels)[0]!,
    innerWeight: part(names.innerWeight, 1, channels)[0]!,
  };
}
