/**
 * Screening: problems are drawn on the device, the kernel runs on them there, and a third pass keeps for each of many threads the matrix that is most suspect of breaking a claim. Nothing comes back but those, at the end: their
 * inputs, drawn again, to be judged in f64 as any case is. What a kernel gets wrong once in 10⁸ problems is met by this and by nothing else.
 */
import type { SinkhornDialect } from '../../../operations/sinkhorn/dialect.ts';
import type { Screened, ScreenRequest } from '../../screening.ts';
import { bind, dispatch, readBack, submit } from '../compute.ts';
import type { GpuDevice } from '../device.ts';
import type { Plan } from '../plan.ts';
import { guarded, makeResident } from '../resident.ts';
import type { PlanOf } from '../run.ts';
import { drawShader, drawWorkgroup, type DrawnInput } from './draw.ts';
import { seenBy, suspicionShader, suspicionWorkgroup } from './suspicion.ts';

/** Problems of one submission, and threads that keep a suspect each: hardware, and software. */
const amounts = { hardware: { together: 2 ** 20, keepers: 2 ** 17 }, software: { together: 2 ** 14, keepers: 2 ** 10 } } as const;
/** Indices are 32 bits. Further problems want another seed. */
const mostScreened = 2 ** 31;

/** Screens a Sinkhorn kernel of f32, n = 4, or its derivative, of a dialect that `isForFour` takes. Throws a `GpuFault`. */
export async function screenOnDevice(gpu: GpuDevice, planOf: PlanOf, dialect: SinkhornDialect, request: ScreenRequest): Promise<Screened> {
  const { together, keepers } = amounts[gpu.about.fallback ? 'software' : 'hardware'];
  const started = performance.now();
  const pass = await screeningPass(gpu, planOf({ tokens: together, streams: 4, channels: 1, depth: 1 }), dialect, request, keepers);
  try {
    const wanted = Math.min(request.problems, mostScreened - together);
    let problems = 0;
    let until = Infinity; // the first submission compiles shaders
    let before: Promise<unknown> = Promise.resolve();
    while (problems < wanted && performance.now() < until && request.stopped?.() !== true) {
      const check = guarded(gpu);
      pass.submit(problems, together);
      problems += together;
      const done = Promise.all([check(), gpu.whole(gpu.device.queue.onSubmittedWorkDone())]);
      done.catch(() => undefined); // it is awaited one submission later: the device never waits for the host
      await before;
      if (problems === 2 * together) until = performance.now() + request.maxTimeMs;
      before = done;
      request.onProgress?.(problems);
    }
    await before;
    const most = (await pass.kept()).filter(({ suspicion }) => suspicion > 0).sort((a, b) => b.suspicion - a.suspicion || a.index - b.index).slice(0, Math.min(request.suspects, keepers));
    const drawn = await pass.drawAgain(most.map(({ index }) => index));
    return { problems, durationMs: performance.now() - started, suspects: most.map(({ suspicion }, k) => ({ suspicion, inputs: drawn[k]! })) };
  } finally {
    pass.release();
  }
}

interface ScreeningPass {
  /** Draws problems from an index on, runs the kernel on them and looks through what it made. */
  submit(first: number, count: number): void;
  /** For each keeper the most suspect of what it has seen. */
  kept(): Promise<{ suspicion: number; index: number }[]>;
  /** The inputs of some indices. */
  drawAgain(indices: readonly number[]): Promise<Record<string, Float32Array>[]>;
  release(): void;
}

async function screeningPass(gpu: GpuDevice, plan: Plan, dialect: SinkhornDialect, { seeks, seed }: ScreenRequest, keepers: number): Promise<ScreeningPass> {
  const { device } = gpu;
  const inputs: readonly DrawnInput[] = seeks === 'gradient-sums' ? ['logits', 'cotangent'] : ['logits'];
  const drawing = await gpu.pipeline(drawShader(inputs), 'screening: draw');
  const looking = await gpu.pipeline(suspicionShader(seeks, dialect), `screening: ${seeks}`);
  const resident = await makeResident(gpu, plan);
  const check = guarded(gpu);
  const uniform = device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  const indices = device.createBuffer({ size: 4 * keepers, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  const keeper = device.createBuffer({ size: 8 * keepers, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const release = (): void => {
    for (const buffer of [uniform, indices, keeper]) buffer.destroy();
    resident.release();
  };
  const draw = bind(gpu, drawing, [uniform, indices, ...inputs.map((name) => resident.buffers[name]!)]);
  const look = bind(gpu, looking, [uniform, ...seenBy[seeks].map((name) => resident.buffers[name]!), keeper]);
  await check().catch((error: unknown) => {
    release();
    throw error;
  });
  return {
    submit(first, count) {
      device.queue.writeBuffer(uniform, 0, new Uint32Array([count, first, seed, keepers, 0]));
      submit(gpu, (pass) => {
        dispatch(gpu, pass, draw, Math.ceil(count / drawWorkgroup));
        resident.encode(pass);
        dispatch(gpu, pass, look, Math.ceil(keepers / suspicionWorkgroup));
      });
    },
    async kept() {
      const words = new Uint32Array(await readBack(gpu, keeper, 8 * keepers));
      const numbers = new Float32Array(words.buffer);
      return Array.from({ length: keepers }, (_, slot) => ({ suspicion: numbers[2 * slot]!, index: words[2 * slot + 1]! }));
    },
    async drawAgain(listed) {
      if (listed.length === 0) return [];
      device.queue.writeBuffer(uniform, 0, new Uint32Array([listed.length, 0, seed, keepers, 1]));
      device.queue.writeBuffer(indices, 0, new Uint32Array(listed));
      submit(gpu, (pass) => dispatch(gpu, pass, draw, Math.ceil(listed.length / drawWorkgroup)));
      const drawn = await Promise.all(inputs.map(async (name) => [name, new Float32Array(await readBack(gpu, resident.buffers[name]!, 64 * listed.length))] as const));
      return listed.map((_, k) => Object.fromEntries(drawn.map(([name, values]) => [name, values.slice(16 * k, 16 * (k + 1))])));
    },
    release,
  };
}
