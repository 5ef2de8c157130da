/**
 * One sublayer for all tokens of a call, as the composition of the kernels of its parts: mappings, stream-read, the inner function, stream-write; and
 * backwards through the same parts. Tensors between them are f64, which keeps what `round` left.
 */
import { elementsOf, type Sizes } from '../../operations/operation.ts';
import type { LayerDialect, LayerVjpDialect } from '../../operations/layers/dialect.ts';
import { layerParameters, stackParameters } from '../../operations/layers/ports.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import { innerFunction, innerGradient } from './inner.ts';
import type { Round } from './kernel.ts';
import { mappingsKernel } from './mappings.ts';
import { mappingsVjpKernel } from './mappings-vjp.ts';
import { streamReadKernel } from './stream-read.ts';
import { streamReadVjpKernel } from './stream-read-vjp.ts';
import { streamWriteKernel } from './stream-write.ts';
import { streamWriteVjpKernel } from './stream-write-vjp.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** What one sublayer computed, as the backward needs it: its streams, mappings and what it read with. */
export interface SublayerState {
  readonly streams: Tensor;
  readonly mappings: Tensors;
  readonly pre: Tensor;
  readonly layerInput: Tensor;
  readonly layerOutput: Tensor;
}

/** One sublayer forward; `pre` is what it reads with, its own where absent. */
export type SublayerForward = (streams: Tensor, parameters: Tensors, pre: Tensor | undefined, sizes: Sizes) => { state: SublayerState; next: Tensor };

export function sublayerForward(dialect: LayerDialect, round: Round): SublayerForward {
  const mappingsOf = mappingsKernel(dialect, round, 'f64');
  const read = streamReadKernel(round, 'f64');
  const write = streamWriteKernel({ orientation: dialect.orientation }, round, 'f64');
  return (streams, parameters, given, sizes) => {
    const mappings = mappingsOf({ streams, ...parameters }, sizes);
    const pre = given ?? mappings['preMapping']!;
    const layerInput = read({ preMapping: pre, streams }, sizes)['layerInput']!;
    const y = innerFunction(valuesOf(layerInput), valuesOf(parameters['innerWeight']!), dialect, round);
    const layerOutput = tensor(y, layerInput.shape, 'f64');
    const next = write({ ...mappings, streams, layerOutput }, sizes)['nextStreams']!;
    return { state: { streams, mappings, pre, layerInput, layerOutput }, next };
  };
}

/** What one sublayer passes down: to its streams, to the pre that it read with, and to its parameters (by their names in `layer`). */
export interface SublayerGradients {
  readonly streams: Tensor;
  readonly pre: Tensor;
  readonly parameters: Tensors;
}

/** One sublayer backward; `preCotangent` is that of its own pre, what it read with where absent. */
export type SublayerBackward = (state: SublayerState, parameters: Tensors, cotangent: Tensor, preCotangent: Tensor | undefined, sizes: Sizes) => SublayerGradients;

export function sublayerBackward(dialect: LayerVjpDialect, round: Round): SublayerBackward {
  const mappingsVjp = mappingsVjpKernel(dialect, round, 'f64');
  const readVjp = streamReadVjpKernel(round, 'f64');
  const writeVjp = streamWriteVjpKernel({ orientation: dialect.orientation }, round, 'f64');
  return ({ streams, mappings, pre, layerInput, layerOutput }, parameters, cotangent, preCotangent, sizes) => {
    const written = writeVjp({ ...mappings, streams, layerOutput, cotangent }, sizes);
    const inner = innerGradient(valuesOf(layerInput), valuesOf(parameters['innerWeight']!), valuesOf(written['layerOutputGradient']!), dialect, round);
    const reading = readVjp({ preMapping: pre, streams, cotangent: tensor(inner.input, layerInput.shape, 'f64') }, sizes);
    const predicted = mappingsVjp(
      {
        streams,
        ...parameters,
        preMappingCotangent: preCotangent ?? reading['preMappingGradient']!,
        postMappingCotangent: written['postMappingGradient']!,
        residualMappingCotangent: written['residualMappingGradient']!,
      },
      sizes,
    );
    const gradient = added([written, reading, predicted].map((part) => valuesOf(part['streamsGradient']!)), round);
    const innerWeight = tensor(inner.weight, [sizes.channels], 'f64');
    const parameterGradients = Object.fromEntries(layerParameters.map(({ name }) => [name, name === 'innerWeight' ? innerWeight : predicted[`${name}Gradient`]!]));
    return { streams: tensor(gradient, streams.shape, 'f64'), pre: reading['preMappingGradient']!, parameters: parameterGradients };
  };
}

/** Sublayer l's parameters, by their names in `layer`, from those of a whole stack. */
export function parametersAt(inputs: Tensors, sublayer: number, sizes: Sizes): Tensors {
  const parts = stackParameters.map((port, k) => {
    const count = elementsOf(port, { ...sizes, depth: 1 });
    const values = valuesOf(inputs[port.name]!).slice(sublayer * count, (sublayer + 1) * count);
    return [layerParameters[k]!.name, tensor(values, inputs[port.name]!.shape.slice(1), 'f64')] as const;
  });
  return Object.fromEntries(parts);
}

/** Element-wise sums. */
export function added(parts: readonly Float64Array[], round: Round): Float64Array {
  return parts.reduce((sum, part) => sum.map((value, at) => round(value + part[at]!)));
}
