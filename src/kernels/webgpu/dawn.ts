/**
 * Dawn, the WebGPU of npm's package `webgpu`, loaded when it is first asked for. Its object is kept for ever: Dawn crashes when it is collected, and a process ends although it is held. Timestamps are
 * rounded to 65,536 ns unless a feature is switched off, and NVIDIA's f16 is behind a toggle; both are set here once for all devices of the process.
 */
import { createRequire } from 'node:module';

import { importOptional, isMissing, missingLibrary } from '../optional.ts';
import { GpuFault } from './fault.ts';

interface Dawn {
  create(options: string[]): GPU;
  readonly globals: object;
}

const toggles = ['disable-dawn-features=timestamp_quantization', 'enable-dawn-features=vulkan_enable_f16_on_nvidia'];
const key = Symbol.for('plumbline.dawn');

const driverRemedy =
  'Install libvulkan1 and a Vulkan driver: that of the GPU, or Mesa 24 or later for a software one (mesa-vulkan-drivers; on Debian 12 from bookworm-backports, as .ci/gpu does). As a user without XDG_RUNTIME_DIR, set it to a folder.';
const installRemedy = 'Run: npm install --no-save webgpu@0.6.2';

/** The GPU object of this process. Throws a `GpuFault` 'no-dawn' where the package or the Vulkan loader is missing. */
export async function loadDawn(): Promise<GPU> {
  const held = globalThis as { [key]?: GPU };
  if (held[key] !== undefined) return held[key];
  let dawn: Dawn;
  try {
    dawn = (await importOptional('webgpu')) as Dawn;
  } catch (error) {
    throw new GpuFault('no-dawn', isMissing(error, 'webgpu') ? 'The package webgpu is not installed.' : `Dawn cannot be loaded: ${messageOf(error)}`, installRemedy);
  }
  // Dawn itself would write its complaint to stderr
  const missing = process.platform === 'linux' ? missingLibrary('libvulkan.so.1') : undefined;
  if (missing !== undefined) throw new GpuFault('no-adapter', `${missing} cannot be opened.`, driverRemedy);
  Object.assign(globalThis, dawn.globals);
  held[key] = dawn.create([...toggles]);
  return held[key];
}

/** The version of the package; 'unknown' where it is not installed. */
export function dawnVersion(): string {
  try {
    return (createRequire(import.meta.url)('webgpu/package.json') as { version: string }).version;
  } catch {
    return 'unknown';
  }
}

/** What an adapter says about itself. `fallback` is a software renderer. */
export interface AdapterAbout {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly driver: string;
  readonly fallback: boolean;
}

/** The adapter that Dawn prefers. Throws a `GpuFault`. */
export async function findAdapter(): Promise<GPUAdapter> {
  const gpu = await loadDawn();
  const adapter = (await gpu.requestAdapter({ powerPreference: 'high-performance' })) ?? (await gpu.requestAdapter());
  if (adapter === null) throw new GpuFault('no-adapter', 'Dawn finds no GPU.', driverRemedy);
  return adapter;
}

/** The fields of `adapter.info`, which the older type declarations do not know. */
export function aboutAdapter(adapter: GPUAdapter): AdapterAbout {
  const { info } = adapter as unknown as { info: { vendor: string; architecture: string; device: string; description: string; isFallbackAdapter?: boolean } };
  return { vendor: info.vendor, architecture: info.architecture, device: info.device, driver: info.description, fallback: info.isFallbackAdapter === true };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]! : String(error);
}
