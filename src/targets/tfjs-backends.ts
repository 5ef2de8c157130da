/** What each tfjs backend needs to be loaded, and what to do about it when it cannot be. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';

import { importOptional, isMissing } from '../kernels/optional.ts';
import type { TfjsBackend } from '../kernels/tfjs/index.ts';
import { findAdapter, loadDawn } from '../kernels/webgpu/dawn.ts';
import { GpuFault } from '../kernels/webgpu/fault.ts';
import { select, type LoadedBackend, type Obstacle } from './tfjs-backend.ts';
import { loadTfjs } from './tfjs-engine.ts';
import { loadNative } from './tfjs-native.ts';

const version = '4.22.0';

export const loaders: Readonly<Record<TfjsBackend, () => Promise<LoadedBackend | Obstacle>>> = {
  cpu: async () => select(await loadTfjs(), 'cpu', 'Reinstall with npm ci.'),
  wasm: loadWasm,
  node: () => loadNative('@tensorflow/tfjs-node'),
  'node-gpu': () => loadNative('@tensorflow/tfjs-node-gpu'),
  webgpu: loadWebgpu,
};

async function loadWasm(): Promise<LoadedBackend | Obstacle> {
  const tf = await loadTfjs();
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep;
  const remedy = `Check that ${folder} holds tfjs-backend-wasm-simd.wasm (npm ci puts it there), and start again.`;
  try {
    setWasmPaths(folder);
  } catch (error) {
    // an earlier attempt to load the binary failed, which tfjs does not forget
    return { reason: error instanceof Error ? error.message : String(error), remedy };
  }
  return select(tf, 'wasm', remedy);
}

async function loadWebgpu(): Promise<LoadedBackend | Obstacle> {
  const name = '@tensorflow/tfjs-backend-webgpu';
  const install = `Run: npm install --no-save webgpu@0.6.2 ${name}@${version}`;
  const tf = await loadTfjs();
  try {
    await provideGpu();
    await importOptional(name);
  } catch (error) {
    if (error instanceof GpuFault) return { reason: `There is no navigator.gpu. ${error.message}`, remedy: error.fault === 'no-dawn' ? install : error.remedy ?? install };
    return { reason: isMissing(error, name) ? `The package ${name} is not installed.` : `WebGPU cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`, remedy: install };
  }
  return select(tf, 'webgpu', 'Check the Vulkan driver with: vulkaninfo --summary');
}

/** Makes Dawn the navigator.gpu of this process where there is none: the one that the target webgpu has. Throws a `GpuFault` where it cannot be loaded or finds no adapter. */
async function provideGpu(): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: GPU } };
  if (scope.navigator?.gpu !== undefined) return;
  await findAdapter();
  if (scope.navigator === undefined) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(scope.navigator, 'gpu', { value: await loadDawn(), configurable: true });
}
