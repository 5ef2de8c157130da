/** A folder of tensors that somebody wrote: what is wrong with it is said with the case, the file and the reason. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readDump } from '../../../src/targets/dump/dump.ts';
import { encodeNpy } from '../../../src/tensor/npy.ts';
import { encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { tensor, type Tensor } from '../../../src/tensor/tensor.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-dump-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const zeros = (shape: readonly number[]): Tensor => tensor(new Float64Array(shape.reduce((product, size) => product * size, 1)), shape);

/** The folder with a manifest of these cases and these files. */
function given(cases: readonly object[] | string, files: Readonly<Record<string, Uint8Array>> = {}): string {
  writeFileSync(join(folder, 'plumbline.json'), typeof cases === 'string' ? cases : JSON.stringify({ version: 1, cases }));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

const sinkhorn = { operation: 'sinkhorn', dialect: 'tilekernels', arithmetic: 'ieee-f32', files: 'a.safetensors' };
const whole = { 'a.safetensors': encodeSafetensors({ logits: zeros([5, 4, 4]), residualMapping: zeros([5, 4, 4]) }) };

describe('readDump', () => {
  it('takes sizes and dtypes from the files', () => {
    const [recording] = readDump(given([sinkhorn], whole));
    expect(recording?.cases[0]?.sizes).toEqual({ tokens: 5, streams: 4, channels: 1, depth: 1 });
    expect(recording?.kernels['sinkhorn']?.dtypes).toEqual({ logits: 'f32', residualMapping: 'f32' });
  });

  it('counts every dimension before a token as tokens, from files of both kinds under any name', () => {
    const files = { 'in.npy': encodeNpy(zeros([2, 3, 7, 4, 4])), 'out.safetensors': encodeSafetensors({ 'model.h_res': zeros([42, 4, 4]) }) };
    const [recording] = readDump(given([{ ...sinkhorn, files: { logits: 'in.npy', residualMapping: { file: 'out.safetensors', tensor: 'model.h_res' } } }], files));
    expect(recording?.cases[0]?.sizes.tokens).toBe(42);
  });

  it('leaves tensors that nobody asked for alone, whatever their dtype', () => {
    const text = JSON.stringify({ logits: { dtype: 'F32', shape: [1, 1, 1], data_offsets: [0, 4] }, residualMapping: { dtype: 'F32', shape: [1, 1, 1], data_offsets: [4, 8] }, step: { dtype: 'I64', shape: [1], data_offsets: [8, 16] } });
    const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(padded.length));
    expect(readDump(given([sinkhorn], { 'a.safetensors': Buffer.concat([length, Buffer.from(padded), Buffer.alloc(16)]) }))[0]?.cases).toHaveLength(1);
  });

  it('makes a recording for each declaration of an operation', () => {
    const recordings = readDump(given([sinkhorn, { ...sinkhorn, dialect: 'paper' }, sinkhorn], whole));
    expect(recordings.map(({ cases }) => cases.length)).toEqual([2, 1]);
    expect(recordings[1]?.name).toBe(`${recordings[0]?.name}-2`);
  });
});

describe('says what is wrong', () => {
  const both = { logits: 'a.safetensors', residualMapping: 'b.npy' };
  it.each<[string, readonly object[] | string, Readonly<Record<string, Uint8Array>>, RegExp]>([
    ['no JSON', 'cases:', {}, /plumbline\.json' is not JSON/],
    ['another version', '{"version": 2, "cases": []}', {}, /version/],
    ['no cases', [], {}, /cases/],
    ['a field that does not exist', [{ ...sinkhorn, dialct: 'paper' }], whole, /dialct/],
    ['an operation that does not exist', [{ ...sinkhorn, operation: 'sinkhron' }], whole, /cases\.0\.operation: there is no operation 'sinkhron'\.\n {2}Did you mean 'sinkhorn'\?/],
    ['a dialect that does not exist', [{ ...sinkhorn, dialect: 'tilekernel' }], whole, /no dialect 'tilekernel'[\s\S]*'tilekernels'/],
    ['an arithmetic that does not exist', [{ ...sinkhorn, arithmetic: 'ieee' }], whole, /no arithmetic preset 'ieee'/],
    ['a file that is missing', [sinkhorn], {}, /Cannot read 'a\.safetensors'.*\n {2}The job/],
    ['a file of another kind', [{ ...sinkhorn, files: 'a.pt' }], { 'a.pt': new Uint8Array(9) }, /neither a \.safetensors nor a \.npy/],
    ['a file that is cut', [sinkhorn], { 'a.safetensors': whole['a.safetensors'].subarray(0, 200) }, /'a\.safetensors': Not a whole safetensors file/],
    ['a tensor that is missing', [sinkhorn], { 'a.safetensors': encodeSafetensors({ logits: zeros([5, 4, 4]), residual_mapping: zeros([5, 4, 4]) }) }, /has no tensor 'residualMapping'\.\n {2}Did you mean 'residual_mapping'/],
    ['a port that is missing', [{ ...sinkhorn, files: { logits: 'a.safetensors' } }], whole, /cases\.0 \(sinkhorn\): files names no file for 'residualMapping'/],
    ['a port that does not exist', [{ ...sinkhorn, files: { ...both, logit: 'x.npy' } }], whole, /sinkhorn has no 'logit'/],
    ['shapes that contradict', [{ ...sinkhorn, files: both }], { ...whole, 'b.npy': encodeNpy(zeros([6, 4, 4])) }, /'residualMapping' \[6, 4, 4\] has 6 tokens, 'logits' \[5, 4, 4\] has 5/],
    ['a matrix that is not square', [{ ...sinkhorn, files: both }], { 'a.safetensors': encodeSafetensors({ logits: zeros([5, 4, 3]) }), 'b.npy': encodeNpy(zeros([5, 4, 4])) }, /'logits' \[5, 4, 3\] has 3 streams/],
    ['no batch', [{ ...sinkhorn, files: both }], { 'a.safetensors': encodeSafetensors({ logits: zeros([4, 4]) }), 'b.npy': encodeNpy(zeros([5, 4, 4])) }, /'logits' has the shape \[4, 4\]\.\n {2}Its dimensions are \[tokens, streams, streams\]/],
    ['too many streams', [{ ...sinkhorn, files: both }], { 'a.safetensors': encodeSafetensors({ logits: zeros([1, 17, 17]) }), 'b.npy': encodeNpy(zeros([1, 17, 17])) }, /n = 17; plumbline judges 1 to 16/],
    ['another dtype than declared', [{ ...sinkhorn, dtypes: { logits: 'bf16' } }], whole, /'logits' is f32 in 'a\.safetensors', its dtypes say bf16/],
    ['a folder for a file', [{ ...sinkhorn, files: '../x.safetensors/' }], {}, /Cannot read/],
  ])('%s', (_, cases, files, reason) => expect(() => readDump(given(cases, files))).toThrow(reason));

  it('no manifest', () => expect(() => readDump(folder)).toThrow(/Cannot read .*plumbline\.json[\s\S]*plumbline cases/));
});
