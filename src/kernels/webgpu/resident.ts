/**
 * A plan on a device: its buffers, and its passes ready to be encoded as often as wanted without moving a byte. This is what is run by a target, and what a benchmark times.
 */
import type { GpuDevice } from './device.ts';
import { GpuFault } from './fault.ts';
import { bytesFor, bytesOf, elementsFor, gridOf, isOfPart, partsOf, tokensPerBlock, type Plan, type PlanPass } from './plan.ts';

/** One dispatch: a pipeline, what it is bound to, its grid. */
interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number];
}

export interface Resident {
  /** Bytes that the device holds for it. */
  readonly bytes: number;
  /** Dispatches of one run. */
  readonly dispatches: number;
  /** By their names in the plan. */
  readonly buffers: Readonly<Record<string, GPUBuffer>>;
  /** Encodes one run. */
  readonly encode: (pass: GPUComputePassEncoder) => void;
  /** Puts an input on the device. The storage is f32, or the bit patterns of bf16. */
  write(name: string, data: Float32Array | Uint16Array): void;
  /** Copies outputs back: one buffer, one wait. Runs first where `run` is true: one submission does both. */
  read(names: readonly string[], run: boolean): Promise<Readonly<Record<string, Float32Array | Uint16Array>>>;
  release(): void;
}

/** Makes room for a plan and compiles it. Throws a `GpuFault`: 'out-of-memory', 'bad-shader', 'refused', 'device-lost'. */
export async function makeResident(gpu: GpuDevice, given: Plan): Promise<Resident> {
  const plan = gpu.planned(given);
  const { device } = gpu;
  const { tokens, channels, depth, streams } = plan.sizes;
  const parts = partsOf(plan, gpu.largestBinding);
  if (parts.length === 0) throw new GpuFault('refused', `One block of tokens is larger than what a shader may see of a buffer (${gpu.largestBinding} bytes).`);
  const pipelines = await Promise.all(plan.passes.map((pass) => gpu.pipeline(gpu.formOf(pass), pass.label)));
  const held: GPUBuffer[] = [];
  const make = (size: number, usage: number): GPUBuffer => {
    if (size > gpu.largestBuffer) throw new GpuFault('out-of-memory', `A tensor of ${size} bytes is larger than a buffer of this device may be (${gpu.largestBuffer}).`);
    const made = device.createBuffer({ size, usage });
    held.push(made);
    return made;
  };
  const release = (): void => held.forEach((one) => one.destroy());
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const check = guarded(gpu);
  let buffers: Readonly<Record<string, GPUBuffer>>;
  let dispatches: readonly Dispatch[];
  try {
    const mostTokens = Math.max(...parts.map(([, count]) => count));
    buffers = Object.fromEntries(Object.entries(plan.buffers).map(([name, buffer]) => [name, make(bytesFor(buffer, isOfPart(buffer) ? mostTokens : tokens), storage)]));
    // passes of one part and one sublayer are told the same
    const uniformOf = remembered((from: number, count: number, layer: number): GPUBuffer => {
      const uniform = make(32, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
      device.queue.writeBuffer(uniform, 0, new Uint32Array([count, channels, depth, Math.ceil(tokens / tokensPerBlock), streams, from, layer]));
      return uniform;
    });
    const layouts = new Map(pipelines.map((pipeline) => [pipeline, pipeline.getBindGroupLayout(0)]));
    const bound = (pass: PlanPass, pipeline: GPUComputePipeline, from: number, count: number): Dispatch => {
      const uniform = uniformOf(from, count, pass.layer ?? 0);
      const entries = pass.buffers.map((name, k) => {
        const spec = plan.buffers[name]!;
        const offset = spec.per === 'call' || isOfPart(spec) ? 0 : elementsFor(spec, from) * bytesOf[spec.dtype];
        return { binding: k + 1, resource: { buffer: buffers[name]!, offset, size: bytesFor(spec, count) } };
      });
      const group = device.createBindGroup({ layout: layouts.get(pipeline)!, entries: [{ binding: 0, resource: { buffer: uniform } }, ...entries] });
      return { pipeline, group, grid: gridOf(pass.groups(count), gpu.mostGroups) };
    };
    dispatches = parts.flatMap(([from, count]) => plan.passes.map((pass, k) => bound(pass, pipelines[k]!, from, count)));
  } catch (error) {
    release();
    await check().catch(() => undefined);
    throw error;
  }
  await check().catch((error: unknown) => {
    release();
    throw error;
  });

  const encode = (pass: GPUComputePassEncoder): void => {
    for (const { pipeline, group, grid } of dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
    }
  };
  return {
    bytes: held.reduce((sum, { size }) => sum + size, 0),
    dispatches: dispatches.length,
    buffers,
    encode,
    write(name, data) {
      // whole words only
      const padded = data instanceof Uint16Array && data.length % 2 === 1 ? Uint16Array.from({ length: data.length + 1 }, (_, k) => data[k] ?? 0) : data;
      device.queue.writeBuffer(buffers[name]!, 0, padded);
    },
    async read(names, run) {
      const spans = names.map((name) => ({ name, spec: plan.buffers[name]!, size: bytesFor(plan.buffers[name]!, tokens) }));
      const total = spans.reduce((sum, { size }) => sum + size, 0);
      const checked = guarded(gpu);
      const readable = device.createBuffer({ size: total, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      try {
        const encoder = device.createCommandEncoder();
        if (run) {
          const pass = encoder.beginComputePass();
          encode(pass);
          pass.end();
        }
        let at = 0;
        for (const { name, size } of spans) {
          encoder.copyBufferToBuffer(buffers[name]!, 0, readable, at, size);
          at += size;
        }
        device.queue.submit([encoder.finish()]);
        await checked();
        await gpu.whole(readable.mapAsync(GPUMapMode.READ));
        const bytes = readable.getMappedRange();
        at = 0;
        return Object.fromEntries(
          spans.map(({ name, spec, size }) => {
            const count = elementsFor(spec, tokens);
            const data = spec.dtype === 'f32' ? new Float32Array(bytes, at, count).slice() : new Uint16Array(bytes, at, count).slice();
            at += size;
            return [name, data];
          }),
        );
      } finally {
        readable.destroy();
      }
    },
    release,
  };
}

/** The function, called once for the same numbers. */
function remembered<A extends readonly number[], T>(make: (...numbers: A) => T): (...numbers: A) => T {
  const made = new Map<string, T>();
  return (...numbers) => {
    const key = numbers.join();
    if (!made.has(key)) made.set(key, make(...numbers));
    return made.get(key)!;
  };
}

/** Opens error scopes now; the function closes them and throws what they caught. No await may lie between, for the scopes are the device's. */
export function guarded(gpu: GpuDevice): () => Promise<void> {
  const { device } = gpu;
  for (const kind of ['internal', 'out-of-memory', 'validation'] as const) device.pushErrorScope(kind);
  return async () => {
    const [invalid, full, internal] = await gpu.whole(Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()]));
    if (full !== null && full !== undefined) throw new GpuFault('out-of-memory', `The device is out of memory: ${full.message.split('\n')[0]}`);
    const other = invalid ?? internal;
    if (other !== null && other !== undefined) throw new GpuFault('refused', `The device refuses: ${other.message.split('\n').slice(0, 2).join(' ')}`);
  };
}
