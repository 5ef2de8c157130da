/**
 * Tensors of a checkpoint on disk, read one at a time: a safetensors file, or several of them (a folder, or the index of a sharded checkpoint). Files are not trusted: the header is checked
 * against the file's size before anything is read, and no more memory is taken than the tensor that is asked for.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { PlumblineError } from '../../errors.ts';
import { decode } from '../../tensor/codecs.ts';
import { headerLength, tensorData, tensorPlaces, type TensorPlace } from '../../tensor/safetensors.ts';

export interface CheckpointTensor extends TensorPlace {
  readonly file: string;
  /** Where the file's data begins. */
  readonly start: number;
}

export type Checkpoint = ReadonlyMap<string, CheckpointTensor>;

const largestIndex = 64 * 2 ** 20;
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The tensors of a checkpoint by name. Throws `bad-file` with the file's name. */
export function openCheckpoint(path: string): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>();
  for (const file of filesOf(path)) {
    for (const [name, place] of placesIn(file)) {
      const other = tensors.get(name);
      if (other !== undefined) throw new PlumblineError('bad-file', `Tensor '${name}' is in '${other.file}' and in '${file}'.`, 'Name the one file that holds the checkpoint, or its index.');
      tensors.set(name, place);
    }
  }
  return tensors;
}

/** The safetensors files of a checkpoint: the file itself, those that an index names, or those of a folder. */
export function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new PlumblineError('bad-file', `'${path}' does not exist.`, 'Name a .safetensors file, a folder of them, or the .index.json of a sharded checkpoint.');
  if (found.isDirectory()) {
    const inside = readdirSync(path).filter((name) => name.endsWith('.safetensors')).sort();
    if (inside.length === 0) throw new PlumblineError('bad-file', `'${path}' has no .safetensors file.`, 'Convert the checkpoint: safetensors.torch.save_file(state_dict, "model.safetensors").');
    return inside.map((name) => join(path, name));
  }
  if (!path.endsWith('.json')) return [path];
  if (found.size > largestIndex) throw new PlumblineError('bad-file', `'${path}' has ${found.size} bytes, too many for an index.`, 'Name the index that the checkpoint was saved with.');
  const parsed = indexSchema.safeParse(parseJson(path));
  if (!parsed.success) throw new PlumblineError('bad-file', `'${path}' is no index of a checkpoint: it has no weight_map from names to files.`, 'Name a .safetensors file or a folder of them.');
  const names = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const outside = names.find((name) => name.includes('/') || name.includes('\\') || name.startsWith('.') || name === '');
  if (outside !== undefined) throw new PlumblineError('bad-file', `'${path}' names '${outside}', which is not beside it.`, 'Its files must lie in its own folder.');
  return names.map((name) => join(dirname(path), name));
}

/** A tensor as f64 numbers [elements]. Throws `bad-file` for a dtype that plumbline does not read, and for the first value that is not finite. */
export function readTensor(name: string, { file, start, from, to, dtype, dtypeName, shape }: CheckpointTensor): Float64Array {
  if (dtype === undefined) throw new PlumblineError('bad-file', `'${file}': tensor '${name}' has the dtype '${dtypeName}', which plumbline does not read.`, 'Convert it to F64, F32, F16 or BF16.');
  const values = decode(tensorData(rawTensor({ file, start, from, to }), dtype), dtype);
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place >= 0) throw new PlumblineError('bad-file', `'${file}': tensor '${name}' [${shape.join(', ')}] has ${values[place]} at element ${place}.`, 'Nothing can be certified of a network with such a weight.');
  return values;
}

/** The bytes of a tensor. */
export function rawTensor({ file, start, from, to }: Pick<CheckpointTensor, 'file' | 'start' | 'from' | 'to'>): Uint8Array {
  const bytes = new Uint8Array(to - from);
  withFile(file, (descriptor) => readWhole(descriptor, bytes, start + from, file));
  return bytes;
}

function placesIn(file: string): [string, CheckpointTensor][] {
  return withFile(file, (descriptor) => {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new PlumblineError('bad-file', `'${file}' is not a file.`, 'Name .safetensors files, or a folder of them.');
    const { size } = found;
    const first = new Uint8Array(Math.min(8, size));
    readWhole(descriptor, first, 0, file);
    return named(file, () => {
      const header = new Uint8Array(headerLength(first, size));
      readWhole(descriptor, header, 8, file);
      const start = 8 + header.length;
      return [...tensorPlaces(header, size - start)].map(([name, place]): [string, CheckpointTensor] => [name, { ...place, file, start }]);
    });
  });
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    throw new PlumblineError(error.code, `'${file}': ${error.message.split('\n')[0]}`, error.remedy, { cause: error });
  }
}

function withFile<T>(file: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new PlumblineError('bad-file', `'${file}' cannot be opened: ${error instanceof Error ? error.message : String(error)}`, 'Check the path and its permissions.', { cause: error });
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(descriptor: number, into: Uint8Array, position: number, file: string): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(descriptor, into, done, into.length - done, position + done);
    if (count === 0) throw new PlumblineError('bad-file', `'${file}' ends at byte ${position + done}, within a tensor.`, 'It may still be written: try again.');
    done += count;
  }
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new PlumblineError('bad-file', `'${path}' is not JSON.`, 'Name a .safetensors file or a folder of them.', { cause: error });
  }
}
