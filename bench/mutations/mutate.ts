/**
 * Damage to files, drawn from a seed: what a disk, a broken writer or somebody with intent may do to a safetensors file, to the index of a checkpoint, and to a certificate. Some damage keeps
 * the file valid on purpose: then its new values must be read.
 */
import type { Random } from '../../src/index.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Header = Record<string, { dtype: Json; shape: Json; data_offsets: Json } & Record<string, Json>>;

const pick = <T>(random: Random, from: readonly T[]): T => from[random.integer(0, from.length - 1)]!;

/** Values that no field expects, and some that it might. */
const odd: readonly Json[] = [
  null, true, '', 'x', [], {}, 0, -0, -1, 0.5, 1, 4, 2 ** 31, 2 ** 32 + 1, 2 ** 53 - 1, 2 ** 53, 1e308, -1e308, 'NaN', '0x1p+0', [0], [0, 4], [4, 0], [-4, 4], [0, 2 ** 52],
  [2 ** 52, 2 ** 53], [1e9, 1e9, 1e9], [2 ** 32, 2 ** 32], [[[[]]]], { a: { b: [] } }, 'é\ud800', '\u0000', 'F8_E4M3', 'I64', 'BOOL', 'f32', 'F32', 'BF16', '__proto__',
];
const names = ['__proto__', 'constructor', 'prototype', '__metadata__', 'toString', '', 'é\ud800', 'layers.0.hc_attn_fn', 'layers.9.hc_attn_fn', 'residualMapping', 'x'.repeat(3000)];

/** A file as header and data. */
interface Parts {
  readonly header: Header;
  readonly data: Buffer;
}

function partsOf(file: Buffer): Parts {
  const length = Number(file.readBigUInt64LE(0));
  return { header: JSON.parse(file.toString('utf8', 8, 8 + length)) as Header, data: Buffer.from(file.subarray(8 + length)) };
}

function fileOf(header: string | Buffer, data: Buffer, announced?: bigint): Buffer {
  const text = Buffer.from(header as string);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(announced ?? BigInt(text.length));
  return Buffer.concat([start, text, data]);
}

type Mutation = (file: Buffer, random: Random) => Buffer;

/** A change of the header's fields; the text is written anew. */
const structured = (change: (parts: Parts, random: Random) => void): Mutation => (file, random) => {
  const parts = partsOf(file);
  change(parts, random);
  return fileOf(JSON.stringify(parts.header), parts.data);
};
const someTensor = ({ header }: Parts, random: Random): string => pick(random, Object.keys(header));
const offsetsOf = (parts: Parts, name: string): [number, number] => [...(parts.header[name]!.data_offsets as [number, number])];

