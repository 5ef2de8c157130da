/** What a command works on: the targets and properties that are built in, configured, or given as files. */
import { findConfig, loadConfig } from '../config/load.ts';
import type { PlumblineConfig } from '../config/config.ts';
import { PlumblineError } from '../errors.ts';
import { isWorker } from '../config/schema.ts';
import { inProcess } from '../targets/in-process.ts';
import { workerTarget } from '../targets/worker/target.ts';
import { version } from '../verify/version.ts';
import type { Target } from '../targets/kernel.ts';
import type { Property } from '../verify/property.ts';

export interface Gathered {
  /** The configuration whose options apply: that of --config or of the folder, else the only file given. */
  readonly config: PlumblineConfig;
  /** Built-in and configured targets; those of the files alone when files are given. Closed. */
  readonly targets: readonly Target[];
  /** Names of the targets that a person wrote, so that they are always meant. */
  readonly own: readonly string[];
  readonly properties: readonly Property[];
  /** The files that were loaded, for the replay line. */
  readonly loaded: readonly string[];
}

/** Loads everything. Throws `bad-usage` and `bad-config`. */
export async function gather(files: readonly string[], configPaths: readonly string[] = []): Promise<Gathered> {
  const found = configPaths.length === 0 && files.length === 0 ? findConfig('') : undefined;
  const paths = found === undefined ? configPaths : [found];
  const configs = await loadAll(paths);
  const fromFiles = await loadAll(files);
  const builtIn = files.length === 0 ? (await import('../targets/built-in.ts')).builtInTargets() : [];
  const declaring = files.length === 0 ? configs : fromFiles;
  const own = declaring.flatMap(({ targets = {} }) => Object.entries(targets).map(([name, declaration]) => (isWorker(declaration) ? workerTarget(name, declaration, version) : inProcess(name, declaration))));
  const targets = [...builtIn, ...own];
  refuseDuplicates('target', targets.map(({ name }) => name));
  const { properties: builtInProperties } = await import('../../properties/index.ts');
  const properties = [...builtInProperties, ...[...configs, ...fromFiles].flatMap((config) => config.properties ?? [])];
  refuseDuplicates('property', properties.map(({ id }) => id));
  const options = configs[0] ?? (fromFiles.length === 1 ? fromFiles[0] : undefined);
  return { config: options ?? {}, targets, own: own.map(({ name }) => name), properties, loaded: [...paths, ...files] };
}

async function loadAll(paths: readonly string[]): Promise<PlumblineConfig[]> {
  const configs: PlumblineConfig[] = [];
  for (const path of paths) configs.push(await loadConfig(path));
  return configs;
}

function refuseDuplicates(kind: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new PlumblineError('bad-config', `There are two of the ${kind} '${twice}'.`, `Give one of them another name; built-in names are taken.`);
}
