/**
 * NumPy's .npy: a magic, a version, a header that is a Python literal, then the raw data. Format: numpy.lib.format.
 *
 * `decodeNpy` reads bytes that anybody may have written, and evaluates nothing: the header is matched against the one form that NumPy writes, arrays of
 * Python objects (pickles) are refused, and no more memory is taken than the file has. What is decoded may lie in the memory of the file. This module does no I/O.
 */
import { PlumblineError } from '../errors.ts';
import { bytesPerElement, type Dtype, type TensorData } from './dtype.ts';
import type { Tensor } from './tensor.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** A plain array's header has 128 bytes; the length is NumPy's own limit for headers that it evaluates. */
const largestHeader = 10_000;
const dtypeOf: Readonly<Record<string, Dtype>> = { '<f8': 'f64', '<f4': 'f32', '<f2': 'f16' };
/** NumPy has no bf16: ml_dtypes.bfloat16 is saved as two bytes without a meaning, others save the patterns. */
const sixteenBits = ['<u2', '|V2', '<V2'];
const tuple = String.raw`\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?)?)\s*,?\s*\)`;
const header = {
  descr: /'descr'\s*:\s*'([^']*)'/,
  order: /'fortran_order'\s*:\s*(True|False)/,
  shape: new RegExp(`'shape'\\s*:\\s*${tuple}`),
};

/** Decodes a file. `expected` says what two bytes without a meaning are: only bf16. Throws `bad-file` with the reason for anything that is not a whole array of f64, f32, f16 or bf16. */
export function decodeNpy(bytes: Uint8Array, expected?: Dtype): Tensor {
  const { text, data } = split(bytes);
  const found = header.descr.exec(text)?.[1];
  if (found === undefined) throw damaged(`its header has no plain dtype: ${text.slice(0, 120)}`);
  const dtype = readDtype(found, expected);
  const order = header.order.exec(text)?.[1];
  const dims = header.shape.exec(text)?.[1];
  if (order === undefined || dims === undefined) throw damaged(`its header is not what NumPy writes: ${text.slice(0, 120)}`);
  const shape = dims.split(',').map((part) => part.trim().replace(/L$/, '')).filter((part) => part !== '').map(Number);
  // multiply in bigint: a product that overflows must not round into range
  const needed = shape.reduce((product, size) => product * BigInt(size), BigInt(bytesPerElement[dtype]));
  if (shape.some((size) => !Number.isSafeInteger(size)) || needed !== BigInt(data.length)) {
    throw damaged(`an array of ${dtype} [${shape.join(', ')}] takes ${needed} bytes, ${data.length} follow its header`);
  }
  const stored = littleEndian(data, dtype);
  return { dtype, shape, data: order === 'True' ? rowMajor(stored, shape) : stored };
}

function split(bytes: Uint8Array): { text: string; data: Uint8Array } {
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) throw damaged('it does not begin like one');
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw damaged(`it has version ${version}.${bytes[7]}; versions 1 to 3 exist`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw damaged('it ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > bytes.length - start) throw damaged(`its header claims ${length} bytes but only ${bytes.length - start} follow`);
  if (length > largestHeader) throw damaged(`its header claims ${length} bytes, a plain array's has fewer than ${largestHeader}`);
  const text = new TextDecoder().decode(bytes.subarray(start, start + length)).trim();
  if (!/^\{.*\}$/s.test(text)) throw damaged(`its header is not a Python dict: ${text.slice(0, 120)}`);
  return { text, data: bytes.subarray(start + length) };
}

function readDtype(found: string, expected: Dtype | undefined): Dtype {
  const known = dtypeOf[found];
  if (known !== undefined) return known;
  if (sixteenBits.includes(found) && expected === 'bf16') return 'bf16';
  const remedy = sixteenBits.includes(found) ? "If these are the patterns of bf16, say so: dtypes: { port: 'bf16' }."
    : found.startsWith('>') ? "It is big-endian; save array.astype(array.dtype.newbyteorder('<'))."
      : found.includes('O') ? 'It holds Python objects, and unpickling them would run whatever is in the file; save numbers.'
        : 'Save it as float64, float32 or float16, or as safetensors.';
  throw new PlumblineError('bad-file', `The array has the dtype '${found}', which plumbline does not read.`, remedy);
}

/** The elements, in the memory of the file where alignment lets them. */
function littleEndian(data: Uint8Array, dtype: Dtype): TensorData {
  const size = bytesPerElement[dtype];
  const own = hostIsBigEndian || data.byteOffset % size !== 0 ? new Uint8Array(data) : data;
  if (hostIsBigEndian) for (let i = 0; i < own.length; i += size) own.subarray(i, i + size).reverse();
  const { buffer, byteOffset } = own;
  const length = data.length / size;
  if (dtype === 'f64') return new Float64Array(buffer, byteOffset, length);
  return dtype === 'f32' ? new Float32Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
}

const hostIsBigEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 0;

/** Fortran's order, in which the first index runs fastest, to C's. */
function rowMajor(data: TensorData, shape: readonly number[]): TensorData {
  const result = data.slice();
  const index = shape.map(() => 0);
  for (const value of data) {
    let place = 0;
    for (let k = 0; k < shape.length; k++) place = place * shape[k]! + index[k]!;
    result[place] = value;
    for (let k = 0; k < shape.length; k++) {
      if ((index[k] = index[k]! + 1) < shape[k]!) break;
      index[k] = 0;
    }
  }
  return result;
}

/** A tensor as a file of version 1.0; bf16, which NumPy does not have, as its patterns in uint16. */
export function encodeNpy({ dtype, shape, data }: Tensor): Uint8Array {
  const descr = { f64: '<f8', f32: '<f4', f16: '<f2', bf16: '<u2' }[dtype];
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64; // the data lies on a multiple of 64 bytes, as NumPy writes it
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([...magic, 1, 0], 0);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  bytes.set(raw, start);
  if (hostIsBigEndian) for (let i = start; i < bytes.length; i += data.BYTES_PER_ELEMENT) bytes.subarray(i, i + data.BYTES_PER_ELEMENT).reverse();
  return bytes;
}

function damaged(reason: string): PlumblineError {
  return new PlumblineError('bad-file', `Not a whole .npy file: ${reason}.`, 'Save it again with numpy.save, or check that it was copied completely.');
}
