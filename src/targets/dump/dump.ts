/**
 * Tensors on disk: calls that a kernel made somewhere else, in a training job say. There is nothing to run; what was recorded is read and judged.
 * Opening reads every file once, so that whatever is wrong with them is known before anything is judged.
 */
import { basename, resolve } from 'node:path';

import { PlumblineError, suggest } from '../../errors.ts';
import { operations } from '../../operations/index.ts';
import type { Operation, OperationId, Sizes } from '../../operations/operation.ts';
import { dtypes as dtypeNames, type Dtype } from '../../tensor/dtype.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { KernelDeclaration } from '../kernel.ts';
import { OutcomeError } from '../outcome.ts';
import { resolveKernel } from '../resolve.ts';
import { TensorFiles, type FilePlace } from './files.ts';
import { readManifest, type ManifestCase } from './manifest.ts';
import { countNotFinite } from './finite.ts';
import { sizesOf } from './shapes.ts';

/** One recorded call. */
export interface RecordedCase {
  /** For reports: its name, or number, and its files. */
  readonly name: string;
  readonly operation: OperationId;
  readonly sizes: Sizes;
  /** Tokens whose inputs are not finite; no claim is made about them. */
  readonly notFinite: number;
  /** Inputs and outputs by port. They share the memory of files that may be forgotten: use them and let go. Throws `bad-file`. */
  load(): Readonly<Record<string, Tensor>>;
}

/** What one declared kernel of each operation was recorded to do. */
export interface Recording {
  readonly name: string;
  readonly description: string;
  /** `run` is never to be called. */
  readonly kernels: Readonly<Record<string, KernelDeclaration>>;
  readonly cases: readonly RecordedCase[];
}

/**
 * The recordings of a folder: one, or several where cases of one operation declare different kernels (`name`, `name-2`, …). Throws `bad-file`, `bad-dialect` or `bad-arithmetic`,
 * each naming the case and the file or field.
 */
export function readDump(folder: string): Recording[] {
  const manifest = readManifest(folder);
  const name = manifest.name ?? basename(resolve(folder)).replaceAll(/[\s,*?]+/g, '-');
  const files = new TensorFiles(folder);
  const groups: { kernels: Record<string, KernelDeclaration>; keys: Record<string, string>; cases: RecordedCase[] }[] = [];
  for (const [index, given] of manifest.cases.entries()) {
    const { declaration, key, recorded } = readCase(given, `cases.${index} (${given.name ?? given.operation})`, files);
    let group = groups.find(({ keys }) => keys[given.operation] === undefined || keys[given.operation] === key);
    if (group === undefined) groups.push((group = { kernels: {}, keys: {}, cases: [] }));
    group.kernels[given.operation] = declaration;
    group.keys[given.operation] = key;
    group.cases.push(recorded);
  }
  return groups.map(({ kernels, cases }, k) => ({ name: k === 0 ? name : `${name}-${k + 1}`, description: describe(cases, folder), kernels, cases }));
}

function describe(cases: readonly RecordedCase[], folder: string): string {
  const left = cases.reduce((sum, { notFinite }) => sum + notFinite, 0);
  const note = left === 0 ? '' : `; nothing is claimed about ${left} ${left === 1 ? 'token whose inputs are' : 'tokens whose inputs are'} not finite`;
  return `${cases.length} recorded ${cases.length === 1 ? 'call' : 'calls'} in ${folder}${note}`;
}

function readCase(given: ManifestCase, owner: string, files: TensorFiles): { declaration: KernelDeclaration; key: string; recorded: RecordedCase } {
  const operation = operations[given.operation as OperationId];
  const places = placesOf(operation, given, owner);
  const load = (): Record<string, Tensor> => Object.fromEntries(Object.entries(places).map(([port, place]) => [port, files.read(place)]));
  const tensors = load();
  const dtypes = Object.fromEntries(Object.entries(tensors).map(([port, { dtype }]) => [port, dtype]));
  for (const [port, { expected }] of Object.entries(places)) {
    if (expected !== undefined && expected !== dtypes[port]) throw new PlumblineError('bad-file', `${owner}: '${port}' is ${dtypes[port]} in '${places[port]!.file}', its dtypes say ${expected}.`);
  }
  const sizes = sizesOf(operation, Object.fromEntries(Object.entries(tensors).map(([port, { shape }]) => [port, shape])), owner);
  const declaration: KernelDeclaration = {
    ...(given.dialect === undefined ? {} : { dialect: given.dialect }),
    arithmetic: given.arithmetic,
    dtypes,
    run: () => {
      throw new OutcomeError('unsupported', 'a recording has no kernel to run');
    },
  };
  const resolved = resolveKernel(operation, declaration, owner);
  const key = JSON.stringify([resolved.dialect, resolved.arithmetic, resolved.dtypes]);
  return { declaration, key, recorded: { name: given.name ?? owner, operation: operation.id, sizes, notFinite: countNotFinite(operation, tensors, sizes), load } };
}

/** Where each port's tensor is. */
function placesOf(operation: Operation, { files, dtypes = {} }: ManifestCase, owner: string): Record<string, FilePlace> {
  const ports = [...operation.inputs, ...operation.outputs].map(({ name }) => name);
  const named = [...(typeof files === 'string' ? [] : Object.keys(files)), ...Object.keys(dtypes)];
  const foreign = named.find((name) => !ports.includes(name));
  if (foreign !== undefined) throw new PlumblineError('bad-file', `${owner}: ${operation.id} has no '${foreign}'.`, suggest(foreign, ports));
  return Object.fromEntries(ports.map((port) => {
    const place = typeof files === 'string' ? files : files[port];
    if (place === undefined) throw new PlumblineError('bad-file', `${owner}: files names no file for '${port}'.`, `${operation.id} needs ${ports.join(', ')}.`);
    const expected = dtypes[port];
    if (expected !== undefined && !(dtypeNames as readonly string[]).includes(expected)) throw new PlumblineError('bad-file', `${owner}: dtypes.${port} is '${expected}'.`, suggest(expected, dtypeNames));
    return [port, { ...(typeof place === 'string' ? { file: place, tensor: port } : place), expected: expected as Dtype | undefined }];
  }));
}
