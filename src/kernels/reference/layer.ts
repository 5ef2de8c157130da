/** One whole sublayer and its derivative. */
import type { LayerDialect, LayerVjpDialect } from '../../operations/layers/dialect.ts';
import { layerParameters } from '../../operations/layers/ports.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { sublayerBackward, sublayerForward } from './sublayer.ts';

/** streams [B,n,C], projection, scales, biases, normWeight, innerWeight → nextStreams [B,n,C]. */
export function layerKernel(dialect: LayerDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  return (inputs, sizes) => ({ nextStreams: stored(forward(inputs['streams']!, inputs, undefined, sizes).next, storage) });
}

/** The inputs of the forward kernel and a cotangent [B,n,C] → the gradient of each input. */
export function layerVjpKernel(dialect: LayerVjpDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  const backward = sublayerBackward(dialect, round);
  return (inputs, sizes) => {
    const { state } = forward(inputs['streams']!, inputs, undefined, sizes);
    const { streams, parameters } = backward(state, inputs, inputs['cotangent']!, undefined, sizes);
    const gradients = layerParameters.map(({ name }) => [`${name}Gradient`, stored(parameters[name]!, storage)] as const);
    return { streamsGradient: stored(streams, storage), ...Object.fromEntries(gradients) };
  };
}

export function stored(t: Tensor, storage: Dtype): Tensor {
  return tensor(valuesOf(t), t.shape, storage);
}