/** Damage by kind; each kind is drawn as often as another. */
export const fileMutations: Readonly<Record<string, Mutation>> = {
  'bytes of the header': (file, random) => flipped(file, random, 0, 8 + Number(file.readBigUInt64LE(0))),
  'bytes of the data': (file, random) => flipped(file, random, 8 + Number(file.readBigUInt64LE(0)), file.length),
  'bytes anywhere': (file, random) => flipped(file, random, 0, file.length),
  'cut off': (file, random) => file.subarray(0, random.integer(0, file.length - 1)),
  'more bytes': (file, random) => Buffer.concat([file, Buffer.alloc(random.integer(1, 64), random.integer(0, 255))]),
  'a part is missing': (file, random) => {
    const from = random.integer(0, file.length - 1);
    return Buffer.concat([file.subarray(0, from), file.subarray(Math.min(file.length, from + random.integer(1, 200)))]);
  },
  'a part is there twice': (file, random) => {
    const from = random.integer(0, file.length - 1);
    return Buffer.concat([file.subarray(0, from), file.subarray(Math.max(0, from - random.integer(1, 200)))]);
  },
  'length of the header': (file, random) => {
    const { header, data } = partsOf(file);
    const text = JSON.stringify(header);
    const near = BigInt(text.length + random.integer(-9, 9));
    return fileOf(text, data, pick(random, [2n ** 31n, 2n ** 31n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 100_000_000n, 100_000_001n, 0n, 1n, near, near, near, BigInt(file.length)]));
  },
  'overlapping offsets': structured((parts, random) => {
    const [one, other] = [someTensor(parts, random), someTensor(parts, random)];
    const [from, to] = offsetsOf(parts, one);
    parts.header[other]!.data_offsets = pick(random, [[from, to], [Math.max(0, from - 4), to], [from, to + 4], [from + 4, to + 4]]);
  }),
  'overlong offsets': structured((parts, random) => {
    const name = someTensor(parts, random);
    const [from, to] = offsetsOf(parts, name);
    parts.header[name]!.data_offsets = pick(random, [[from, parts.data.length + random.integer(1, 1e9)], [from, 2 ** 53 - 1], [2 ** 52, 2 ** 53 - 1], [to, from], [from, 1e300], [-4, to]]);
  }),
  'shapes that overflow': structured((parts, random) => {
    const name = someTensor(parts, random);
    parts.header[name]!.shape = pick<Json>(random, [[2 ** 32, 2 ** 32], [2 ** 31, 2, 2 ** 31], Array.from({ length: 3000 }, () => 2), [2 ** 53 - 1], [2 ** 53], [0], [], [0, 2 ** 53 - 1], [-1, -1], [1.5], [1e308, 10]]);
  }),
  'another shape': structured((parts, random) => {
    const shape = parts.header[someTensor(parts, random)]!.shape as number[];
    if (random.integer(0, 1) === 0) shape.reverse();
    else shape.push(1);
  }),
  'unknown dtypes': structured((parts, random) => {
    parts.header[someTensor(parts, random)]!.dtype = pick<Json>(random, ['F8_E4M3', 'F8_E5M2', 'I64', 'I8', 'U8', 'BOOL', 'C64', '', 'f32', 'constructor', '__proto__', 7, null]);
  }),
  'another dtype': structured((parts, random) => {
    const entry = parts.header[someTensor(parts, random)]!;
    const shape = entry.shape as number[];
    // F32 read as twice as many of 16 bits is a valid file
    if (shape.length > 0 && random.integer(0, 1) === 0) shape[shape.length - 1]! *= 2;
    entry.dtype = pick<Json>(random, ['F16', 'BF16', 'F64', 'F32']);
  }),
  'a field of an entry': structured((parts, random) => {
    const entry = parts.header[someTensor(parts, random)]!;
    entry[pick(random, ['dtype', 'shape', 'data_offsets', 'strides', '__proto__'])] = pick(random, odd);
  }),
  'an entry': structured((parts, random) => {
    parts.header[random.integer(0, 1) === 0 ? someTensor(parts, random) : pick(random, names)] = pick(random, odd) as never;
  }),
  'a name': structured((parts, random) => {
    const name = someTensor(parts, random);
    const entry = parts.header[name]!;
    delete parts.header[name];
    Object.defineProperty(parts.header, pick(random, names), { value: entry, enumerable: true });
  }),
  'a tensor is missing': structured((parts, random) => {
    delete parts.header[someTensor(parts, random)];
  }),
  'tensors are missing with their data': (file, random) => {
    const { header, data } = partsOf(file);
    const kept = Object.entries(header).filter(() => random.integer(0, 3) > 0);
    let offset = 0;
    const moved = kept.map(([name, entry]) => {
      const [from, to] = entry.data_offsets as [number, number];
      const part = data.subarray(from, to);
      const place = [offset, (offset += part.length)];
      return [[name, { ...entry, data_offsets: place }], part] as const;
    });
    return fileOf(JSON.stringify(Object.fromEntries(moved.map(([entry]) => entry))), Buffer.concat(moved.map(([, part]) => part)));
  },
  'tensors change places': structured((parts, random) => {
    const [one, other] = [someTensor(parts, random), someTensor(parts, random)];
    const entry = parts.header[one]!;
    parts.header[one] = parts.header[other]!;
    parts.header[other] = entry;
  }),
  'a name twice': (file, random) => {
    const { header, data } = partsOf(file);
    const name = pick(random, Object.keys(header));
    const again = `${pick(random, [JSON.stringify(name), `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`])}:${JSON.stringify(header[name])}`;
    return fileOf(JSON.stringify(header).replace('{', `{${again},`), data);
  },
  'metadata': structured((parts, random) => {
    parts.header['__metadata__'] = pick<Json>(random, [{ format: 'pt' }, { a: '' }, { a: 1 }, [], null, 'text', { a: { b: '' } }, { constructor: 'x' }]) as never;
  }),
  'another header': (file, random) => fileOf(pick<string | Buffer>(random, [
    '[]', 'null', '{}', '"x"', '1', '', '{"a":', '['.repeat(3000) + ']'.repeat(3000), `{"a":${'['.repeat(3000)}${']'.repeat(3000)}}`, '\ufeff{}', Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), '{"a":{}}', ' '.repeat(100),
  ]), partsOf(file).data),
  'not finite': (file, random) => {
    const { header, data } = partsOf(file);
    const [from, to] = header[someTensor({ header, data }, random)]!.data_offsets as [number, number];
    const value = pick(random, [NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 1e-45, -0, 1e20]);
    if (to - from >= 4) data.writeFloatLE(value, from + 4 * random.integer(0, Math.floor((to - from) / 4) - 1));
    return fileOf(JSON.stringify(header), data);
  },
  'nothing of it': (_, random) => Buffer.from(Array.from({ length: random.integer(0, 200) }, () => random.integer(0, 255))),
};

