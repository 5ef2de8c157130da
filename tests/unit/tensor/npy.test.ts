import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PlumblineError } from '../../../src/errors.ts';
import { decodeNpy, encodeNpy } from '../../../src/tensor/npy.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';
import { pythonWith } from '../../python.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-npy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What numpy itself writes. */
const written = `
import numpy as np, numpy.lib.format as f, sys
a = (np.arange(24, dtype=np.float64).reshape(2, 3, 4) - 7.5) / 3
for name, kind in {"f64": "<f8", "f32": "<f4", "f16": "<f2"}.items():
    np.save(f"{name}.npy", a.astype(kind))
    np.save(f"{name}-fortran.npy", np.asfortranarray(a.astype(kind)))
np.save("patterns.npy", (a.astype("<f4").view("<u4") >> 16).astype("<u2"))
np.save("void.npy", (a.astype("<f4").view("<u4") >> 16).astype("<u2").view("V2"))
np.save("line.npy", a.reshape(-1)); np.save("number.npy", np.float32(2.5)); np.save("empty.npy", np.zeros((0, 4, 4), "<f4"))
np.save("big.npy", a.astype(">f4")); np.save("integers.npy", np.arange(3)); np.save("objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
np.save("record.npy", np.zeros(2, dtype=[("a", "<f4")]))
for version in (2, 3):
    with open(f"version-{version}.npy", "wb") as file:
        f.write_array(file, a, version=(version, 0))
`;

beforeAll(() => void execFileSync(pythonWith('numpy'), ['-c', written], { cwd: folder }));

const file = (name: string): Buffer => readFileSync(join(folder, `${name}.npy`));
const values = Array.from({ length: 24 }, (_, i) => (i - 7.5) / 3);

describe('reads what numpy writes', () => {
  it.each(['f64', 'f32', 'f16'] as const)('%s, in either order', (dtype) => {
    const expected = tensor(values, [2, 3, 4], dtype);
    expect(decodeNpy(file(dtype))).toEqual(expected);
    expect(decodeNpy(file(`${dtype}-fortran`))).toEqual(expected);
  });

  it.each([2, 3])('version %i', (version) => expect(decodeNpy(file(`version-${version}`))).toEqual(tensor(values, [2, 3, 4], 'f64')));

  it('no, one and zero dimensions', () => {
    expect(decodeNpy(file('number'))).toEqual(tensor([2.5], [], 'f32'));
    expect(decodeNpy(file('line')).shape).toEqual([24]);
    expect(decodeNpy(file('empty')).shape).toEqual([0, 4, 4]);
  });

  it.each(['patterns', 'void'])('bf16 as %s, when it is said to be that', (name) => {
    const read = decodeNpy(file(name), 'bf16');
    expect(read.dtype).toBe('bf16');
    // numpy cut the low bits off: at most one unit of bf16's last place from the value
    expect(Array.from(valuesOf(read)).every((value, i) => Math.abs(value - values[i]!) <= Math.abs(values[i]!) * 2 ** -7)).toBe(true);
    expect(() => decodeNpy(file(name))).toThrow(/say so: dtypes/);
  });
});

it('numpy reads what is written', () => {
  const script = 'import numpy as np, sys, io; a = np.load(io.BytesIO(sys.stdin.buffer.read())); print(a.dtype, a.shape, a.ravel().tolist())';
  const out = execFileSync(pythonWith('numpy'), ['-c', script], { input: encodeNpy(tensor([1.5, -2, 0.25, 4, 5, 6], [1, 2, 3], 'f32')), encoding: 'utf8' });
  expect(out).toBe('float32 (1, 2, 3) [1.5, -2.0, 0.25, 4.0, 5.0, 6.0]\n');
});

describe('refuses what it cannot trust, with the reason', () => {
  it.each([['big', /big-endian/], ['objects', /unpickling them would run/], ['integers', /dtype '<i8'/], ['record', /no plain dtype/]])('%s', (name, reason) => {
    expect(() => decodeNpy(file(name))).toThrow(reason);
  });

  const header = (text: string, rest = new Uint8Array(0)): Uint8Array => Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]), Buffer.from(text), rest]);
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /does not begin/],
    ['text', Buffer.from('this is not an array'), /does not begin/],
    ['version 9', Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 9, 0, 0, 0]), /version 9/],
    ['a header beyond the end', Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255]), /claims 4294967295 bytes/],
    ['code in the header', header("__import__('os').system('true')\n"), /not a Python dict/],
    ['a shape that is code', header("{'descr': '<f4', 'fortran_order': False, 'shape': (print(1),), }\n"), /not what NumPy writes/],
    ['more than the file has', header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 4, 4), }\n"), /takes 64000000000000 bytes, 0 follow/],
    ['a product that overflows', header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296), }\n"), /takes 316912650057057350374175801344 bytes/],
    ['a size beyond the numbers', header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 0), }\n"), /Not a whole/],
  ])('%s', (_, bytes, reason) => expect(() => decodeNpy(bytes)).toThrow(reason));

  it('every cut and every changed byte is read or refused, never worse', () => {
    const bytes = file('f32');
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
      const damaged = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
      if (!cut) damaged[at] = value;
      let read: Tensor | undefined;
      try {
        read = decodeNpy(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(PlumblineError);
        return;
      }
      expect(read.data.byteLength).toBeLessThanOrEqual(damaged.length);
      expect(read.shape.reduce((product, size) => product * size, 1)).toBe(read.data.length);
    }), { numRuns: 2000, seed: 1 });
  });
});
