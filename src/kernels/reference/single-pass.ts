/**
 * Single-pass chains: p_0 = e_0, sublayer l reads with p_l and hands its own pre on as p_{l+1}, the final collapse uses p_D. Backwards, what
 * sublayer l's read gives p_l belongs to sublayer l − 1.
 */
import type { LayerDialect, LayerVjpDialect } from '../../operations/layers/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { stackedGradients } from './layer-stack.ts';
import { stored } from './layer.ts';
import { streamReadKernel } from './stream-read.ts';
import { streamReadVjpKernel } from './stream-read-vjp.ts';
import { added, parametersAt, sublayerBackward, sublayerForward, type SublayerForward, type SublayerState } from './sublayer.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** streams [B,n,C], parameters [D,…] → finalStreams [B,n,C], collapsed [B,C]. */
export function singlePassKernel(dialect: LayerDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  const read = streamReadKernel(round, 'f64');
  return (inputs, sizes) => {
    const { streams, pre } = through(forward, inputs, sizes);
    return { finalStreams: stored(streams, storage), collapsed: stored(read({ preMapping: pre, streams }, sizes)['layerInput']!, storage) };
  };
}

/** The inputs of the forward kernel and cotangents of both outputs → the gradient of each input. */
export function singlePassVjpKernel(dialect: LayerVjpDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  const backward = sublayerBackward(dialect, round);
  const readVjp = streamReadVjpKernel(round, 'f64');
  return (inputs, sizes) => {
    const { streams, pre, states } = through(forward, inputs, sizes);
    const last = readVjp({ preMapping: pre, streams, cotangent: inputs['collapsedCotangent']! }, sizes);
    let preCotangent = last['preMappingGradient']!;
    let cotangent = tensor(added([valuesOf(inputs['finalStreamsCotangent']!), valuesOf(last['streamsGradient']!)], round), streams.shape, 'f64');
    const gradients: Tensors[] = [];
    for (let l = sizes.depth - 1; l >= 0; l--) {
      const found = backward(states[l]!, parametersAt(inputs, l, sizes), cotangent, preCotangent, sizes);
      gradients.unshift(found.parameters);
      cotangent = found.streams;
      preCotangent = found.pre;
    }
    return { streamsGradient: stored(cotangent, storage), ...stackedGradients(gradients, inputs, storage) };
  };
}

function through(forward: SublayerForward, inputs: Tensors, sizes: Sizes): { streams: Tensor; pre: Tensor; states: SublayerState[] } {
  const { tokens, streams: n, depth } = sizes;
  let streams = inputs['streams']!;
  let pre = tensor(Float64Array.from({ length: tokens * n }, (_, at) => (at % n === 0 ? 1 : 0)), [tokens, n], 'f64');
  const states: SublayerState[] = [];
  for (let l = 0; l < depth; l++) {
    const { state, next } = forward(streams, parametersAt(inputs, l, sizes), pre, sizes);
    states.push(state);
    streams = next;
    pre = state.mappings['preMapping']!;
  }
  return { streams, pre, states };
}
