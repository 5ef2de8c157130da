/**
 * The safetensors container: 8 bytes of header length, a JSON header, then the raw little-endian data. It is the one tensor format
 * of plumbline because Python opens it with the standard loader and because it knows bf16. Format: huggingface/safetensors, README.
 *
 * `decodeSafetensors` reads bytes that anybody may have written: every way to be damaged is a `bad-file` with its reason, never a crash.
 * This module does no I/O.
 */
import { z } from 'zod';

import { PlumblineError } from '../errors.ts';
import { bytesPerElement, type Dtype, type TensorData } from './dtype.ts';
import type { Tensor } from './tensor.ts';

/** Tensors by name, and the free text that the file carries beside them. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit on the header. */
const largestHeader = 100_000_000;
const metadataKey = '__metadata__';
const nameOf: Record<Dtype, string> = { f64: 'F64', f32: 'F32', f16: 'F16', bf16: 'BF16' };
const dtypeOf = new Map(Object.entries(nameOf).map(([dtype, name]) => [name, dtype as Dtype]));
const forbiddenNames = ['__proto__', 'constructor', 'prototype'];

const count = z.int().min(0);
const entrySchema = z.strictObject({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
type Entry = z.infer<typeof entrySchema>;

/** Encodes tensors in the order of their names. The data starts on a multiple of 8 bytes, as the format asks. Throws `bad-tensor`. */
export function encodeSafetensors(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** The file as consecutive parts: the header, then the data of each tensor, which is not copied on little-endian machines. Throws `bad-tensor`. */
export function safetensorsParts(tensors: Readonly<Record<string, Tensor>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array[] {
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { [metadataKey]: metadata };
  // wide types first, so that every tensor lies on a multiple of its element size
  const names = Object.keys(tensors).sort((a, b) => bytesPerElement[tensors[b]!.dtype] - bytesPerElement[tensors[a]!.dtype] || (a < b ? -1 : 1));
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    if (name === metadataKey || forbiddenNames.includes(name)) throw new PlumblineError('bad-tensor', `A tensor cannot be called '${name}'.`);
    if (shape.reduce((product, size) => product * size, 1) !== data.length) {
      throw new PlumblineError('bad-tensor', `Tensor '${name}': ${data.length} elements do not fill the shape [${shape.join(', ')}].`);
    }
    const end = offset + data.length * bytesPerElement[dtype];
    header[name] = { dtype: nameOf[dtype], shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const start = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true);
  start.set(text, 8);
  return [start, ...names.map((name) => littleEndian(tensors[name]!.data))];
}

/**
 * Decodes a file. Throws `bad-file` with the reason for anything that is not a whole safetensors file of f64, f32, f16 and bf16. With `share` the tensors lie in the memory
 * of `bytes`, where alignment lets them, and belong together with it. With `skip` tensors of other dtypes are left out.
 */
export function decodeSafetensors(bytes: Uint8Array, share = false, skip = false): Safetensors {
  const { header, data } = split(bytes);
  const tensors: Record<string, Tensor> = {};
  let metadata: Record<string, string> = {};
  const spans: { name: string; from: number; to: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (forbiddenNames.includes(name)) throw damaged(`a tensor is called '${name}'`);
    if (name === metadataKey) {
      metadata = readMetadata(value);
      continue;
    }
    const { dtype, from, to, shape } = readEntry(name, value, data.length, skip);
    spans.push({ name, from, to });
    if (dtype === undefined) continue;
    const part = data.subarray(from, to);
    const inPlace = share && hostIsLittleEndian && part.byteOffset % bytesPerElement[dtype] === 0;
    tensors[name] = { dtype, shape, data: inPlace ? viewOf(part, dtype) : fromLittleEndian(new Uint8Array(part), dtype) };
  }
  requireContiguous(spans, data.length);
  return { tensors, metadata };
}

function split(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  const length = headerLength(bytes, bytes.length);
  return { header: parseHeader(bytes.subarray(8, 8 + length)), data: bytes.subarray(8 + length) };
}

/** The length of the JSON header that the first 8 bytes of a file of `size` bytes announce. Throws `bad-file` when it cannot be true. */
export function headerLength(start: Uint8Array, size: number): number {
  if (size < 8 || start.length < 8) throw damaged(`it has ${size} bytes, fewer than the 8 of the header's length`);
  const announced = new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true);
  if (announced > BigInt(largestHeader)) throw damaged(`its header claims ${announced} bytes, more than the format's limit of ${largestHeader}`);
  if (announced > BigInt(size - 8)) throw damaged(`its header claims ${announced} bytes but only ${size - 8} follow`);
  return Number(announced);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw damaged('its header is not JSON', error);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw damaged('its header is not a JSON object');
  const repeated = writtenNames(text) - namesIn(header);
  if (repeated > 0) throw damaged(`${repeated} names stand in its header twice`);
  return header as Record<string, unknown>;
}

/** Names in the text of valid JSON. `JSON.parse` keeps one of those that are repeated and does not tell. */
function writtenNames(text: string): number {
  let names = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ':') names++;
    if (text[i] !== '"') continue;
    for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
  }
  return names;
}

/** Names in parsed JSON; not recursive, since anybody can nest a million brackets. */
function namesIn(json: object): number {
  const open: object[] = [json];
  let names = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (!Array.isArray(value)) names += Object.keys(value).length;
    for (const inner of Object.values(value) as unknown[]) if (typeof inner === 'object' && inner !== null) open.push(inner);
  }
  return names;
}

