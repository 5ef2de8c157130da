/**
 * A kernel that is ready to be timed on one workload. Without `prepare` whole calls are timed by this process's clock; with it the device times itself. Outputs stay
 * referenced until the next call, so that no compiler may leave the work out.
 */
import type { Sizes } from '../operations/operation.ts';
import { OutcomeError } from '../targets/outcome.ts';
import type { CallCounts, KernelDeclaration, KernelOutput, PreparedKernel } from '../targets/kernel.ts';
import { firstBitDifference, type Tensor } from '../tensor/tensor.ts';
import type { Arm } from './arm.ts';

type Inputs = Readonly<Record<string, Tensor>>;
export type Cache = 'warm' | 'cold';

export interface TimedKernel {
  readonly arm: Arm;
  /** A copy that reads and writes as many bytes as the kernel moves, where the kernel runs; absent where a device has none. */
  readonly copy?: Arm | undefined;
  readonly clock: 'wall' | 'device';
  readonly counts: CallCounts;
  /** Whether what was timed is what `run` returns. Throws `OutcomeError`. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** `bytes` is what a call moves. Throws what `prepare` throws. */
export async function timedKernel(declaration: KernelDeclaration, inputs: Inputs, sizes: Sizes, bytes: number, cache: Cache): Promise<TimedKernel> {
  if (declaration.prepare !== undefined) return onDevice(declaration, await declaration.prepare(inputs, sizes), inputs, sizes, bytes, cache);
  return { arm: callsOf(declaration, inputs, sizes, cache), copy: copyArm(bytes, cache), clock: 'wall', counts: {}, check: () => Promise.resolve(), release: () => Promise.resolve() };
}

/** The last answer of all kernels: one for each would fill memory. */
let kept: unknown;

/** Whole calls, by this process's clock. */
function callsOf({ run }: KernelDeclaration, inputs: Inputs, sizes: Sizes, cache: Cache): Arm {
  const rest = async (first: Promise<unknown>, left: number, started: number): Promise<number> => {
    kept = await first;
    for (let call = 0; call < left; call++) kept = await run(inputs, sizes);
    return performance.now() - started;
  };
  const warm = (calls: number): number | Promise<number> => {
    const started = performance.now();
    for (let call = 1; call <= calls; call++) {
      const returned = run(inputs, sizes);
      if (returned instanceof Promise) return rest(returned, calls - call, started);
      kept = returned;
    }
    return kept === undefined ? Number.NaN : performance.now() - started;
  };
  return cache === 'warm' ? { time: warm } : { time: (calls) => coldly(calls, () => warm(1)) };
}

/** Larger than any cache, in bytes. */
const evicting = 2 ** 27;
let evictor: Float64Array | undefined;

/** Each call after other data went through the caches; only the calls count. */
async function coldly(calls: number, once: () => number | Promise<number>): Promise<number> {
  evictor ??= new Float64Array(evicting / 8);
  let sum = 0;
  for (let call = 0; call < calls; call++) {
    for (let i = 0; i < evictor.length; i += 8) evictor[i]! += 1;
    sum += await once();
  }
  return sum;
}

/** A copy of memory to memory that reads and writes `bytes` in all. */
export function copyArm(bytes: number, cache: Cache): Arm {
  const half = Math.max(1, Math.ceil(bytes / 2));
  const from = new Uint8Array(half).fill(1);
  const to = new Uint8Array(half);
  const warm = (calls: number): number => {
    const started = performance.now();
    for (let call = 0; call < calls; call++) to.set(from);
    return performance.now() - started;
  };
  return cache === 'warm' ? { time: warm } : { time: (calls) => coldly(calls, () => warm(1)) };
}

function onDevice({ run, deterministic = true }: KernelDeclaration, prepared: PreparedKernel, inputs: Inputs, sizes: Sizes, bytes: number, cache: Cache): TimedKernel {
  const sampled = async (sample: (calls: number) => Promise<{ readonly durationMs: number }>, calls: number): Promise<number> => {
    if (cache === 'warm') return (await sample(calls)).durationMs;
    let sum = 0;
    for (let call = 0; call < calls; call++) sum += (await sample(1)).durationMs;
    return sum;
  };
  return {
    arm: { time: (calls) => sampled((k) => prepared.sample({ calls: k, cache }), calls) },
    copy: prepared.copy === undefined ? undefined : { time: (calls) => sampled((k) => prepared.copy!(bytes, { calls: k, cache }), calls) },
    clock: 'device',
    counts: prepared.counts ?? {},
    async check() {
      const [timed, verified] = [await prepared.outputs(), await run(inputs, sizes)];
      for (const name of Object.keys(verified)) refuseDifference('What prepare timed', name, timed[name], verified[name]!, deterministic);
    },
    release: async () => prepared.release(),
  };
}

/** Throws `OutcomeError` where an output is not that of `run`, bit for bit unless the kernel promises no such thing. */
export function refuseDifference(what: string, name: string, timed: KernelOutput | undefined, verified: KernelOutput, deterministic: boolean): void {
  if (timed === undefined) throw new OutcomeError('wrong-shape', `${what} has no output '${name}'.`);
  const [a, b] = [timed, verified].map((output) => (ArrayBuffer.isView(output) ? output : output.data));
  if (a!.length !== b!.length) throw new OutcomeError('wrong-shape', `${what} wrote ${a!.length} elements of '${name}', and run ${b!.length}.`);
  const place = deterministic ? firstBitDifference(a!, b!) : -1;
  if (place >= 0) throw new OutcomeError('wrong-values', `${what} is not what was verified: '${name}' differs at element ${place}.`);
}
