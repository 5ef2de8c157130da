/**
 * Inputs for a job of somebody's own, and the manifest that says where it is to write its outputs: what `plumbline verify --dump` then judges. The recipes are those that every
 * run starts with: all families and scales, n = 4 and another n, batches that end inside a tile.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { PlumblineError } from '../../errors.ts';
import { expand } from '../../generate/expand.ts';
import { firstRecipes } from '../../generate/first-recipes.ts';
import { defaultMaxElements, type InputPlan, type Recipe } from '../../generate/recipe.ts';
import { operations } from '../../operations/index.ts';
import type { OperationId } from '../../operations/operation.ts';
import { manifestName, type Manifest, type ManifestCase } from '../../targets/dump/manifest.ts';
import type { ResolvedKernel } from '../../targets/resolve.ts';
import { encodeNpy } from '../../tensor/npy.ts';
import { encodeSafetensors } from '../../tensor/safetensors.ts';
import { writeFileAtomically } from '../atomic-file.ts';
import { encodeInputs } from '../call.ts';

/** A size that is asked for; those that are not vary. */
export interface CaseSizes {
  readonly tokens?: number | undefined;
  readonly streams?: number | undefined;
  readonly channels?: number | undefined;
  readonly depth?: number | undefined;
}

/** The kernel that the job is to run, as its author declares it. */
export interface JobKernel {
  readonly dialect?: string | undefined;
  readonly arithmetic: string;
  readonly resolved: ResolvedKernel;
}

export interface WriteCasesOptions {
  readonly folder: string;
  readonly kernels: readonly JobKernel[];
  readonly seed: number;
  readonly sizes: CaseSizes;
  readonly format: 'safetensors' | 'npy';
  /** Writes over a manifest that is there. */
  readonly force: boolean;
}

/** Writes everything, the manifest last, and returns it. Throws `bad-usage` for sizes that an operation cannot have, `bad-file`. */
export function writeCases({ folder, kernels, seed, sizes, format, force }: WriteCasesOptions): Manifest {
  const path = join(folder, manifestName);
  if (!force && existsSync(path)) throw new PlumblineError('bad-usage', `'${path}' is there already.`, 'Give another folder, or --force to write over it.');
  const cases = kernels.flatMap((kernel) => recipesOf(kernel.resolved.operation.id, seed, sizes).map((recipe, index) => writeCase(folder, kernel, recipe, index, format)));
  const manifest: Manifest = { version: 1, cases };
  writeFileAtomically(path, `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function recipesOf(id: OperationId, seed: number, asked: CaseSizes): Recipe[] {
  const operation = operations[id];
  const list = (size: number | undefined): [number] | undefined => (size === undefined ? undefined : [size]);
  const fixed = { streamCounts: list(asked.streams), tokenCounts: list(asked.tokens), channelCounts: list(asked.channels), depths: list(asked.depth) };
  const given = Object.fromEntries(Object.entries(fixed).filter(([, counts]) => counts !== undefined));
  const plan: InputPlan = { ...given, maxElements: asked.tokens === undefined ? defaultMaxElements : Infinity };
  const recipes = firstRecipes(operation, plan, seed);
  for (const name of operation.dims) {
    const wanted = asked[name];
    const other = wanted === undefined ? undefined : recipes.find(({ sizes }) => sizes[name] !== wanted);
    if (other !== undefined) throw new PlumblineError('bad-usage', `${wanted} ${name} do not fit: ${id} would get ${other.sizes[name]}.`, 'Give --tokens too, or smaller sizes.');
  }
  return recipes;
}

function writeCase(folder: string, { dialect, arithmetic, resolved }: JobKernel, recipe: Recipe, index: number, format: 'safetensors' | 'npy'): ManifestCase {
  const { operation, dtypes } = resolved;
  const name = `${operation.id}-${index + 1}`;
  const tensors = encodeInputs(resolved, expand(recipe, operation, {}), recipe.sizes);
  const fileOf = (port: string, part: 'in' | 'out'): string => (format === 'npy' ? `${name}.${port}.npy` : `${name}.${part}.safetensors`);
  if (format === 'npy') for (const [port, tensor] of Object.entries(tensors)) writeFileAtomically(join(folder, fileOf(port, 'in')), encodeNpy(tensor));
  else writeFileAtomically(join(folder, fileOf('', 'in')), encodeSafetensors(tensors, { format: 'pt' }));
  const files = Object.fromEntries([...operation.inputs.map((port) => [port.name, fileOf(port.name, 'in')]), ...operation.outputs.map((port) => [port.name, fileOf(port.name, 'out')])] as const);
  return { name, operation: operation.id, ...(dialect === undefined ? {} : { dialect }), arithmetic, dtypes: { ...dtypes }, files };
}

/** `logits f32 [33, 4, 4]` for each port of a case, for people. */
export function describePorts({ operation, dtypes }: ResolvedKernel, which: 'inputs' | 'outputs'): string {
  return operation[which].map((port) => `${port.name} ${dtypes[port.name]} [${port.dims.join(', ')}]`).join(', ');
}
