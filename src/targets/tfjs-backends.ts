/** What each tfjs backend needs to be loaded, and what to do about it when it cannot be. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';

import { importOptional, isMissing, missingLibrary } from '../kernels/optional.ts';
import type { Tf, TfjsBackend } from '../kernels/tfjs/index.ts';
import { findAdapter, loadDawn } from '../kernels/webgpu/dawn.ts';
import { GpuFault } from '../kernels/webgpu/fault.ts';
import { alone, loadTfjs } from './tfjs-engine.ts';

/** A loaded backend: the module and the name under which tfjs knows the backend. */
export interface LoadedBackend {
  readonly tf: Tf;
  readonly backend: string;
}

/** Why a backend cannot be used here. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

const version = '4.22.0';

/** Libraries that libtensorflow 2.9.1 for GPUs opens by name. */
const cudaLibraries = [
  'libcuda.so.1',
  'libcudart.so.11.0',
  'libcublas.so.11',
  'libcublasLt.so.11',
  'libcufft.so.10',
  'libcurand.so.10',
  'libcusolver.so.11',
  'libcusparse.so.11',
  'libcudnn.so.8',
];

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

/** The package whose addon has registered tfjs's backend 'tensorflow' in this process. */
let nativeOwner: string | undefined;

async function loadNative(name: string): Promise<LoadedBackend | Obstacle> {
  if (nativeOwner !== undefined && nativeOwner !== name) {
    return { reason: `${nativeOwner} is already loaded, and a process can hold one libtensorflow.`, remedy: 'Verify the two targets in separate runs.' };
  }
  // libtensorflow reads these when it is loaded; TF32 would round products to 11 bits
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  const tf = await loadTfjs();
  try {
    await importOptional(name);
  } catch (error) {
    return nativeObstacle(name, error);
  }
  nativeOwner = name;
  const loaded = await select(tf, 'tensorflow', `Run: npm rebuild ${name} --ignore-scripts=false`);
  if (!('tf' in loaded) || name !== '@tensorflow/tfjs-node-gpu') return loaded;
  if (Reflect.get(tf.backend(), 'isUsingGpuDevice') === true) return loaded;
  const missing = cudaLibraries.map(missingLibrary).filter((library) => library !== undefined);
  const libraries = missing.length === 0 ? 'libtensorflow sees no GPU.' : `libtensorflow sees no GPU: ${missing.join(', ')} cannot be opened.`;
  return { reason: libraries, remedy: 'Install the NVIDIA driver, CUDA 11.2 and cuDNN 8.1 and put their folder into LD_LIBRARY_PATH.' };
}

/** Reads the message of a native package that could not be imported. */
export function nativeObstacle(name: string, error: unknown): Obstacle {
  const message = error instanceof Error ? error.message : String(error);
  const fetch = `npm rebuild ${name} --ignore-scripts=false`;
  if (isMissing(error, name)) return { reason: `The package ${name} is not installed.`, remedy: `Run: npm install --no-save --ignore-scripts=false ${name}@${version}` };
  const library = /(lib[\w.+-]+\.(?:so|dylib)[\w.]*)(?=[: ])/.exec(message)?.[1];
  if (message.includes('cannot open shared object file') && library !== undefined) {
    const cuda = cudaLibraries.includes(library);
    return { reason: `${name} needs ${library}, which cannot be opened.`, remedy: cuda ? 'Install CUDA 11.2 and cuDNN 8.1 and put their folder into LD_LIBRARY_PATH.' : `Run: ${fetch}` };
  }
  if (message.includes('tfjs_binding.node')) {
    return {
      reason: `${name} is installed without its native addon (tfjs_binding.node) and libtensorflow 2.9.1, which its install script downloads.`,
      remedy: `Run: ${fetch} (a mirror can be named in TFJS_NODE_CDN_STORAGE)`,
    };
  }
  return { reason: `${name} cannot be loaded: ${message.split('\n')[0]}`, remedy: `${name} ${version} runs on Node 20 and 22; on those, run: ${fetch}` };
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

async function select(tf: Tf, backend: string, remedy: string): Promise<LoadedBackend | Obstacle> {
  try {
    await alone(tf, backend, () => tf.ready());
    return { tf, backend };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), remedy };
  }
}
