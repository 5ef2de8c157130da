/** The tensor whose matrices are certified: from a file that somebody else wrote, every entry finite. */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';

import { PlumblineError, suggest } from '../../errors.ts';
import { decodeNpy } from '../../tensor/npy.ts';
import { decodeSafetensors } from '../../tensor/safetensors.ts';
import { valuesOf, type Tensor } from '../../tensor/tensor.ts';
import type { Dtype } from '../../tensor/dtype.ts';

/** Matrices [.., n, n], and where they are from. */
export interface Outputs {
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly bytes: Buffer;
  /** Name of the tensor; empty in a .npy file. */
  readonly tensor: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Reads the named tensor, or `residualMapping`, or the only one that can be meant. Throws `bad-file` with the reason: damage, no square matrices, an entry that is not finite and its place. */
export function readOutputs(path: string, wanted: string | undefined): Outputs {
  const bytes = bytesOf(path);
  const { name, tensor } = pick(path, tensorsOf(path, bytes), wanted);
  const { shape, dtype } = tensor;
  const n = shape.at(-1) ?? 0;
  if (!isSquare(tensor)) {
    throw new PlumblineError('bad-file', `'${path}': tensor '${name}' has the shape [${shape.join(', ')}].`, 'Residual mappings are [.., n, n], n from 1 to 16; with depth, [layers, tokens, n, n].');
  }
  const values = valuesOf(tensor);
  if (values.length === 0) throw new PlumblineError('bad-file', `'${path}': tensor '${name}' is empty.`, 'A certificate is about at least one matrix.');
  const bad = values.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    throw new PlumblineError('bad-file', `'${path}': tensor '${name}' has ${values[bad]} at [${indexOf(bad, shape).join(', ')}].`, `Nothing can be claimed about outputs that are not finite; ${values.filter((x) => !Number.isFinite(x)).length} of ${values.length} entries are not (n = ${n}).`);
  }
  return { file: basename(path), bytes, tensor: name, dtype, shape, values };
}

function isSquare({ shape }: Tensor): boolean {
  const n = shape.at(-1) ?? 0;
  return shape.length >= 2 && shape.at(-2) === n && n >= 1 && n <= 16;
}

function pick(path: string, tensors: Readonly<Record<string, Tensor>>, wanted: string | undefined): { name: string; tensor: Tensor } {
  const names = Object.keys(tensors);
  const square = names.filter((name) => isSquare(tensors[name]!));
  const name = wanted ?? (names.includes('residualMapping') ? 'residualMapping' : square.length === 1 ? square[0] : undefined);
  if (name === undefined) {
    throw new PlumblineError('bad-file', `'${path}' has ${square.length} tensors that could be residual mappings.`, `Name one with --tensor: ${(square.length === 0 ? names : square).slice(0, 20).join(', ')}`);
  }
  if (!Object.hasOwn(tensors, name)) throw new PlumblineError('bad-file', `'${path}' has no tensor '${name}'.`, suggest(name, names));
  return { name, tensor: tensors[name]! };
}

function tensorsOf(path: string, bytes: Buffer): Readonly<Record<string, Tensor>> {
  try {
    return extname(path) === '.npy' ? { '': decodeNpy(bytes) } : decodeSafetensors(bytes, true, true).tensors;
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    throw new PlumblineError(error.code, `'${path}': ${error.message}`, undefined, { cause: error });
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, 'Give a .safetensors or .npy file with the outputs of a kernel.', { cause: error });
  }
}

/** Indices of a flat place. */
export function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
