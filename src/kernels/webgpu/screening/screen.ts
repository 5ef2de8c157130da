/**
 * Screening: problems are drawn on the device, the kernel runs on them there, and a third pass keeps for each of many threads the matrix that is most suspect of breaking a claim. Nothing comes back but those, at the end: their
 * inputs, drawn again, to be judged in f64 as any case is. What a kernel gets wrong once in 10⁸ problems is met by this and by nothing else.
 */
import type { SinkhornDialect } from '../../../operations/sinkhorn/dialect.ts';
import type { Screened, ScreenedFor, ScreenRequest } from '../../screening.ts';
import type { GpuDevice } from '../device.ts';
import { gridOf, type Plan } from '../plan.ts';
import { guarded, makeResident, type Resident } from '../resident.ts';
import type { PlanOf } from '../run.ts';
import { drawShader, type DrawnInput } from './draw.ts';
import { seenBy, suspicionShader, suspicionWorkgroup } from './suspicion.ts';

/** Problems of one submission, and threads that keep a suspect each: hardware, and software. */
const amounts = { hardware: { together: 2 ** 20, keepers: 2 ** 17 }, software: { together: 2 ** 14, keepers: 2 ** 10 } } as const;
/** Indices are 32 bits. Further problems want another seed. */
export const mostScreened = 2 ** 31;

/** Screens a Sinkhorn kernel of f32, n = 4, or its derivative, of a dialect that `isForFour` takes. Throws a `GpuFault`. */
export async function screenOnDevice(gpu: GpuDevice, planOf: PlanOf, dialect: SinkhornDialect, request: ScreenRequest): Promise<Screened> {
  const { together, keepers } = amounts[gpu.about.fallback ? 'software' : 'hardware'];
  const inputs: readonly DrawnInput[] = request.seeks === 'gradient-sums' ? ['logits', 'cotangent'] : ['logits'];
  const started = performance.now();
  const pass = await screeningPass(gpu, planOf({ tokens: together, streams: 4, channels: 1, depth: 1 }), inputs, { dialect, seeks: request.seeks, keepers, seed: request.seed });
  try {
    const wanted = Math.min(request.problems, mostScreened - together);
    let problems = 0;
    let before: Promise<unknown> = Promise.resolve();
    while (problems < wanted && performance.now() - started < request.maxTimeMs && request.stopped?.() !== true) {
      const check = guarded(gpu);
      pass.submit(problems, together);
      problems += together;
      const done = Promise.all([check(), gpu.whole(gpu.device.queue.onSubmittedWorkDone())]);
      done.catch(() => undefined); // it is awaited one submission later: the device never waits for the host
      await before;
      before = done;
      request.onProgress?.(problems);
    }
    await before;
    const most = (await pass.kept()).filter(({ suspicion }) => suspicion > 0).sort((a, b) => b.suspicion - a.suspicion || a.index - b.index).slice(0, request.suspects);
    const drawn = most.length === 0 ? [] : await drawAgain(gpu, planOf, inputs, request.seed, most.map(({ index }) => index));
    return { problems, durationMs: performance.now() - started, suspects: most.map(({ suspicion }, k) => ({ suspicion, inputs: drawn[k]! })) };
  } finally {
    pass.release();
  }
}

interface ScreeningPass {
  submit(first: number, count: number): void;
  kept(): Promise<{ suspicion: number; index: number }[]>;
  release(): void;
}

interface Asked {
  readonly dialect: SinkhornDialect;
  readonly seeks: ScreenedFor;
  readonly keepers: number;
  readonly seed: number;
}

async function screeningPass(gpu: GpuDevice, plan: Plan, inputs: readonly DrawnInput[], { dialect, seeks, keepers, seed }: Asked): Promise<ScreeningPass> {
  const { device } = gpu;
  const resident = await makeResident(gpu, plan);
  const held: GPUBuffer[] = [];
  const make = (size: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size, usage });
    held.push(buffer);
    return buffer;
  };
  const release = (): void => {
    for (const buffer of held) buffer.destroy();
    resident.release();
  };
  try {
    const uniform = make(32, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    const keeper = make(8 * keepers, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
    const draw = await bound(gpu, drawShader(inputs, false), 'screening: draw', [uniform, ...inputs.map((name) => resident.buffers[name]!)]);
    const suspect = await bound(gpu, suspicionShader(seeks, dialect), `screening: ${seeks}`, [uniform, ...seenBy[seeks].map((name) => resident.buffers[name]!), keeper]);
    return {
      submit(first, count) {
        device.queue.writeBuffer(uniform, 0, new Uint32Array([count, first, seed, keepers]));
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        dispatch(gpu, pass, draw, Math.ceil(count / 64));
        resident.encode(pass);
        dispatch(gpu, pass, suspect, keepers / suspicionWorkgroup);
        pass.end();
        device.queue.submit([encoder.finish()]);
      },
      async kept() {
        const words = new Uint32Array(await readBack(gpu, keeper, 8 * keepers));
        const numbers = new Float32Array(words.buffer);
        return Array.from({ length: keepers }, (_, slot) => ({ suspicion: numbers[2 * slot]!, index: words[2 * slot + 1]! }));
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** The inputs of some indices. */
async function drawAgain(gpu: GpuDevice, planOf: PlanOf, inputs: readonly DrawnInput[], seed: number, indices: readonly number[]): Promise<Record<string, Float32Array>[]> {
  const { device } = gpu;
  const resident: Resident = await makeResident(gpu, planOf({ tokens: indices.length, streams: 4, channels: 1, depth: 1 }));
  const uniform = device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const listed = device.createBuffer({ size: 4 * indices.length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  try {
    device.queue.writeBuffer(uniform, 0, new Uint32Array([indices.length, 0, seed, 0]));
    device.queue.writeBuffer(listed, 0, new Uint32Array(indices));
    const draw = await bound(gpu, drawShader(inputs, true), 'screening: draw again', [uniform, listed, ...inputs.map((name) => resident.buffers[name]!)]);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatch(gpu, pass, draw, Math.ceil(indices.length / 64));
    pass.end();
    device.queue.submit([encoder.finish()]);
    const tensors = await resident.read(inputs, false);
    return indices.map((_, k) => Object.fromEntries(inputs.map((name) => [name, (tensors[name] as Float32Array).slice(16 * k, 16 * (k + 1))])));
  } finally {
    uniform.destroy();
    listed.destroy();
    resident.release();
  }
}

interface Bound {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

async function bound(gpu: GpuDevice, code: string, label: string, buffers: readonly GPUBuffer[]): Promise<Bound> {
  const pipeline = await gpu.pipeline(code, label);
  return { pipeline, group: gpu.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) }) };
}

function dispatch(gpu: GpuDevice, pass: GPUComputePassEncoder, { pipeline, group }: Bound, groups: number): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...gridOf(groups, gpu.mostGroups));
}

async function readBack(gpu: GpuDevice, buffer: GPUBuffer, size: number): Promise<ArrayBuffer> {
  const { device } = gpu;
  const readable = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, readable, 0, size);
    device.queue.submit([encoder.finish()]);
    await gpu.whole(readable.mapAsync(GPUMapMode.READ));
    return readable.getMappedRange().slice(0);
  } finally {
    readable.destroy();
  }
}
