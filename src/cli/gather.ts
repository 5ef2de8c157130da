/** What a command works on: the targets and properties that are built in, configured, or given as files. */
import { findConfig, loadConfig } from '../config/load.ts';
import type { PlumblineConfig } from '../config/config.ts';
import { PlumblineError } from '../errors.ts';
import { isWorker } from '../config/schema.ts';
import { inProcess } from '../targets/in-process.ts';
import { workerTarget } from '../targets/worker/target.ts';
import { version } from '../verify/version.ts';
import type { Target } from '../targets/kernel.ts';
import type { Recording } from '../targets/dump/dump.ts';
import type { Property } from '../verify/property.ts';
import { shellQuoted } from './invocation.ts';

export interface Gathered {
  /** The configuration whose options apply: that of --config or of the folder, else the only file given. */
  readonly config: PlumblineConfig;
  /** Built-in and configured targets; those of the files alone when files are given. Closed. */
  readonly targets: readonly Target[];
  /** Names of the targets that a person wrote, so that they are always meant. */
  readonly own: readonly string[];
  readonly properties: readonly Property[];
  /** The files and folders that were loaded. */
  readonly loaded: readonly string[];
  /** How a replay is to find them again. */
  readonly replayArguments: string;
  /** What was recorded elsewhere; then the targets only stand for it. */
  readonly recordings?: readonly Recording[];
}

/** Loads everything. `python` is the interpreter of .py files. Throws `bad-usage` and `bad-config`. */
export async function gather(files: readonly string[], configPaths: readonly string[] = [], python?: string): Promise<Gathered> {
  const found = configPaths.length === 0 && files.length === 0 ? findConfig('') : undefined;
  const paths = found === undefined ? configPaths : [found];
  const configs = await loadAll(paths, python);
  const fromFiles = await loadAll(files, python);
  const builtIn = files.length === 0 ? (await import('../targets/built-in.ts')).builtInTargets() : [];
  const declaring = files.length === 0 ? configs : fromFiles;
  const own = declaring.flatMap(({ targets = {} }) => Object.entries(targets).map(([name, declaration]) => (isWorker(declaration) ? workerTarget(name, declaration, version) : inProcess(name, declaration))));
  const targets = [...builtIn, ...own];
  refuseDuplicates('target', targets.map(({ name }) => name));
  const properties = await propertiesOf([...configs, ...fromFiles]);
  const options = configs[0] ?? (fromFiles.length === 1 ? fromFiles[0] : undefined);
  const loaded = [...paths, ...files];
  const replayArguments = [...loaded.map((path) => `--config ${shellQuoted(path)}`), ...(python === undefined ? [] : [`--python ${shellQuoted(python)}`])].join(' ');
  return { config: options ?? {}, targets, own: own.map(({ name }) => name), properties, loaded, replayArguments };
}

/** Opens recorded calls, with the options and properties of a configuration beside them. Throws `bad-usage`, `bad-file` and what a declaration throws. */
export async function gatherDumps(folders: readonly string[], files: readonly string[], configPaths: readonly string[] = []): Promise<Gathered> {
  if (files.length > 0) throw new PlumblineError('bad-usage', `--dump judges what is in its folder; '${files[0]}' has kernels to run.`, 'Verify one or the other.');
  const found = configPaths.length === 0 ? findConfig('') : undefined;
  const paths = found === undefined ? configPaths : [found];
  const configs = await loadAll(paths);
  const { readDump } = await import('../targets/dump/dump.ts');
  const recordings = folders.flatMap((folder) => readDump(folder));
  refuseDuplicates('recording', recordings.map(({ name }) => name));
  return {
    config: configs[0] ?? {},
    targets: recordings.map(({ name, kernels, description }) => inProcess(name, { kernels, description })),
    own: recordings.map(({ name }) => name),
    properties: await propertiesOf(configs),
    loaded: [...paths, ...folders],
    replayArguments: [...configPaths.map((path) => `--config ${shellQuoted(path)}`), ...folders.map((folder) => `--dump ${shellQuoted(folder)}`)].join(' '),
    recordings,
  };
}

async function propertiesOf(configs: readonly PlumblineConfig[]): Promise<readonly Property[]> {
  const { properties: builtIn } = await import('../../properties/index.ts');
  const properties = [...builtIn, ...configs.flatMap((config) => config.properties ?? [])];
  refuseDuplicates('property', properties.map(({ id }) => id));
  return properties;
}

async function loadAll(paths: readonly string[], python?: string): Promise<PlumblineConfig[]> {
  const configs: PlumblineConfig[] = [];
  for (const path of paths) configs.push(await loadConfig(path, python));
  return configs;
}

function refuseDuplicates(kind: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new PlumblineError('bad-config', `There are two of the ${kind} '${twice}'.`, `Give one of them another name; built-in names are taken.`);
}
