import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PlumblineError } from '../../../src/errors.ts';
import { dtypes } from '../../../src/tensor/dtype.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { firstBitDifference, tensor } from '../../../src/tensor/tensor.ts';

/** A file with any header and any data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function withLength(length: bigint, total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

function entry(dtype: string, shape: unknown, from: unknown, to: unknown): unknown {
  return { a: { dtype, shape, data_offsets: [from, to] } };
}

describe('round trip', () => {
  it('keeps every bit, NaN payloads aside, of every dtype and shape', () => {
    const anyTensor = fc
      .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }))
      .chain(([dtype, shape]) => {
        const length = shape.reduce((product, size) => product * size, 1);
        return fc.array(fc.double({ noNaN: true }), { minLength: length, maxLength: length }).map((values) => tensor(values, shape, dtype));
      });
    const names = fc.string().filter((name) => !['__proto__', 'constructor', 'prototype', '__metadata__'].includes(name));
    fc.assert(
      fc.property(fc.dictionary(names, anyTensor, { noNullPrototype: true, maxKeys: 5 }), fc.dictionary(names, fc.string(), { noNullPrototype: true, maxKeys: 3 }), (tensors, metadata) => {
        const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata));
        expect(decoded.metadata).toEqual(metadata);
        expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
          const back = decoded.tensors[name]!;
          expect([back.dtype, back.shape]).toEqual([dtype, shape]);
          expect(firstBitDifference(back.data, data)).toBe(-1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has the layout that the format asks for', () => {
    const bytes = encodeSafetensors({ half: tensor([1], [1], 'bf16'), double: tensor([1, 2], [2], 'f64') }, { made: 'here' });
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + headerLength));
    expect(headerLength % 8).toBe(0);
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"made":"here"},"double":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"half":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]}}',
    );
    expect([...bytes.subarray(8 + headerLength + 16)]).toEqual([0x80, 0x3f]);
  });

  it('reads from a Buffer that is a view into a larger one, and copies', () => {
    const bytes = encodeSafetensors({ a: tensor([1, 2, 3], [3], 'f32') });
    const pool = Buffer.alloc(bytes.length + 3);
    pool.set(bytes, 3);
    const decoded = decodeSafetensors(pool.subarray(3));
    pool.fill(0);
    expect([...decoded.tensors['a']!.data]).toEqual([1, 2, 3]);
  });

  it('refuses to write what it could not read', () => {
    expect(() => encodeSafetensors({ __metadata__: tensor([1], [1]) })).toThrow(PlumblineError);
    expect(() => encodeSafetensors({ constructor: tensor([1], [1]) })).toThrow(PlumblineError);
    expect(() => encodeSafetensors({ a: { dtype: 'f32', shape: [3], data: new Float32Array(2) } })).toThrow('do not fill');
  });
});

describe('damaged files', () => {
  const whole = encodeSafetensors({ a: tensor([1, 2], [2], 'f32'), b: tensor([3], [1], 'f16') });
  const cases: Record<string, [Uint8Array, string]> = {
    'an empty file': [new Uint8Array(0), '0 bytes'],
    'seven bytes': [new Uint8Array(7), '7 bytes'],
    'a header beyond the end': [withLength(9n, 16), 'only 8 follow'],
    'a header beyond the limit': [withLength(100_000_001n, 16), "the format's limit"],
    'a header length of 2^64 − 1': [withLength(2n ** 64n - 1n, 16), "the format's limit"],
    'no header': [withLength(0n, 8), 'not JSON'],
    'a header that is not UTF-8': [Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe), 'not JSON'],
    'a header that is not JSON': [file('{"a": '), 'not JSON'],
    'a header that is a list': [file([]), 'not a JSON object'],
    'a header that is null': [file('null'), 'not a JSON object'],
    'a header that is a number': [file('7'), 'not a JSON object'],
    'an entry that is null': [file({ a: null }), "tensor 'a' is not valid"],
    'an entry without dtype': [file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'dtype'],
    'an entry without offsets': [file({ a: { dtype: 'F32', shape: [1] } }, 4), 'data_offsets'],
    'an entry with a foreign field': [file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4], more: 1 } }, 4), 'more'],
    'three offsets': [file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 8), 'data_offsets'],
    'an unknown dtype': [file(entry('I64', [1], 0, 8), 8), "dtype 'I64'"],
    'a dtype named like an object member': [file(entry('toString', [1], 0, 8), 8), "dtype 'toString'"],
    'a negative size': [file(entry('F32', [-1], 0, 4), 4), 'shape'],
    'a fractional size': [file(entry('F32', [1.5], 0, 6), 6), 'shape'],
    'a size beyond 2^53': [file('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4), 'shape'],
    'a shape that is text': [file(entry('F32', '1', 0, 4), 4), 'shape'],
    'a product that overflows': [file(entry('F32', [2 ** 32, 2 ** 32, 4], 0, 4), 4), 'does not fit'],
    'a shape too large for the bytes': [file(entry('F32', [2], 0, 4), 4), 'does not fit'],
    'a shape too small for the bytes': [file(entry('F32', [1], 0, 8), 8), 'does not fit'],
    'offsets beyond the end': [file(entry('F32', [2], 0, 8), 4), 'outside'],
    'offsets that run backwards': [file(entry('F32', [1], 4, 0), 4), 'outside'],
    'negative offsets': [file(entry('F32', [1], -4, 0), 4), 'data_offsets'],
    'a hole before the first tensor': [file(entry('F32', [1], 4, 8), 8), 'leave a hole'],
    'bytes after the last tensor': [file(entry('F32', [1], 0, 4), 8), 'belong to none'],
    'overlapping tensors': [file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8), 'overlap'],
    'data without a tensor': [file({}, 4), 'belong to none'],
    'a polluting name': [file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), "called '__proto__'"],
    'another polluting name': [file('{"constructor":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), "called 'constructor'"],
    'metadata that is a list': [file({ __metadata__: ['a'] }), 'metadata'],
    'metadata with a number': [file({ __metadata__: { a: 1 } }), 'metadata'],
    'a file cut in its data': [whole.subarray(0, whole.length - 1), 'outside'],
    'a file cut in its header': [whole.subarray(0, 40), 'follow'],
  };

  it.each(Object.entries(cases))('%s', (_, [bytes, reason]) => {
    const decode = (): unknown => decodeSafetensors(bytes);
    expect(decode).toThrow(PlumblineError);
    expect(decode).toThrow(expect.objectContaining({ code: 'bad-file' }));
    expect(decode).toThrow(reason);
    expect(({} as Record<string, unknown>)['dtype']).toBeUndefined();
  });

  const decodesOrRefuses = (bytes: Uint8Array): void => {
    try {
      decodeSafetensors(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(PlumblineError);
      expect((error as PlumblineError).code).toBe('bad-file');
    }
  };

  it('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), decodesOrRefuses), { numRuns: 500 });
  });

  it('any JSON as header', () => {
    fc.assert(fc.property(fc.json(), fc.nat({ max: 16 }), (json, data) => decodesOrRefuses(file(json, data))), { numRuns: 500 });
  });

  it('any byte of a whole file changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => decodesOrRefuses(whole.with(at, byte))),
      { numRuns: 1000 },
    );
  });
});
