/**
 * The second opinion: every operation once more, for one token, in 100 decimal digits and straight from the equations. It shares no
 * code with the references, bounds or double-double versions (only the names of ports and the types of dialects), and judges them.
 */
import type { BigNumber } from 'mathjs';

import { layerMatrices } from './exact/layer-outputs.ts';
import { exactMappings, exactMappingsVjp, type CoefficientInputs } from './exact/mappings.ts';
import { exactly, matrixFrom, type Matrix } from './exact/numbers.ts';
import { exactSinkhorn, exactSinkhornVjp } from './exact/sinkhorn.ts';
import * as exact from './exact/streams.ts';
import type { MappingsDialect, MappingsVjpDialect } from './mappings/dialect.ts';
import type { OperationId, Sizes, Values } from './operation.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from './sinkhorn/dialect.ts';
import type { MixingDialect } from './streams/dialect.ts';

export { exactly } from './exact/numbers.ts';

/**
 * Outputs of one token (`sizes.tokens` is 1) by port name, flat and row-major. Gradients of what all tokens share are sums over tokens: this is the token's part.
 */
export function exactOutputs(operation: OperationId, inputs: Values, sizes: Sizes, dialect: unknown): Record<string, BigNumber[]> {
  const outputs = matrices(operation, inputs, sizes, dialect);
  return Object.fromEntries(Object.entries(outputs).map(([name, matrix]) => [name, matrix.flat()]));
}

function matrices(operation: OperationId, inputs: Values, sizes: Sizes, dialect: unknown): Readonly<Record<string, Matrix>> {
  const { streams: n, channels, depth } = sizes;
  const port = (name: string, rows: number, columns: number): Matrix => matrixFrom(inputs[name]!, rows, columns);
  const mixing = dialect as MixingDialect;
  const mappings = (): Matrix[] => Array.from({ length: depth }, (_, l) => matrixFrom(inputs['residualMappings']!, n, n, l * n * n));
  const coefficients = (): CoefficientInputs => ({
    n,
    streams: port('streams', 1, n * channels)[0]!,
    projection: port('projection', n * n + 2 * n, n * channels),
    scales: port('scales', 1, 3)[0]!,
    biases: port('biases', 1, n * n + 2 * n)[0]!,
    normWeight: port('normWeight', 1, n * channels)[0]!,
  });

  switch (operation) {
    case 'sinkhorn':
      return { residualMapping: exactSinkhorn(port('logits', n, n), dialect as SinkhornDialect) };
    case 'sinkhorn-vjp':
      return { logitsGradient: exactSinkhornVjp(port('logits', n, n), port('cotangent', n, n), dialect as SinkhornVjpDialect) };
    case 'mappings': {
      const outputs = exactMappings(coefficients(), dialect as MappingsDialect);
      return { preMapping: [outputs.pre], postMapping: [outputs.post], residualMapping: outputs.residual };
    }
    case 'mappings-vjp': {
      const cotangents = {
        pre: port('preMappingCotangent', 1, n)[0]!,
        post: port('postMappingCotangent', 1, n)[0]!,
        residual: port('residualMappingCotangent', n, n),
      };
      const gradients = exactMappingsVjp(coefficients(), cotangents, dialect as MappingsVjpDialect);
      return {
        streamsGradient: [gradients.streams],
        projectionGradient: gradients.projection,
        scalesGradient: [gradients.scales],
        biasesGradient: [gradients.biases],
        normWeightGradient: [gradients.normWeight],
      };
    }
    case 'stream-read':
      return { layerInput: exact.exactStreamRead(port('preMapping', 1, n), port('streams', n, channels)) };
    case 'stream-read-vjp': {
      const gradients = exact.exactStreamReadVjp(port('preMapping', 1, n), port('streams', n, channels), port('cotangent', 1, channels));
      return { preMappingGradient: gradients.pre, streamsGradient: gradients.streams };
    }
    case 'stream-write': {
      const [mapping, post, x, out] = [port('residualMapping', n, n), port('postMapping', 1, n), port('streams', n, channels), port('layerOutput', 1, channels)];
      return { nextStreams: exact.exactStreamWrite(mapping, post, x, out, mixing) };
    }
    case 'stream-write-vjp': {
      const [mapping, post, x, out] = [port('residualMapping', n, n), port('postMapping', 1, n), port('streams', n, channels), port('layerOutput', 1, channels)];
      const gradients = exact.exactStreamWriteVjp(mapping, post, x, out, port('cotangent', n, channels), mixing);
      return {
        residualMappingGradient: gradients.mapping,
        postMappingGradient: gradients.post,
        streamsGradient: gradients.streams,
        layerOutputGradient: gradients.out,
      };
    }
    case 'stack': {
      const identity = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => exactly(i === j ? 1 : 0)));
      const outputs = exact.exactStack(mappings(), port('streams', n, channels), identity, mixing);
      return { composite: outputs.composite, finalStreams: outputs.streams };
    }
    case 'stack-vjp': {
      const gradients = exact.exactStackVjp(mappings(), port('streams', n, channels), port('cotangent', n, channels), mixing);
      return { residualMappingsGradient: gradients.mappings.flat(), streamsGradient: gradients.streams };
    }
    default:
      return layerMatrices(operation, inputs, sizes, dialect);
  }
}
