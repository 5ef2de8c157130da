/** Times a plan on the device: its inputs are there, a sample is one pass of so many runs between two timestamps. */
import type { Sizes } from '../../operations/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { keepAwake } from './awake.ts';
import type { GpuDevice } from './device.ts';
import { GpuFault } from './fault.ts';
import { gridOf } from './plan.ts';
import { guarded, makeResident } from './resident.ts';
import { namesOf, upload, type PlanOf } from './run.ts';

interface Request {
  readonly calls: number;
  /** `cold`: the device's caches hold nothing of the inputs before the pass. */
  readonly cache: 'warm' | 'cold';
}

/** A kernel with its inputs on the device; see `PreparedKernel`. */
export interface Prepared {
  sample(request: Request): Promise<{ readonly durationMs: number }>;
  /** The same for a copy by 16-byte reads and writes of `bytes` in all, half of them each. */
  copy(bytes: number, request: Request): Promise<{ readonly durationMs: number }>;
  outputs(): Promise<Readonly<Record<string, Float32Array | Uint16Array>>>;
  readonly counts: { readonly launches: number; readonly kernelBytes: number; readonly memoryBytes: number };
  release(): void;
}

const copyWorkgroup = 256;
const copyShader = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4u>;
@compute @workgroup_size(${copyWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * ${copyWorkgroup}u;
  if (at < arrayLength(&source)) { result[at] = source[at]; }
}`;

/** Larger than the second-level cache of any device. */
const evictingBytes = 2 ** 28;

/** Puts the inputs on the device. Throws a `GpuFault`, also where the device has no timestamps. */
export async function prepareOnDevice(gpu: GpuDevice, planOf: PlanOf, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes): Promise<Prepared> {
  const { device } = gpu;
  if (!gpu.hasTimestamps) throw new GpuFault('refused', 'The device has no timestamps (timestamp-query).');
  const plan = planOf(sizes);
  const resident = await makeResident(gpu, plan);
  upload(resident, plan, inputs);
  const held: { destroy(): void }[] = [];
  const make = (size: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size, usage });
    held.push(buffer);
    return buffer;
  };
  const times = device.createQuerySet({ type: 'timestamp', count: 2 });
  held.push(times);
  const resolved = make(16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  const readable = make(16, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  let evicted: GPUBuffer | undefined;
  const awake = await keepAwake(gpu);
  held.push({ destroy: () => awake.release() });

  async function timed(encode: (pass: GPUComputePassEncoder) => void, { calls, cache }: Request): Promise<{ durationMs: number }> {
    await awake.before();
    const check = guarded(gpu);
    const encoder = device.createCommandEncoder();
    if (cache === 'cold') encoder.clearBuffer((evicted ??= make(Math.min(evictingBytes, device.limits.maxBufferSize), GPUBufferUsage.COPY_DST)));
    const pass = encoder.beginComputePass({ timestampWrites: { querySet: times, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } });
    for (let call = 0; call < calls; call++) encode(pass);
    pass.end();
    encoder.resolveQuerySet(times, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, 16);
    device.queue.submit([encoder.finish()]);
    const mapped = gpu.whole(readable.mapAsync(GPUMapMode.READ));
    mapped.catch(() => undefined); // what was refused is told first
    awake.after();
    await check();
    await mapped;
    const [begin, end] = new BigUint64Array(readable.getMappedRange().slice(0));
    readable.unmap();
    return { durationMs: Math.max(0, Number(end! - begin!) / 1e6) };
  }

  let copying: { size: number; encode: (pass: GPUComputePassEncoder) => void } | undefined;
  async function copier(bytes: number): Promise<(pass: GPUComputePassEncoder) => void> {
    const size = Math.max(16, Math.min(16 * Math.ceil(bytes / 32), gpu.largestBinding - (gpu.largestBinding % 16)));
    const parts = Math.ceil(bytes / 2 / size);
    if (copying?.size !== size) {
      const pipeline = await gpu.pipeline(copyShader, 'copy');
      const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
      const entries = [make(size, storage), make(size, storage)].map((buffer, binding) => ({ binding, resource: { buffer } }));
      const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      const grid = gridOf(Math.ceil(size / 16 / copyWorkgroup), gpu.mostGroups);
      copying = {
        size,
        encode(pass) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          for (let part = 0; part < parts; part++) pass.dispatchWorkgroups(...grid);
        },
      };
    }
    return copying.encode;
  }

  return {
    counts: { launches: resident.dispatches, kernelBytes: new TextEncoder().encode(plan.passes.map(gpu.formOf).join('')).length, memoryBytes: resident.bytes },
    sample: (request) => timed(resident.encode, request),
    copy: async (bytes, request) => timed(await copier(bytes), request),
    outputs: () => resident.read(namesOf(plan, 'output'), false),
    release() {
      for (const one of held) one.destroy();
      resident.release();
    },
  };
}
