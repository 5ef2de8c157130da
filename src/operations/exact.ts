/**
 * The second opinion: every operation once more, for one token, in 100 decimal digits and straight from the equations. It shares no
 * code with the references, bounds or double-double versions (only the names of ports and the types of dialects), and judges them.
 */
import type { BigNumber } from 'mathjs';

import { layerMatrices } from './exact/layer-outputs.ts';
import { exactMappings, exactMappingsVjp, type CoefficientInputs } from './exact/mappings.ts';
import { exactly, matrixFrom, type Matrix } from './exact/numbers.ts';
import { exactSinkhorn, exactSinkhornVjp } from './exact/sinkhorn.ts';
import * as relative from './exact/relatives.ts';
import * as exact from './exact/streams.ts';
import type { MappingsDialect, MappingsVjpDialect } from './mappings/dialect.ts';
import { relativeIds, type OperationId, type RelativeOperationId, type Sizes, type Values } from './operation.ts';
import type { CayleyDialect } from './relatives/cayley.ts';
import type { HyperConnectionDialect } from './relatives/hyper-connection.ts';
import type { KroneckerDialect } from './relatives/kronecker.ts';
import type { PermutationMixtureDialect } from './relatives/permutation-mixture.ts';
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
      return isRelative(operation) ? relatives(operation, inputs, sizes, dialect) : layerMatrices(operation, inputs, sizes, dialect);
  }
}

function isRelative(operation: OperationId): operation is RelativeOperationId {
  return relativeIds.some((id) => operation === id || operation === `${id}-vjp`);
}

function relatives(operation: RelativeOperationId, inputs: Values, sizes: Sizes, dialect: unknown): Readonly<Record<string, Matrix>> {
  const { streams: n, channels } = sizes;
  const square = (name: string): Matrix => matrixFrom(inputs[name]!, n, n);
  const row = (name: string): Matrix[number] => Array.from(inputs[name]!, exactly);
  switch (operation) {
    case 'permutation-mixture':
      return { residualMapping: relative.exactPermutationMixture(row('weightLogits'), n, dialect as PermutationMixtureDialect) };
    case 'permutation-mixture-vjp':
      return { weightLogitsGradient: [relative.exactPermutationMixtureVjp(row('weightLogits'), square('cotangent'), n, dialect as PermutationMixtureDialect)] };
    case 'kronecker':
      return { residualMapping: relative.exactKronecker(row('factorLogits'), dialect as KroneckerDialect) };
    case 'kronecker-vjp':
      return { factorLogitsGradient: [relative.exactKroneckerVjp(row('factorLogits'), square('cotangent'))] };
    case 'cayley':
      return { residualMapping: relative.exactCayley(square('logits'), dialect as CayleyDialect) };
    case 'cayley-vjp':
      return { logitsGradient: relative.exactCayleyVjp(square('logits'), square('cotangent'), dialect as CayleyDialect) };
    case 'hyper-connection':
      return { residualMapping: relative.exactHyperConnection(square('logits'), square('staticMapping'), row('gate')[0]!, dialect as HyperConnectionDialect) };
    case 'hyper-connection-vjp': {
      const gradients = relative.exactHyperConnectionVjp(square('logits'), row('gate')[0]!, square('cotangent'), dialect as HyperConnectionDialect);
      return { logitsGradient: gradients.logits, staticMappingGradient: square('cotangent'), gateGradient: [[gradients.gate]] };
    }
    case 'plain-residual':
      return { nextResidual: [row('residual').map((x, c) => x.plus(row('layerOutput')[c]!))] };
    default: {
      operation satisfies 'plain-residual-vjp';
      const g = matrixFrom(inputs['cotangent']!, 1, channels);
      return { residualGradient: g, layerOutputGradient: g };
    }
  }
}
