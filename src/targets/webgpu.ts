/** Our WGSL kernels on the GPU that Dawn finds, as a target. They and Dawn are loaded when it is opened: every command makes the built-in targets, and few open this one. */
import { GpuFault, type GpuFaultName } from '../kernels/webgpu/fault.ts';
import type * as wgslKernels from '../kernels/webgpu/index.ts';
import type { KernelDeclaration, Target } from './kernel.ts';
import type { Users } from './webgpu-arithmetic.ts';
import { OutcomeError, TargetUnusable, type OutcomeName } from './outcome.ts';

type Wgsl = typeof wgslKernels;
type GpuDevice = wgslKernels.GpuDevice;

/** The target `webgpu`. `device` limits what it uses of the device. */
export function webgpuTarget(options: wgslKernels.WebgpuOptions = {}, device: wgslKernels.DeviceOptions = {}): Target {
  let gpu: GpuDevice | undefined;
  let kernels: Readonly<Record<string, KernelDeclaration>> | undefined;
  return {
    name: 'webgpu',
    description: 'WGSL kernels on the GPU that Dawn finds, a software one too',
    async open() {
      const wgsl: Wgsl = await import('../kernels/webgpu/index.ts');
      try {
        gpu = await wgsl.openDevice(device);
      } catch (error) {
        if (!(error instanceof GpuFault)) throw error;
        return { status: 'unavailable', reason: error.message, remedy: error.remedy ?? 'Run plumbline doctor.' };
      }
      const opened = gpu;
      const own = wgsl.webgpuKernels(options);
      kernels = Object.fromEntries(Object.entries(own).map(([operation, kernel]) => [operation, declared(wgsl, opened, kernel)]));
      const { arithmetic = device.rewrite === undefined && device.replan === undefined ? 'kept' : 'unsaid' } = device;
      const notes = arithmetic === 'unsaid' ? [] : await (await import('./webgpu-arithmetic.ts')).arithmeticNotes(gpu, arithmetic === 'fresh', usersIn(own));
      return { status: 'available', about: { ...gpu.about }, ...(notes.length === 0 ? {} : { notes }) };
    },
    kernels() {
      if (kernels === undefined) throw new Error('The target webgpu is not open.');
      return kernels;
    },
    close() {
      gpu?.close();
      gpu = kernels = undefined;
      return Promise.resolve();
    },
  };
}

const small = { tokens: 1, streams: 4, channels: 4, depth: 1 };

/** Operations whose shaders have a function in them. Every shader may add, multiply and divide. */
function usersIn(kernels: Readonly<Record<string, wgslKernels.WebgpuKernel>>): Users {
  const shaders = Object.entries(kernels).map(([operation, kernel]) => [operation, [4, 3].flatMap((streams) => kernel.plan({ ...small, streams }).passes.map(({ code }) => code)).join('\n')] as const);
  return (name) => (['exp', 'log', 'tanh', 'inverseSqrt', 'sqrt', 'fma'].includes(name) ? shaders.filter(([, code]) => code.includes(`${name}(`)).map(([operation]) => operation) : undefined);
}

function declared({ runOnDevice, prepareOnDevice, screenOnDevice }: Wgsl, gpu: GpuDevice, kernel: wgslKernels.WebgpuKernel): KernelDeclaration {
  const { dialect, arithmetic, dtypes, screening } = kernel;
  return {
    dialect,
    arithmetic,
    ...(dtypes === undefined ? {} : { dtypes }),
    run: (inputs, sizes) => named(() => runOnDevice(gpu, (its) => kernel.plan(its), inputs, sizes)),
    ...(screening === undefined ? {} : { screening: { seeks: screening.seeks, streams: 4, run: (request) => named(() => screenOnDevice(gpu, (its) => kernel.plan(its), screening.dialect, request)) } }),
    ...(gpu.hasTimestamps ? { prepare: (inputs, sizes) => named(() => prepareOnDevice(gpu, (its) => kernel.plan(its), inputs, sizes)) } : {}),
  };
}

const outcomes: Readonly<Record<GpuFaultName, OutcomeName>> = {
  'no-dawn': 'unsupported', 'no-adapter': 'unsupported', 'no-device': 'unsupported', 'device-lost': 'crashed', 'out-of-memory': 'out-of-memory', 'bad-shader': 'failed', refused: 'failed',
};

/** What a device does wrong, as the outcome that it is. A lost device is lost for all calls that follow. */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GpuFault)) throw error;
    if (error.fault === 'device-lost') throw new TargetUnusable(error.message, error.remedy ?? 'Run plumbline doctor.', { cause: error });
    throw new OutcomeError(outcomes[error.fault], error.message, { cause: error });
  }
}
