/** The WGSL kernels on the adapter at hand, judged by the bounds of the arithmetic that they declare. A machine that has no adapter fails and is told what to install. */
import { afterAll } from 'vitest';

import { operations, Random, resolveKernel, tensor, valuesOf, webgpuTarget, type OperationId, type Port, type Sizes, type Target, type Tensor } from '../../../../src/index.ts';
import { elementsOf, isClaimed, isShared, shapeOf } from '../../../../src/operations/operation.ts';

export type Inputs = Record<string, Tensor>;

/** An open target; closed after the tests of the file. */
export async function opened(...options: Parameters<typeof webgpuTarget>): Promise<Target> {
  const target = webgpuTarget(...options);
  const said = await target.open();
  if (said.status === 'unavailable') throw new Error(`${said.reason} ${said.remedy} Or run .ci/gpu.`);
  afterAll(() => target.close());
  return target;
}

/** Random inputs of an operation, as the target's kernel stores them. */
export function inputsOf(target: Target, operation: OperationId, sizes: Sizes, seed = 1): Inputs {
  const { dtypes } = resolveKernel(operations[operation], target.kernels()[operation]!, operation);
  const random = new Random(seed);
  return Object.fromEntries(
    operations[operation].inputs.map((port) => {
      const values = Float64Array.from({ length: elementsOf(port, sizes) }, () => valueOf(port.role, random));
      return [port.name, tensor(values, shapeOf(port, sizes), dtypes[port.name])];
    }),
  );
}

/** Mappings are in [0, 1], as gates and Sinkhorn give them; a projection of moderate logits, for bounds say nothing where bf16 leaves the logits open. */
function valueOf(role: Port['role'], random: Random): number {
  if (role === 'residual-mapping' || role === 'mapping') return random.uniform();
  return (role === 'projection' || role === 'scale' ? 1 / 8 : 1) * random.normal();
}

/** What the kernel answers, as tensors. */
export async function answered(target: Target, operation: OperationId, inputs: Inputs, sizes: Sizes): Promise<Record<string, Tensor>> {
  const kernel = target.kernels()[operation]!;
  const { dtypes } = resolveKernel(operations[operation], kernel, operation);
  const outputs = await kernel.run(inputs, sizes);
  return Object.fromEntries(operations[operation].outputs.map((port) => [port.name, { dtype: dtypes[port.name]!, shape: shapeOf(port, sizes), data: outputs[port.name] as Float32Array }]));
}

/** The largest error of the kernel in units of its bound; infinite for what is no number. Also how many elements had a bound. */
export async function margin(target: Target, operation: OperationId, sizes: Sizes, inputs = inputsOf(target, operation, sizes)): Promise<{ margin: number; judged: number }> {
  const { dialect, arithmetic, dtypes } = resolveKernel(operations[operation], target.kernels()[operation]!, operation);
  const outputs = await answered(target, operation, inputs, sizes);
  const values = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, valuesOf(input)]));
  const bounded = operations[operation].bounded(values, sizes, dialect, arithmetic, dtypes);
  let [worst, judged] = [0, 0];
  for (const port of operations[operation].outputs) {
    const got = valuesOf(outputs[port.name]!);
    const perToken = got.length / sizes.tokens;
    got.forEach((value, at) => {
      const bound = bounded.errors[port.name]![at]!;
      if (!isClaimed(bounded, port, isShared(port) ? 0 : Math.floor(at / perToken), at)) return;
      const error = Math.abs(value - bounded.values[port.name]![at]!);
      judged++;
      if (!(error <= worst * bound)) worst = Number.isNaN(error) ? Infinity : error / bound;
    });
  }
  return { margin: worst, judged };
}

/** The inputs of one token. */
export function tokenOf(operation: OperationId, inputs: Inputs, token: number): Inputs {
  return Object.fromEntries(
    operations[operation].inputs.map((port) => {
      const input = inputs[port.name]!;
      if (isShared(port)) return [port.name, input];
      const each = input.data.length / input.shape[0]!;
      return [port.name, { ...input, shape: [1, ...input.shape.slice(1)], data: input.data.slice(token * each, (token + 1) * each) }];
    }),
  );
}