/** Where a tensor lies in the data of a file. */
export interface TensorPlace {
  /** Undefined for a dtype that plumbline does not read. */
  readonly dtype: Dtype | undefined;
  readonly dtypeName: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Where the tensors of a file lie, from its JSON header and the number of bytes that follow it. Throws `bad-file`; tensors of other dtypes are listed. */
export function tensorPlaces(header: Uint8Array, dataBytes: number): Map<string, TensorPlace> {
  const places = new Map<string, TensorPlace>();
  for (const [name, value] of Object.entries(parseHeader(header))) {
    if (forbiddenNames.includes(name)) throw damaged(`a tensor is called '${name}'`);
    if (name !== metadataKey) places.set(name, readEntry(name, value, dataBytes, true));
  }
  requireContiguous([...places].map(([name, { from, to }]) => ({ name, from, to })), dataBytes);
  return places;
}

/** Data of a file as the numbers of a dtype; copies. */
export function tensorData(bytes: Uint8Array, dtype: Dtype): TensorData {
  return fromLittleEndian(new Uint8Array(bytes), dtype);
}

function readMetadata(value: unknown): Record<string, string> {
  const metadata = z.record(z.string(), z.string()).safeParse(value);
  if (!metadata.success) throw damaged('its metadata is not a map from text to text');
  if (forbiddenNames.some((name) => Object.hasOwn(metadata.data, name))) throw damaged('its metadata uses a reserved name');
  return metadata.data;
}

function readEntry(name: string, value: unknown, available: number, skip: boolean): TensorPlace {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) throw damaged(`the entry of tensor '${name}' is not valid: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const entry: Entry = parsed.data;
  const dtype = dtypeOf.get(entry.dtype);
  if (dtype === undefined && !skip) {
    throw new PlumblineError('bad-file', `Tensor '${name}' has the dtype '${entry.dtype}', which plumbline does not read.`, `Convert it to one of ${[...dtypeOf.keys()].join(', ')}.`);
  }
  // multiply in bigint: a product that overflows must not wrap or round into range
  const elements = entry.shape.reduce((product, size) => product * BigInt(size), 1n);
  const [from, to] = entry.data_offsets;
  if (to < from || to > available) throw damaged(`tensor '${name}' lies at bytes ${from}…${to}, outside the ${available} bytes of data`);
  if (dtype !== undefined && elements * BigInt(bytesPerElement[dtype]) !== BigInt(to - from)) {
    throw damaged(`tensor '${name}' of ${entry.dtype} [${entry.shape.join(', ')}] does not fit its ${to - from} bytes`);
  }
  return { dtype, dtypeName: entry.dtype, shape: entry.shape, from, to };
}

function requireContiguous(spans: { name: string; from: number; to: number }[], end: number): void {
  spans.sort((a, b) => a.from - b.from || a.to - b.to);
  let expected = 0;
  for (const { name, from, to } of spans) {
    if (from !== expected) throw damaged(`tensor '${name}' starts at byte ${from} where ${expected} was due: tensors overlap or leave a hole`);
    expected = to;
  }
  if (expected !== end) throw damaged(`${end - expected} bytes after the last tensor belong to none`);
}

function damaged(reason: string, cause?: unknown): PlumblineError {
  return new PlumblineError('bad-file', `Not a whole safetensors file: ${reason}.`, 'Write it again, or check that it was copied completely.', { cause });
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function littleEndian(data: TensorData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return hostIsLittleEndian ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT);
}

/** `copy` has a buffer of its own: a view into a larger one would be unaligned, and a `Buffer` shares its memory. */
function fromLittleEndian(copy: Uint8Array, dtype: Dtype): TensorData {
  return viewOf(hostIsLittleEndian ? copy : swapped(copy, bytesPerElement[dtype]), dtype);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array, dtype: Dtype): TensorData {
  const length = byteLength / bytesPerElement[dtype];
  if (dtype === 'f64') return new Float64Array(buffer, byteOffset, length);
  return dtype === 'f32' ? new Float32Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length);
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(bytes);
  for (let i = 0; i < result.length; i += size) result.subarray(i, i + size).reverse();
  return result;
}
