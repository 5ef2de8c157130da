/** Shaders on buffers that are there: what everything but a plan (resident.ts) uses to run one and to see what it left. */
import type { GpuDevice } from './device.ts';
import { gridOf } from './plan.ts';
import { guarded } from './resident.ts';

/** A pipeline and the buffers that it is bound to, from binding 0 on. */
export interface Bound {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

export function bind({ device }: GpuDevice, pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): Bound {
  return { pipeline, group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) }) };
}

/** Encodes so many workgroups. */
export function dispatch({ mostGroups }: GpuDevice, pass: GPUComputePassEncoder, { pipeline, group }: Bound, groups: number): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...gridOf(groups, mostGroups));
}

/** One submission of one compute pass. */
export function submit({ device }: GpuDevice, encode: (pass: GPUComputePassEncoder) => void): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/** The first bytes of a buffer, when all that was submitted has run. Throws a `GpuFault`. */
export async function readBack(gpu: GpuDevice, buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
  const { device } = gpu;
  const check = guarded(gpu);
  const readable = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, readable, 0, size);
    device.queue.submit([encoder.finish()]);
    await check();
    await gpu.whole(readable.mapAsync(GPUMapMode.READ));
    return readable.getMappedRange().slice(0);
  } finally {
    readable.destroy();
  }
}
