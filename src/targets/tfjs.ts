/** TensorFlow.js as a target: graphs of many small kernels, and gradients from its own tape. Loaded only when it is opened. */
import { batchInvariantBackends, tfjsArithmetic, tfjsKernels, type MappingsFields, type TfjsBackend } from '../kernels/tfjs/index.ts';
import { sinkhornPresets, type SinkhornDialect } from '../operations/sinkhorn/dialect.ts';
import { GpuFault } from '../kernels/webgpu/fault.ts';
import type { KernelDeclaration, Target, TargetNote } from './kernel.ts';
import { loaders } from './tfjs-backends.ts';
import { alone } from './tfjs-engine.ts';

/** Operations with products over all channels, which tfjs-webgpu adds up in any order, and those with products of one matrix per token, which there read the next token's too. */
const ofChannels = ['head', 'head-vjp', 'layer', 'layer-vjp', 'layer-stack', 'layer-stack-vjp', 'single-pass', 'single-pass-vjp'];
const anyOrder: ReadonlySet<string> = new Set(['mappings', 'mappings-vjp', ...ofChannels]);
const perToken = ['stream-read', 'stream-read-vjp', 'stream-write', 'stream-write-vjp', 'stack', 'stack-vjp', ...ofChannels];
const matMulNote: TargetNote = {
  text: 'tfjs-backend-webgpu 4.22 reads beyond the matrices of a batched product and multiplies what it finds by zero: a NaN or an infinity of one token makes the next one NaN, and robustness/poisoning fails',
  excuses: true,
  operations: perToken,
};

/** What is known of the adapter that Dawn prefers, which is also tfjs's. tfjs has a device of its own; another is opened to measure. */
async function adapterNotes(): Promise<readonly TargetNote[]> {
  const { openDevice } = await import('../kernels/webgpu/index.ts');
  const { arithmeticNotes } = await import('./webgpu-arithmetic.ts');
  try {
    const gpu = await openDevice();
    try {
      return await arithmeticNotes(gpu, false);
    } finally {
      gpu.close();
    }
  } catch (error) {
    if (error instanceof GpuFault) return [];
    throw error;
  }
}

/**
 * tfjs with one backend, named `tfjs-<backend>`. The kernels compute `dialect`, by default that of TileKernels, and so do the `mappings` but for
 * the rounding to TF32, which tfjs does not have. Closing keeps the
 * backend: the engine is global, and another target of this process may use it.
 */
export function tfjsTarget(backend: TfjsBackend, dialect: SinkhornDialect = sinkhornPresets['tilekernels']!, mappings: MappingsFields = {}): Target {
  let kernels: Readonly<Record<string, KernelDeclaration>> | undefined;
  return {
    name: `tfjs-${backend}`,
    description: `TensorFlow.js 4.22 on its ${backend} backend, gradients from its own tape`,
    async open() {
      const loaded = await loaders[backend]();
      if (!('tf' in loaded)) return { status: 'unavailable', ...loaded };
      const { tf, backend: name } = loaded;
      const plain = tfjsKernels({ tf, lineSums: backend === 'cpu' ? 'matmul' : 'reduce', alone: (work) => alone(tf, name, work) }, dialect, mappings);
      const promises = { arithmetic: tfjsArithmetic[backend], batchInvariant: batchInvariantBackends.has(backend) };
      kernels = Object.fromEntries(Object.entries(plain).map(([operation, kernel]) => [operation, { ...kernel, ...promises, deterministic: backend !== 'webgpu' || !anyOrder.has(operation) }]));
      const notes = backend === 'webgpu' ? [matMulNote, ...(await adapterNotes())] : [];
      return { status: 'available', ...(notes.length === 0 ? {} : { notes }) };
    },
    kernels() {
      if (kernels === undefined) throw new Error(`The target tfjs-${backend} is not open.`);
      return kernels;
    },
    close() {
      kernels = undefined;
      return Promise.resolve();
    },
  };
}
