/**
 * Loads a configuration, or a file with kernels alone, written in TypeScript or JavaScript. jiti transpiles it, because Node 20 cannot;
 * `plumbline` inside the file is the plumbline that runs, wherever the file lies.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { createJiti } from 'jiti';

import { PlumblineError, suggest } from '../errors.ts';
import { operations } from '../operations/index.ts';
import { pythonWorker } from '../targets/worker/python.ts';
import { worker } from '../targets/worker/target.ts';
import type { PlumblineConfig } from './config.ts';
import { checkConfig, configFields } from './schema.ts';

/** Python files are run by the worker that comes with plumbline. */
const pythonExtension = '.py';
const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
const searched = ['plumbline.config.ts', 'plumbline.config.mts', 'plumbline.config.js', 'plumbline.config.mjs'];

/** The configuration of a folder, if it has one. */
export function findConfig(folder: string): string | undefined {
  return searched.map((name) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Loads a file whose default export is a configuration, a target `{ kernels }`, or kernels by operation; the latter two become
 * a configuration with one target, named after the file. `python` is the interpreter of .py files. Throws `bad-usage` for a file that cannot be one, `bad-config` for its content.
 */
export async function loadConfig(path: string, python?: string): Promise<PlumblineConfig> {
  if (!existsSync(path) || !statSync(path).isFile()) throw new PlumblineError('bad-usage', `There is no file '${path}'.`, 'Give the path of a configuration or of a file with kernels.');
  if (extname(path) === pythonExtension) return { targets: { [targetNameOf(path)]: worker(pythonWorker(path, python)) } };
  if (!extensions.includes(extname(path))) {
    throw new PlumblineError('bad-usage', `'${path}' is not a TypeScript, JavaScript or Python file.`, `Files with kernels end in ${[...extensions, pythonExtension].join(', ')}.`);
  }
  return checkConfig(asConfig(await defaultExport(path), path), path);
}

/**
 * Loads a file again with all modules that are its own, also plain JavaScript, which Node itself would have but once: the functions of each copy are compiled anew. Undefined where
 * that cannot be done, as for modules that wait at their top level.
 */
export async function loadCopy(path: string): Promise<PlumblineConfig | undefined> {
  if (!extensions.includes(extname(path))) return undefined;
  const virtualModules = Object.fromEntries(await Promise.all(Object.entries(ownModules()).map(async ([name, file]) => [name, (await import(pathToFileURL(file).href)) as object] as const)));
  try {
    const loaded: unknown = createJiti(import.meta.url, { virtualModules, moduleCache: false })(resolve(path));
    return checkConfig(asConfig(exportedBy(loaded, path), path), path);
  } catch {
    return undefined; // it was loaded before, in the usual way
  }
}

/** Where `plumbline` inside a file is: here/../../index is the public entry, in src/ under a test runner and in dist/src/ when installed. */
function ownModules(): Record<string, string> {
  const own = extname(fileURLToPath(import.meta.url));
  return {
    plumbline: fileURLToPath(new URL(`../index${own}`, import.meta.url)),
    'plumbline/properties': fileURLToPath(new URL(`../../properties/index${own}`, import.meta.url)),
  };
}

async function defaultExport(path: string): Promise<unknown> {
  let loaded: unknown;
  try {
    loaded = await createJiti(import.meta.url, { alias: ownModules(), moduleCache: false }).import(resolve(path));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new PlumblineError('bad-config', `'${path}' cannot be loaded: ${cause}`, 'Run it with node to see where it fails.', { cause: error });
  }
  return exportedBy(loaded, path);
}

function exportedBy(loaded: unknown, path: string): object {
  const exported = isObject(loaded) && 'default' in loaded ? loaded['default'] : undefined;
  if (!isObject(exported)) {
    throw new PlumblineError('bad-config', `'${path}' has no default export that is an object.`, 'Write: export default { sinkhorn: { arithmetic: \'ieee-f32\', run: … } }');
  }
  return exported;
}

function asConfig(exported: unknown, path: string): unknown {
  const keys = Object.keys(exported as object);
  if (keys.includes('targets')) return exported;
  const target = keys.includes('kernels') ? exported : asKernels(exported as Record<string, unknown>, keys);
  if (target === undefined) {
    if (keys.length === 0 || keys.some((key) => configFields.includes(key))) return exported;
    const unknown = keys[0]!;
    throw new PlumblineError('bad-config', `'${path}' exports '${unknown}', which is neither an operation nor a field of a configuration.`, suggest(unknown, [...Object.keys(operations), ...configFields, 'kernels']));
  }
  return { targets: { [targetNameOf(path)]: target } };
}

/** A target is called like its file. */
function targetNameOf(path: string): string {
  return basename(path, extname(path)).replaceAll(/[\s,*?]+/g, '-');
}

/** Kernels by operation: one key is an operation, or one value looks like a kernel. */
function asKernels(exported: Record<string, unknown>, keys: readonly string[]): unknown {
  const looksLikeKernels = keys.some((key) => Object.hasOwn(operations, key) || (isObject(exported[key]) && 'run' in exported[key]));
  return looksLikeKernels ? { kernels: exported } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
