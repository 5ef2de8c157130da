/**
 * The second opinion: every operation once more, for one token, in 100 decimal digits and straight from the equations. It shares no
 * code with the references, bounds or double-double versions (only the names of ports and the types of dialects), and judges them.
 */
import type { BigNumber } from 'mathjs';

import { exactly, matrixFrom, type Matrix } from './exact/numbers.ts';
import { exactSinkhorn, exactSinkhornVjp } from './exact/sinkhorn.ts';
import * as relative from './exact/relatives.ts';
import * as exact from './exact/streams.ts';
import type { OperationId, Sizes, Values } from './operation.ts';
import type { CayleyDialect } from './relatives/cayley.ts';
import type { HyperConnectionDialect } from './relatives/hyper-connection.ts';
import type { KroneckerDialect } from './relatives/kronecker.ts';
import type { PermutationMixtureDialect } from './relatives/permutation-mixture.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from './sinkhorn/dialect.ts';
import type { MixingDialect } from './streams/dialect.ts';

export { exactly } from './exact/numbers.ts';

/** Outputs of one token (`sizes.tokens` is 1) by port name, flat and row-major. */
export function exactOutputs(operation: OperationId, inputs: Values, sizes: Sizes, dialect: unknown): Record<string, BigNumber[]> {
  const outputs = matrices(operation, inputs, sizes, dialect);
  return Object.fromEntries(Object.entries(outputs).map(([name, matrix]) => [name, matrix.flat()]));
}

function matrices(operation: OperationId, inputs: Values, sizes: Sizes, dialect: unknown): Readonly<Record<string, Matrix>> {
  const { streams: n, channels, depth } = sizes;
  const port = (name: string, rows: number, columns: number): Matrix => matrixFrom(inputs[name]!, rows, columns);
  const mixing = dialect as MixingDialect;
  const mappings = (): Matrix[] => Array.from({ length: depth }, (_, l) => matrixFrom(inputs['residualMappings']!, n, n, l * n * n));

  switch (operation) {
    case 'sinkhorn':
      return { residualMapping: exactSinkhorn(port('logits', n, n), dialect as SinkhornDialect) };
    case 'sinkhorn-vjp':
      return { logitsGradient: exactSinkhornVjp(port('logits', n, n), port('cotangent', n, n), dialect as SinkhornVjpDialect) };
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
      return relatives(operation, inputs, sizes, dialect);
  }
}

type MixingId = 'sinkhorn' | 'sinkhorn-vjp' | `stream-${string}` | 'stack' | 'stack-vjp';

function relatives(operation: Exclude<OperationId, MixingId>, inputs: Values, sizes: Sizes, dialect: unknown): Readonly<Record<string, Matrix>> {
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
