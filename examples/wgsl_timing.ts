/**
 * Times WGSL on the device for plumbline bench: inputs are uploaded once, a sample is one compute pass of so many dispatches between two timestamps. It is the whole of what `prepare` needs,
 * and yours to copy. The device must have the feature timestamp-query; Dawn rounds timestamps to 65 µs unless it is created with the toggle in `unrounded`.
 */
import type { PreparedKernel, SampleRequest } from 'plumbline';

/** For `create` of npm's webgpu. */
export const unrounded = 'disable-dawn-features=timestamp_quantization';

const copyShader = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(256)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 256u;
  if (at < arrayLength(&source)) { result[at] = source[at]; }
}`;

/** Larger than the second-level cache of any device. */
const evictingBytes = 2 ** 28;
const mostGroups = 65_535;

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  /** What each binding holds, or how many elements it has. */
  readonly bindings: readonly (Float32Array | number)[];
  /** Index of the binding that is the output, and its name. */
  readonly output: { readonly binding: number; readonly name: string };
  readonly groups: number;
  readonly source: string;
}

/** A kernel of one dispatch, ready to be timed. */
export function prepareDispatch(device: GPUDevice, { pipeline, bindings, output, groups, source }: Dispatch): PreparedKernel {
  if (!device.features.has('timestamp-query')) throw new Error('The device has no timestamp-query: ask for it in requestDevice, or leave prepare out and time whole calls.');
  const held: { destroy(): void }[] = [];
  const buffer = (size: number, usage: number): GPUBuffer => {
    const made = device.createBuffer({ size: Math.max(16, size), usage });
    held.push(made);
    return made;
  };
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffers = bindings.map((content) => {
    const made = buffer(4 * (typeof content === 'number' ? content : content.length), storage);
    if (typeof content !== 'number') device.queue.writeBuffer(made, 0, content);
    return made;
  });
  const bind = (to: GPUComputePipeline, list: readonly GPUBuffer[]): GPUBindGroup => device.createBindGroup({ layout: to.getBindGroupLayout(0), entries: list.map((one, binding) => ({ binding, resource: { buffer: one } })) });
  const group = bind(pipeline, buffers);
  const times = device.createQuerySet({ type: 'timestamp', count: 2 });
  held.push(times);
  const [resolved, readable] = [buffer(16, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC), buffer(16, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST)];
  let evicted: GPUBuffer | undefined;

  /** Milliseconds between the ends of a pass of so many dispatches. */
  async function timed(run: GPUComputePipeline, bound: GPUBindGroup, [x, y]: readonly [number, number], { calls, cache }: SampleRequest): Promise<{ durationMs: number }> {
    device.pushErrorScope('validation'); // WebGPU throws for nothing, and an invalid pipeline is quick
    const encoder = device.createCommandEncoder();
    if (cache === 'cold') encoder.clearBuffer((evicted ??= buffer(Math.min(evictingBytes, device.limits.maxBufferSize), storage)));
    const pass = encoder.beginComputePass({ timestampWrites: { querySet: times, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } });
    pass.setPipeline(run);
    pass.setBindGroup(0, bound);
    for (let call = 0; call < calls; call++) pass.dispatchWorkgroups(x, y);
    pass.end();
    encoder.resolveQuerySet(times, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, 16);
    device.queue.submit([encoder.finish()]);
    const invalid = await device.popErrorScope();
    if (invalid !== null) throw new Error(invalid.message);
    await readable.mapAsync(GPUMapMode.READ);
    const [from, to] = new BigUint64Array(readable.getMappedRange().slice(0));
    readable.unmap();
    return { durationMs: Number(to! - from!) / 1e6 };
  }

  let copying: { run: GPUComputePipeline; bound: GPUBindGroup; size: number } | undefined;
  return {
    counts: { launches: 1, kernelBytes: new TextEncoder().encode(source).length },
    sample: (request) => timed(pipeline, group, [groups, 1], request),
    copy(bytes, request) {
      const size = Math.max(16, 16 * Math.ceil(bytes / 32));
      if (copying?.size !== size) {
        const run = device.createComputePipeline({ layout: 'auto', compute: { module: device.createShaderModule({ code: copyShader }), entryPoint: 'copy' } });
        copying = { run, bound: bind(run, [buffer(size, storage), buffer(size, storage)]), size };
      }
      const all = Math.ceil(size / 16 / 256);
      const x = Math.min(all, mostGroups);
      return timed(copying.run, copying.bound, [x, Math.ceil(all / x)], request);
    },
    async outputs() {
      const from = buffers[output.binding]!;
      const to = buffer(from.size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
      device.queue.submit([encoder.finish()]);
      await to.mapAsync(GPUMapMode.READ);
      const content = bindings[output.binding]!;
      return { [output.name]: new Float32Array(to.getMappedRange().slice(0), 0, typeof content === 'number' ? content : content.length) };
    },
    release() {
      for (const one of held) one.destroy();
    },
  };
}
