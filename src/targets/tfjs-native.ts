/** The native packages of tfjs: what each needs to be loaded, and what to do about the first thing that is missing. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as util from 'node:util';

import { importOptional, isMissing, missingLibrary } from '../kernels/optional.ts';
import type { Tf } from '../kernels/tfjs/index.ts';
import { select, type LoadedBackend, type Obstacle } from './tfjs-backend.ts';
import { loadTfjs } from './tfjs-engine.ts';

export type NativePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** The version of both packages; the libtensorflow that they bind is 2.9.1. */
const version = '4.22.0';

/** Libraries that libtensorflow 2.9.1 for GPUs opens by name, and what has them. */
const gpuLibraries = {
  'the NVIDIA driver': ['libcuda.so.1'],
  'CUDA 11.2': ['libcudart.so.11.0', 'libcublas.so.11', 'libcublasLt.so.11', 'libcufft.so.10', 'libcurand.so.10', 'libcusolver.so.11', 'libcusparse.so.11'],
  'cuDNN 8.1': ['libcudnn.so.8'],
};

/** The package whose addon has registered tfjs's backend 'tensorflow' in this process. */
let owner: NativePackage | undefined;

/** Loads a native package, or says what is missing. */
export async function loadNative(name: NativePackage): Promise<LoadedBackend | Obstacle> {
  const node = nodeObstacle(name, process.version, util);
  if (node !== undefined) return node;
  if (owner !== undefined && owner !== name) return beside(name, owner);
  // libtensorflow reads these when it is loaded; TF32 would round products to 11 bits
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
  const tf = await loadTfjs();
  try {
    await importOptional(name);
  } catch (error) {
    return nativeObstacle(name, error);
  }
  owner = name;
  const loaded = await select(tf, 'tensorflow', `Run: npm rebuild ${name} --ignore-scripts=false`);
  return 'tf' in loaded && name === '@tensorflow/tfjs-node-gpu' && !usesGpu(tf) ? gpuObstacle(missingForGpu()) : loaded;
}

/** Node 23 removed helpers that the packages call in every operation; what they load says nothing of it. */
export function nodeObstacle(name: NativePackage, nodeVersion: string, helpers: object): Obstacle | undefined {
  const absent = ['isNullOrUndefined', 'isArray'].filter((helper) => typeof Reflect.get(helpers, helper) !== 'function');
  if (absent.length === 0) return undefined;
  return { reason: `Node ${nodeVersion} has no util.${absent.join(' and no util.')}, which ${name} ${version} calls.`, remedy: 'Run plumbline with Node 20 or 22: 23 removed what it calls.' };
}

/** Reads the message of a native package that could not be imported. */
export function nativeObstacle(name: NativePackage, error: unknown): Obstacle {
  const message = error instanceof Error ? error.message : String(error);
  if (isMissing(error, name)) return notInstalled(name);
  const dependency = /Cannot find (?:module|package) '([^']+)'/.exec(message)?.[1];
  if (dependency !== undefined) return { reason: `${name} is installed without the package ${dependency}, which it needs.`, remedy: install(name) };
  if (message.includes('can not be found at path')) return addonObstacle(name);
  const library = /([\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(message)?.[1] ?? /Library not loaded: (?:\S*\/)?([\w.+-]+)/.exec(message)?.[1];
  if (library !== undefined) {
    if (partsOf([library]).length > 0) return { reason: `${name} needs ${library}, which cannot be opened.`, remedy: gpuRemedy([library]) };
    return { reason: `The native addon of ${name} needs ${library}, a part of libtensorflow 2.9.1, which cannot be opened.`, remedy: rebuild(name) };
  }
  return { reason: `${name} cannot be loaded: ${message.split('\n')[0]}`, remedy: rebuild(name) };
}

/** libtensorflow runs, but on the CPU. */
export function gpuObstacle(missing: readonly string[]): Obstacle {
  if (missing.length > 0) return { reason: `libtensorflow sees no GPU: ${missing.join(', ')} cannot be opened.`, remedy: gpuRemedy(missing) };
  return {
    reason: 'libtensorflow sees no GPU, though it finds the driver, CUDA 11 and cuDNN 8.',
    remedy: 'Check that nvidia-smi lists a GPU, that CUDA_VISIBLE_DEVICES does not hide it, and that the addon was not built against a libtensorflow for CPUs.',
  };
}

function partsOf(libraries: readonly string[]): string[] {
  return Object.entries(gpuLibraries).filter(([, own]) => own.some((library) => libraries.includes(library))).map(([part]) => part);
}

function gpuRemedy(libraries: readonly string[]): string {
  return `Install ${partsOf(libraries).join(' and ')}, and put the folder of each into LD_LIBRARY_PATH.`;
}

function notInstalled(name: NativePackage): Obstacle {
  return { reason: `The package ${name} is not installed.`, remedy: `${install(name)}${recipe()}` };
}

function addonObstacle(name: NativePackage): Obstacle {
  return { reason: `${name} is installed without its native addon (tfjs_binding.node) and libtensorflow 2.9.1, which its install script downloads.`, remedy: rebuild(name) };
}

/** A second libtensorflow cannot be loaded into a process; what that package lacks is told without it, as far as files tell. */
function beside(name: NativePackage, loaded: NativePackage): Obstacle {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return notInstalled(name);
  }
  if (!hasAddon(join(folder, 'lib'))) return addonObstacle(name);
  const missing = name === '@tensorflow/tfjs-node-gpu' ? missingForGpu() : [];
  return missing.length > 0 ? gpuObstacle(missing) : { reason: `${loaded} is already loaded, and a process can hold one libtensorflow.`, remedy: 'Verify the two targets in separate runs.' };
}

function hasAddon(lib: string): boolean {
  return existsSync(lib) && readdirSync(lib).some((napi) => existsSync(join(lib, napi, 'tfjs_binding.node')));
}

function usesGpu(tf: Tf): boolean {
  return Reflect.get(tf.backend(), 'isUsingGpuDevice') === true;
}

function missingForGpu(): string[] {
  return Object.values(gpuLibraries).flat().filter((library) => missingLibrary(library) !== undefined);
}

function install(name: NativePackage): string {
  return `Run: npm install --no-save --ignore-scripts=false ${name}@${version}`;
}

function rebuild(name: NativePackage): string {
  return `Run: npm rebuild ${name} --ignore-scripts=false (a mirror can be named in TFJS_NODE_CDN_STORAGE)${recipe()}`;
}

/** Where the script is that needs no download but PyPI's, with this package; it is for Linux on x86-64. */
function recipe(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return '';
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    const script = join(folder, 'fixtures', 'tfjs-node', 'build.sh');
    if (existsSync(script)) return `. Where its download fails, build it from a TensorFlow wheel: bash ${script}`;
  }
  return '';
}
