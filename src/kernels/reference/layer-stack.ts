/** Sublayers over depth, and the walk back. The recomputing backward keeps the first streams alone and runs the sublayers below again for each one. */
import type { LayerDialect, StackVjpDialect } from '../../operations/layers/dialect.ts';
import { layerParameters, stackParameters } from '../../operations/layers/ports.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { tensor, valuesOf, type Tensor } from '../../tensor/tensor.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { stored } from './layer.ts';
import { parametersAt, sublayerBackward, sublayerForward, type SublayerState } from './sublayer.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** streams [B,n,C], parameters [D,…] → finalStreams [B,n,C]. */
export function layerStackKernel(dialect: LayerDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  return (inputs, sizes) => {
    let streams = inputs['streams']!;
    for (let l = 0; l < sizes.depth; l++) streams = forward(streams, parametersAt(inputs, l, sizes), undefined, sizes).next;
    return { finalStreams: stored(streams, storage) };
  };
}

/** The inputs of the forward kernel and a cotangent [B,n,C] → the gradient of each input. */
export function layerStackVjpKernel(dialect: StackVjpDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  const forward = sublayerForward(dialect, round);
  const backward = sublayerBackward(dialect, round);
  return (inputs, sizes) => {
    const parameters = Array.from({ length: sizes.depth }, (_, l) => parametersAt(inputs, l, sizes));
    const upTo = (last: number): SublayerState[] => {
      const states: SublayerState[] = [];
      let streams = inputs['streams']!;
      for (let l = 0; l <= last; l++) {
        const { state, next } = forward(streams, parameters[l]!, undefined, sizes);
        states.push(state);
        streams = next;
      }
      return states;
    };
    const kept = dialect.backward === 'stored' ? upTo(sizes.depth - 1) : undefined;
    const gradients: Tensors[] = [];
    let cotangent = inputs['cotangent']!;
    for (let l = sizes.depth - 1; l >= 0; l--) {
      const state = kept?.[l] ?? upTo(l)[l]!;
      const found = backward(state, parameters[l]!, cotangent, undefined, sizes);
      gradients.unshift(found.parameters);
      cotangent = found.streams;
    }
    return { streamsGradient: stored(cotangent, storage), ...stackedGradients(gradients, inputs, storage) };
  };
}

/** The sublayers' gradients one after another, by the stack's names. */
export function stackedGradients(gradients: readonly Tensors[], inputs: Tensors, storage: Dtype): Record<string, Tensor> {
  const joined = stackParameters.map(({ name }, k) => {
    const values = gradients.flatMap((one) => [...valuesOf(one[layerParameters[k]!.name]!)]);
    return [`${name}Gradient`, tensor(values, inputs[name]!.shape, storage)] as const;
  });
  return Object.fromEntries(joined);
}
