/** Our WGSL kernels on the GPU that Dawn finds, as a target. Dawn is loaded when it is opened. */
import { GpuFault, openDevice, prepareOnDevice, runOnDevice, webgpuKernels, type DeviceOptions, type GpuDevice, type GpuFaultName, type WebgpuKernel, type WebgpuOptions } from '../kernels/webgpu/index.ts';
import type { KernelDeclaration, Target } from './kernel.ts';
import { OutcomeError, TargetUnusable, type OutcomeName } from './outcome.ts';

/** The target `webgpu`. `device` limits what it uses of the device. */
export function webgpuTarget(options: WebgpuOptions = {}, device: DeviceOptions = {}): Target {
  let gpu: GpuDevice | undefined;
  let kernels: Readonly<Record<string, KernelDeclaration>> | undefined;
  return {
    name: 'webgpu',
    description: 'WGSL kernels on the GPU that Dawn finds, a software one too',
    async open() {
      try {
        gpu = await openDevice(device);
      } catch (error) {
        if (!(error instanceof GpuFault)) throw error;
        return { status: 'unavailable', reason: error.message, remedy: error.remedy ?? 'Run plumbline doctor.' };
      }
      const opened = gpu;
      kernels = Object.fromEntries(Object.entries(webgpuKernels(options)).map(([operation, kernel]) => [operation, declared(opened, kernel)]));
      return { status: 'available', about: { ...gpu.about } };
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

function declared(gpu: GpuDevice, kernel: WebgpuKernel): KernelDeclaration {
  const { dialect, arithmetic, dtypes } = kernel;
  return {
    dialect,
    arithmetic,
    ...(dtypes === undefined ? {} : { dtypes }),
    run: (inputs, sizes) => named(() => runOnDevice(gpu, (its) => kernel.plan(its), inputs, sizes)),
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
