/** Inputs of whole sublayers and chains, small enough for 100 digits, and the largest ratio of error to bound. */
import { Random } from '../../../src/generate/random.ts';
import { lengthOf } from '../../../src/operations/dims.ts';
import { elementsOf, isClaimed, isShared, shapeOf, type Bounded, type Operation, type Sizes, type Values } from '../../../src/operations/operation.ts';
import { roundTo } from '../../../src/tensor/codecs.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';
import { tensor, type Tensor } from '../../../src/tensor/tensor.ts';

/** Streams of scale 1, projections that make logits of scale 1, weights around 1. */
export function drawLayerInputs(operation: Operation, sizes: Sizes, seed: number, dtype: Dtype = 'f64'): Values {
  const inputs = operation.inputs.map((port, k) => {
    const random = new Random(seed, k, 91);
    const columns = lengthOf(port.dims.at(-1)!, sizes);
    const scale = port.role === 'projection' ? 1 / Math.sqrt(Math.max(columns, 1)) : port.role === 'scale' || port.role === 'weight' ? 0.2 : 1;
    const mean = port.role === 'scale' || port.role === 'weight' ? 1 : 0;
    return [port.name, Float64Array.from({ length: elementsOf(port, sizes) }, () => roundTo[dtype](mean + scale * random.normal()))] as const;
  });
  return Object.fromEntries(inputs);
}

export function asTensors(operation: Operation, inputs: Values, sizes: Sizes, dtype: Dtype = 'f32'): Record<string, Tensor> {
  return Object.fromEntries(operation.inputs.map((port) => [port.name, tensor(inputs[port.name]!, shapeOf(port, sizes), dtype)]));
}

/** The largest error as a multiple of its bound, and how many elements were claimed. NaN where an output is. */
export function marginOf(operation: Operation, outputs: Values, bounded: Bounded, sizes: Sizes): { margin: number; claimed: number } {
  let [margin, claimed] = [0, 0];
  for (const port of operation.outputs) {
    const per = elementsOf(port, sizes) / sizes.tokens;
    outputs[port.name]!.forEach((value, index) => {
      if (!isClaimed(bounded, port, isShared(port) ? 0 : Math.floor(index / per), index)) return;
      claimed++;
      const error = Math.abs(value - bounded.values[port.name]![index]!);
      const ratio = error === 0 ? 0 : error / bounded.errors[port.name]![index]!;
      if (!(ratio <= margin)) margin = ratio;
    });
  }
  return { margin, claimed };
}
