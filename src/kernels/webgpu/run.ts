/** A kernel's call: inputs to the device, its passes, outputs back: one submission and one wait. */
import type { Sizes } from '../../operations/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { GpuDevice } from './device.ts';
import { GpuFault } from './fault.ts';
import { bytesFor, elementsFor, type Plan } from './plan.ts';
import { makeResident, type Resident } from './resident.ts';

/** What a kernel does for given sizes. */
export type PlanOf = (sizes: Sizes) => Plan;

type Inputs = Readonly<Record<string, Tensor>>;
type Outputs = Readonly<Record<string, Float32Array | Uint16Array>>;

/** Runs a plan on tensors in memory. Tokens beyond what the device's buffers hold at once are run in parts. Throws a `GpuFault`. */
export async function runOnDevice(gpu: GpuDevice, planOf: PlanOf, inputs: Inputs, sizes: Sizes): Promise<Outputs> {
  const plan = planOf(sizes);
  const outputs = namesOf(plan, 'output');
  if (sizes.tokens === 0) return Object.fromEntries(outputs.map((name) => [name, emptyOf(plan, name, 0)]));
  const most = tokensAtOnce(gpu, plan);
  if (sizes.tokens <= most) return part(gpu, plan, inputs, outputs);
  if (outputs.some((name) => plan.buffers[name]!.per !== 'token')) throw new GpuFault('out-of-memory', `The tensors of ${sizes.tokens} tokens do not fit into the buffers of this device, and the sums over tokens are not taken in parts.`);
  const whole = Object.fromEntries(outputs.map((name) => [name, emptyOf(plan, name, sizes.tokens)]));
  for (let from = 0; from < sizes.tokens; from += most) {
    const tokens = Math.min(most, sizes.tokens - from);
    const its = planOf({ ...sizes, tokens });
    const cut = Object.fromEntries(namesOf(plan, 'input').map((name) => [name, slice(inputs[name]!, plan.buffers[name]!.per === 'token' ? plan.buffers[name]!.elements : 0, from, tokens)]));
    const result = await part(gpu, its, cut, outputs);
    for (const name of outputs) whole[name]!.set(result[name]!, from * plan.buffers[name]!.elements);
  }
  return whole;
}

async function part(gpu: GpuDevice, plan: Plan, inputs: Inputs, outputs: readonly string[]): Promise<Outputs> {
  const resident = await makeResident(gpu, plan);
  try {
    upload(resident, plan, inputs);
    return await resident.read(outputs, true);
  } finally {
    resident.release();
  }
}

/** Puts all inputs of a plan on the device. */
export function upload(resident: Resident, plan: Plan, inputs: Inputs): void {
  for (const name of namesOf(plan, 'input')) resident.write(name, inputs[name]!.data as Float32Array | Uint16Array);
}

export function namesOf(plan: Plan, role: 'input' | 'output'): string[] {
  return Object.keys(plan.buffers).filter((name) => plan.buffers[name]!.role === role);
}

/** Tokens whose outputs fit into one buffer together, and each of whose tensors does. */
function tokensAtOnce({ largestBuffer }: GpuDevice, plan: Plan): number {
  const { tokens } = plan.sizes;
  const all = Object.values(plan.buffers);
  const size = (count: number): number => Math.max(...all.map((one) => bytesFor(one, count)), all.filter(({ role }) => role === 'output').reduce((sum, one) => sum + bytesFor(one, count), 0));
  let at = tokens;
  while (at > 1 && size(at) > largestBuffer) at = Math.ceil(at / 2);
  return at;
}

function slice(tensor: Tensor, elements: number, from: number, tokens: number): Tensor {
  if (elements === 0) return tensor;
  return { ...tensor, shape: [tokens, ...tensor.shape.slice(1)], data: tensor.data.subarray(from * elements, (from + tokens) * elements) };
}

function emptyOf(plan: Plan, name: string, tokens: number): Float32Array | Uint16Array {
  const buffer = plan.buffers[name]!;
  const count = elementsFor(buffer, tokens);
  return buffer.dtype === 'f32' ? new Float32Array(count) : new Uint16Array(count);
}
