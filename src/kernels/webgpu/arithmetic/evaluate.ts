/** A function on a device, at operands that are given: bits go there and come back, so that nothing but the function itself touches the numbers. */
import type { GpuDevice } from '../device.ts';
import { gridOf } from '../plan.ts';
import { guarded } from '../resident.ts';
import { measuredFunctions, type MeasuredName } from './functions.ts';

const workgroup = 64;

function shaderOf(name: MeasuredName): string {
  const { operands, wgsl } = measuredFunctions[name];
  const loads = ['a', 'b', 'c'].slice(0, operands).map((operand, k) => `let ${operand} = bitcast<f32>(operands[at${k === 0 ? '' : ` + ${k}u * count`}]);`);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> operands: array<u32>;
@group(0) @binding(1) var<storage, read_write> results: array<u32>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * ${workgroup}u;
  let count = arrayLength(&results);
  if (at >= count) { return; }
  ${loads.join(' ')}
  results[at] = bitcast<u32>(${wgsl});
}`;
}

/** Bits of f(operands). Throws a `GpuFault`. */
export async function evaluate(gpu: GpuDevice, name: MeasuredName, operands: readonly Uint32Array[]): Promise<Uint32Array> {
  const { device } = gpu;
  const count = operands[0]!.length;
  const pipeline = await gpu.pipeline(shaderOf(name), `arithmetic ${name}`);
  const check = guarded(gpu);
  const make = (words: number, usage: number): GPUBuffer => device.createBuffer({ size: 4 * words, usage });
  const given = make(count * operands.length, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const made = make(count, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const readable = make(count, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  try {
    operands.forEach((words, k) => device.queue.writeBuffer(given, 4 * count * k, words));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [given, made].map((buffer, binding) => ({ binding, resource: { buffer } })) });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...gridOf(Math.ceil(count / workgroup), gpu.mostGroups));
    pass.end();
    encoder.copyBufferToBuffer(made, 0, readable, 0, 4 * count);
    device.queue.submit([encoder.finish()]);
    await check();
    await gpu.whole(readable.mapAsync(GPUMapMode.READ));
    return new Uint32Array(readable.getMappedRange().slice(0));
  } finally {
    for (const buffer of [given, made, readable]) buffer.destroy();
  }
}
