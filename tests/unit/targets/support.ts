import { tfjsBackends, type TfjsBackend } from '../../../src/kernels/tfjs/index.ts';
import type { Sizes } from '../../../src/operations/operation.ts';
import type { KernelDeclaration, Target } from '../../../src/targets/kernel.ts';
import { elementsOf, shapeOf, type Operation, type Values } from '../../../src/operations/operation.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';

/** The backends of tfjs that are tested: those of an ordinary installation, or, as .ci/tfjs does for what has to be built or needs a GPU, those that PLUMBLINE_TFJS names. */
export const testedBackends: readonly TfjsBackend[] = (process.env['PLUMBLINE_TFJS'] ?? 'cpu,wasm').split(',').map((name) => {
  const backend = tfjsBackends.find((one) => one === name);
  if (backend === undefined) throw new Error(`PLUMBLINE_TFJS: tfjs has no backend ${name}`);
  return backend;
});

/** A small deterministic generator: reproducible inputs without the generator under construction elsewhere. */
export function randoms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** f32 inputs of an operation; logits in ±scale, mappings positive, projections in ±1/√columns, everything else in ±1. */
export function inputsOf(operation: Operation, sizes: Sizes, seed: number, scale = 3): Record<string, Tensor> {
  const random = randoms(seed);
  const inputs: Record<string, Tensor> = {};
  for (const port of operation.inputs) {
    const count = elementsOf(port, sizes);
    const positive = port.role === 'residual-mapping' || port.role === 'mapping';
    // a projection of rows whose products with streams of root mean square 1 are of scale 1
    const width = port.role === 'logits' ? scale : port.role === 'projection' ? 1 / Math.sqrt(sizes.streams * sizes.channels) : 1;
    const values = Float64Array.from({ length: count }, () => (positive ? random() / sizes.streams : width * (2 * random() - 1)));
    inputs[port.name] = tensor(values, shapeOf(port, sizes));
  }
  return inputs;
}

export function decoded(tensors: Readonly<Record<string, Tensor>>): Values {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, valuesOf(t)]));
}

/** Runs a kernel whose outputs are full tensors. */
export async function run(kernel: KernelDeclaration, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<Record<string, Tensor>> {
  const outputs: Record<string, Tensor> = {};
  for (const [name, output] of Object.entries(await kernel.run(inputs, sizes))) {
    if (!('shape' in output)) throw new Error(`${name} is bare storage`);
    outputs[name] = output;
  }
  return outputs;
}

export async function opened(target: Target): Promise<Readonly<Record<string, KernelDeclaration>>> {
  const availability = await target.open();
  if (availability.status === 'unavailable') throw new Error(availability.reason);
  return target.kernels();
}
