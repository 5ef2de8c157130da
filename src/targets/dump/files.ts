/** The tensor files of a dump. Somebody else wrote them: every way to be damaged is a `bad-file` that names the file and the reason. */
import { readFileSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';

import { PlumblineError, suggest } from '../../errors.ts';
import { decodeNpy } from '../../tensor/npy.ts';
import { decodeSafetensors } from '../../tensor/safetensors.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Files that are kept in memory at least until this many bytes are exceeded; the file in use always is. */
const keptBytes = 2 ** 28;

/** Where a tensor is. */
export interface FilePlace {
  /** Relative to the folder of the dump. */
  readonly file: string;
  /** Its name in a safetensors file; a .npy file has one tensor. */
  readonly tensor: string;
  /** What bits without a meaning are. */
  readonly expected: Dtype | undefined;
}

export class TensorFiles {
  private readonly folder: string;
  private readonly kept = new Map<string, { readonly tensors: Readonly<Record<string, Tensor>>; readonly bytes: number }>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** One tensor. Throws `bad-file`. */
  read(place: FilePlace): Tensor {
    const npy = extname(place.file) === '.npy';
    if (!npy && extname(place.file) !== '.safetensors') throw new PlumblineError('bad-file', `'${place.file}' is neither a .safetensors nor a .npy file.`, 'Convert it to one of them.');
    const tensors = this.tensorsOf(place, npy);
    const name = npy ? '' : place.tensor;
    if (Object.hasOwn(tensors, name)) return tensors[name]!;
    throw new PlumblineError('bad-file', `'${place.file}' has no tensor '${name}'.`, suggest(name, Object.keys(tensors)));
  }

  private tensorsOf(place: FilePlace, npy: boolean): Readonly<Record<string, Tensor>> {
    const key = `${npy ? place.expected : ''} ${place.file}`;
    const known = this.kept.get(key);
    this.kept.delete(key);
    const entry = known ?? this.decode(place, npy);
    this.kept.set(key, entry); // the last used is last
    let total = [...this.kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [oldest, { bytes }] of this.kept) {
      if (total <= keptBytes || oldest === key) break;
      this.kept.delete(oldest);
      total -= bytes;
    }
    return entry.tensors;
  }

  private decode(place: FilePlace, npy: boolean): { tensors: Readonly<Record<string, Tensor>>; bytes: number } {
    const bytes = this.bytesOf(place.file);
    try {
      return { tensors: npy ? { '': decodeNpy(bytes, place.expected) } : decodeSafetensors(bytes, true, true).tensors, bytes: bytes.length };
    } catch (error) {
      if (!(error instanceof PlumblineError)) throw error;
      throw new PlumblineError(error.code, `'${place.file}': ${error.message}`, undefined, { cause: error });
    }
  }

  private bytesOf(file: string): Uint8Array {
    try {
      const path = resolve(this.folder, file);
      if (!statSync(path).isFile()) throw new Error('it is not a file');
      return readFileSync(path);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const large = (error as NodeJS.ErrnoException).code === 'ERR_FS_FILE_TOO_LARGE';
      const remedy = missing ? 'The job that makes it has not written it; files are relative to the folder of the dump.' : large ? 'Split its tokens into several cases.' : undefined;
      throw new PlumblineError('bad-file', `Cannot read '${file}': ${error instanceof Error ? error.message : String(error)}`, remedy, { cause: error });
    }
  }
}