function flipped(file: Buffer, random: Random, from: number, to: number): Buffer {
  const copy = Buffer.from(file);
  if (to <= from) return copy;
  for (let flips = 1 + random.integer(0, 4); flips > 0; flips--) {
    const at = random.integer(from, to - 1);
    copy[at] = random.integer(0, 2) === 0 ? random.integer(0, 255) : copy[at]! ^ (1 << random.integer(0, 7));
  }
  return copy;
}

/** A text of JSON, damaged as text. */
export function mutateText(text: string, random: Random): string {
  const at = random.integer(0, text.length - 1);
  switch (random.integer(0, 5)) {
    case 0: return text.slice(0, at);
    case 1: return text.slice(0, at) + String.fromCharCode(random.integer(0, 0x24f)) + text.slice(at + random.integer(0, 1));
    case 2: return text.slice(0, at) + text.slice(at + random.integer(1, 100));
    case 3: return text.slice(0, at) + text.slice(Math.max(0, at - random.integer(1, 100)));
    case 4: return text.replaceAll(pick(random, ['0', '1', '"', ',', ':', 'e', '<=', 'up', '}']), pick(random, ['0', '1', '"', '', ':', 'E', '>=', 'down', ']', '\\u0030']));
    default: return text.replace(/"([a-zA-Z]+)":/, (whole, name: string) => `${whole}${pick(random, ['1', 'null', '[]', `"${name}"`])},${whole}`);
  }
}

/** One value of a JSON, drawn among all of them, replaced by an odd one, removed, or given a neighbour. */
export function mutateJson(value: unknown, random: Random): unknown {
  const copy = structuredClone(value) as Json;
  const places: { within: Json[] | { [key: string]: Json }; key: string }[] = [];
  const walk = (one: Json): void => {
    if (typeof one !== 'object' || one === null) return;
    for (const [key, inner] of Object.entries(one)) {
      places.push({ within: one, key });
      walk(inner);
    }
  };
  walk(copy);
  const { within, key } = pick(random, places);
  const object = within as { [key: string]: Json };
  const old = object[key]!;
  switch (random.integer(0, 3)) {
    case 0:
      if (Array.isArray(within)) within.splice(Number(key), 1);
      else delete object[key];
      break;
    case 1:
      Object.defineProperty(object, Array.isArray(within) ? String(within.length) : pick(random, names), { value: pick(random, odd), enumerable: true, configurable: true, writable: true });
      break;
    case 2:
      object[key] = typeof old === 'number' ? pick(random, [old + 1, -old, old * (1 - 2 ** -52), old / 2, 1e308]) : typeof old === 'string' ? mutateText(`${old} `, random) : old;
      break;
    default:
      object[key] = pick(random, odd);
  }
  return copy;
}
