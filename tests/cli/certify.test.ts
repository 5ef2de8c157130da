/** `plumbline certify` and `plumbline check` as a person would use them. */
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { writeMadeCheckpoint } from '../../bench/made-checkpoint.ts';
import { outputFamilies } from '../../bench/output-families.ts';
import type { Certificate } from '../../src/certify/certificate.ts';
import { readCertificate } from '../../src/certify/certificate-file.ts';
import { Random } from '../../src/generate/random.ts';
import { encodeNpy } from '../../src/tensor/npy.ts';
import { encodeSafetensors } from '../../src/tensor/safetensors.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { folderWith, plumbline } from './cli.ts';

const [layers, tokens, n] = [6, 5, 4];
const stack = new Float64Array(layers * tokens * n * n);
const random = new Random(61);
for (let k = 0; k < layers * tokens; k++) stack.set(outputFamilies['sinkhorn, scale 3, f32']!(random, n), k * n * n);

function folder(values: Float64Array = stack, shape: readonly number[] = [layers, tokens, n, n]): string {
  const made = folderWith();
  writeFileSync(join(made, 'out.safetensors'), encodeSafetensors({ residualMapping: tensor(values, shape, 'f32'), other: tensor([1], [1], 'f32') }));
  writeFileSync(join(made, 'out.npy'), encodeNpy(tensor(values, shape, 'f32')));
  return made;
}

const read = (path: string): Certificate => JSON.parse(readFileSync(path, 'utf8')) as Certificate;

describe('outputs', () => {
  test.each(['out.safetensors', 'out.npy'])('%s is certified, written and checked', async (file) => {
    const place = folder();
    const issued = await plumbline(place, ['certify', file, '--out', 'certificate.json']);
    expect(issued.stderr).toContain('is taken as depth');
    expect(issued.code).toBe(0);
    expect(issued.stdout).toContain('FOR THESE OUTPUTS, and no others');
    expect(issued.stdout).toContain('Over all layers, the norm of a signal or of a gradient grows by at most a factor of');
    expect(issued.stdout).toContain('NOT CLAIMED');
    expect(issued.stdout).toContain(`plumbline check certificate.json ${file}`);
    const certificate = readCertificate(join(place, 'certificate.json'));
    expect(certificate.claims).toHaveLength(13);
    expect(certificate.claims.find(({ id }) => id === 'outputs/two-norm')!.place).toMatchObject({ layer: expect.any(Number) as number, token: expect.any(Number) as number });
    const checked = await plumbline(place, ['check', 'certificate.json', file]);
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    expect(checked.stdout).toContain('valid: 13 of 13 claims confirmed');
  });

  test('--no-products makes no products; --json prints the certificate alone', async () => {
    const place = folder();
    const { code, stdout } = await plumbline(place, ['certify', 'out.safetensors', '--no-products', '--json']);
    expect(code).toBe(0);
    const certificate = JSON.parse(stdout) as Certificate;
    expect(certificate.claims.filter(({ id }) => id.includes('composite'))).toEqual([]);
    expect(certificate.claims).toHaveLength(9);
  });

  test('an in-toto statement is checked as well', async () => {
    const place = folder();
    expect((await plumbline(place, ['certify', 'out.safetensors', '--format', 'in-toto', '--out', 's.json'])).code).toBe(0);
    expect(read(join(place, 's.json'))).toMatchObject({ _type: 'https://in-toto.io/Statement/v1', predicateType: 'urn:plumbline:certificate:v1', subject: [{ name: 'out.safetensors' }], predicate: { format: 'plumbline-certificate' } });
    expect(readCertificate(join(place, 's.json')).claims).toHaveLength(13);
    expect((await plumbline(place, ['check', 's.json', 'out.safetensors'])).code).toBe(0);
  });

  test('NaN is refused with its place', async () => {
    const spoilt = stack.slice();
    spoilt[16 * (2 * tokens + 3) + 6] = NaN;
    const { code, stderr } = await plumbline(folder(spoilt), ['certify', 'out.safetensors']);
    expect(code).toBe(2);
    expect(stderr).toContain("tensor 'residualMapping' has NaN at [2, 3, 1, 2]");
  });

  test.each<[string, string[], RegExp]>([
    ['no file', [], /One file is certified at a time; 0 are given/],
    ['a file that is not there', ['none.safetensors'], /Cannot read 'none.safetensors'/],
    ['no such tensor', ['out.safetensors', '--tensor', 'residualmapping'], /Did you mean 'residualMapping'/],
    ['no square matrices', ['out.safetensors', '--tensor', 'other'], /Residual mappings are \[\.\., n, n\]/],
    ['a statement without a place', ['out.safetensors', '--format', 'in-toto'], /Add --out <file>/],
    ['statistical without a number', ['--statistical', '--target', 'reference'], /Add --problems/],
    ['statistical with a family that there is not', ['--statistical', '--target', 'reference', '--property', 'sinkhorn/positivity', '--problems', '10', '--family', 'logits=norml'], /Did you mean 'normal'/],
    ['statistical of several properties', ['--statistical', '--target', 'reference', '--property', 'sinkhorn/*', '--problems', '10'], /about one property/],
  ])('%s: usage', async (_what, args, message) => {
    const { code, stderr } = await plumbline(folder(), ['certify', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('check', () => {
  test('another tensor, a changed byte, a forged bound: 1 with the reason; damage: 2', async () => {
    const place = folder();
    await plumbline(place, ['certify', 'out.safetensors', '--out', 'c.json']);
    const bytes = readFileSync(join(place, 'out.safetensors'));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(join(place, 'changed.safetensors'), bytes);
    const changed = await plumbline(place, ['check', 'c.json', 'changed.safetensors']);
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.stdout).toContain('refused: a file that was given is not what it is about');
    const text = readFileSync(join(place, 'c.json'), 'utf8');
    writeFileSync(join(place, 'forged.json'), text.replace('"relation": "<="', '"relation": ">="'));
    expect(await plumbline(place, ['check', 'forged.json', 'out.safetensors'])).toMatchObject({ code: 1, stdout: expect.stringContaining('changed after it was issued') as string });
    writeFileSync(join(place, 'cut.json'), text.slice(0, 300));
    expect(await plumbline(place, ['check', 'cut.json', 'out.safetensors'])).toMatchObject({ code: 2, stderr: expect.stringContaining('not JSON') as string });
    expect((await plumbline(place, ['check', 'none.json'])).code).toBe(2);
  });

  test('without the tensors nothing is confirmed, and nothing is valid', async () => {
    const place = folder();
    await plumbline(place, ['certify', 'out.safetensors', '--out', 'c.json']);
    const { code, stdout } = await plumbline(place, ['check', 'c.json', '--json']);
    expect(code).toBe(1);
    const found = JSON.parse(stdout) as { valid: boolean; claims: { verdict: string }[] };
    expect(found.valid).toBe(false);
    expect(new Set(found.claims.map(({ verdict }) => verdict))).toEqual(new Set(['not checked']));
    expect((await plumbline(place, ['check', 'c.json', '--allow-unchecked'])).code).toBe(1); // not one claim was confirmed
  });
});

describe('statistical', () => {
  test('no failures: 1 − α^(1/N), confirmed without a file', async () => {
    const place = folderWith();
    const { code, stdout } = await plumbline(place, ['certify', '--statistical', '--target', 'reference', '--property', 'sinkhorn/last-normalised-sums', '--problems', '3000', '--seed', '7', '--out', 'c.json', '--json']);
    expect(code).toBe(0);
    const [claim] = (JSON.parse(stdout) as Certificate).claims;
    expect(claim).toMatchObject({ strength: 'statistical', seed: 7, parameters: { problems: 3000, failures: 0, alpha: 0.05 } });
    // −ln(0.05)/3000 = 9.98e-4, less half its square
    expect(Number(claim!.bound.decimal)).toBeGreaterThan(9.97e-4);
    expect(Number(claim!.bound.decimal)).toBeLessThan(9.99e-4);
    expect((await plumbline(place, ['check', 'c.json'])).code).toBe(0);
  });

  test('a kernel that is wrong for some problems: said aloud, and bounded above the share that failed', async () => {
    // the last column of problems whose first logit is above 1.5 is wrong: 1 of 15 or so for normal logits
    const place = folderWith({ 'kernels.mjs': wrongSometimes });
    const args = ['certify', 'kernels.mjs', '--statistical', '--property', 'sinkhorn/last-normalised-sums', '--problems', '2000', '--family', 'logits=normal', '--scale', '1', '--out', 'c.json'];
    const { code, stdout, stderr } = await plumbline(place, args);
    expect(stderr).toMatch(/\d+ problems FAILED; the first: wrong-values/);
    expect(code).toBe(1);
    expect(stdout).toContain('of 2000 failed');
    const [claim] = read(join(place, 'c.json')).claims;
    const { failures } = claim!.parameters as { failures: number };
    expect(failures).toBeGreaterThan(20);
    expect(failures).toBeLessThan(1000);
    expect(Number(claim!.bound.decimal)).toBeGreaterThan(failures / 2000);
    expect(read(join(place, 'c.json')).subject.map(({ name }) => name)).toEqual(['kernels.mjs', 'declaration of kernels/sinkhorn']);
    expect((await plumbline(place, ['check', 'c.json'])).code).toBe(0);
  });
});

const wrongSometimes = `
const run = ({ logits }, { tokens, streams: n }) => {
  const out = new Float32Array(tokens * n * n);
  for (let b = 0; b < tokens; b++) {
    const at = b * n * n;
    const spoilt = logits.data[at] > 1.5;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += Math.exp(logits.data[at + i * n + j]);
      for (let j = 0; j < n; j++) out[at + i * n + j] = Math.exp(logits.data[at + i * n + j]) / sum;
    }
    for (let t = 0; t < 20; t++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += out[at + i * n + j];
        for (let i = 0; i < n; i++) out[at + i * n + j] /= sum;
      }
      if (t === 19) break;
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += out[at + i * n + j];
        for (let j = 0; j < n; j++) out[at + i * n + j] /= sum;
      }
    }
    if (spoilt) out[at + n * n - 1] *= 1.01;
  }
  return { residualMapping: out };
};
export default { sinkhorn: { dialect: { preset: 'tilekernels', epsilon: 0 }, arithmetic: 'ieee-f32', run } };
`;

describe('all inputs', () => {
  test('a kernel within a box of logits, confirmed from its parameters alone', async () => {
    const place = folderWith();
    const issued = await plumbline(place, ['certify', '--all-inputs', '--dialect', 'tilekernels', '--arithmetic', 'cuda-f32', '--limit', '1', '--layers', '61', '--out', 'all.json']);
    expect(issued.code).toBe(0);
    expect(issued.stdout).toContain('FOR ALL INPUTS of the stated domain');
    expect(issued.stdout).toContain('Over 61 layers the gain of the exact side is at most 1.0000');
    const checked = await plumbline(place, ['check', 'all.json']);
    expect([checked.code, checked.stdout.split('\n')[0]]).toEqual([0, 'valid: 7 of 7 claims confirmed']);
  });

  test('the free side for all logits, where the function is certified; the box says it only where it says more', async () => {
    const place = folderWith();
    const issued = await plumbline(place, ['certify', '--all-inputs', '--dialect', 'tilekernels', '--out', 'all.json']);
    expect([issued.code, issued.stdout]).toEqual([0, expect.stringContaining('Every line of the side that is not normalised last sums to 1 within 0.753')]);
    const certificate = JSON.parse(readFileSync(join(place, 'all.json'), 'utf8')) as Certificate;
    expect(certificate.claims.map(({ method }) => method)).toContain('free-side');
    expect(certificate.claims.map(({ method }) => method)).not.toContain('box-free-sums');
    expect((await plumbline(place, ['check', 'all.json'])).stdout.split('\n')[0]).toBe('valid: 7 of 7 claims confirmed');
    const forged = JSON.stringify(certificate).replaceAll(certificate.claims.find(({ method }) => method === 'free-side')!.bound.decimal, '0.085');
    writeFileSync(join(place, 'forged.json'), forged);
    expect((await plumbline(place, ['check', 'forged.json'])).code).toBe(1);
    const narrow = await plumbline(place, ['certify', '--all-inputs', '--dialect', 'tilekernels', '--limit', '1', '--json']);
    expect((JSON.parse(narrow.stdout) as Certificate).claims.map(({ method }) => method)).toEqual(expect.arrayContaining(['free-side', 'box-free-sums']));
  });

  test('branch and bound gives a smaller bound, and a partition that the checker walks', async () => {
    const place = folderWith();
    const flags = ['certify', '--all-inputs', '--streams', '2', '--limit', '1.5', '--json'];
    const bound = async (...more: string[]): Promise<number> => {
      const { stdout } = await plumbline(place, [...flags, ...more]);
      return Number((JSON.parse(stdout) as Certificate).claims.find(({ method }) => method === 'box-free-sums')!.bound.decimal);
    };
    expect(await bound('--parts', '40')).toBeLessThan(0.7 * (await bound()));
  });

  test.each<[string, string[], string]>([
    ['a file', ['certify', 'x.safetensors', '--all-inputs'], 'is about a kernel'],
    ['a preset that is not there', ['certify', '--all-inputs', '--dialect', 'tilekernel'], "Did you mean 'tilekernels'?"],
    ['a dialect without a theorem', ['certify', '--all-inputs', '--dialect', 'nucleus'], 'Nothing is certified for all inputs'],
  ])('%s is bad usage', async (_what, args, message) => {
    const { code, stderr } = await plumbline(folderWith(), args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('a checkpoint', () => {
  test('is bounded for every input, with the loosest sublayer named and what was observed beside it', async () => {
    const place = folderWith();
    writeMadeCheckpoint(join(place, 'model.safetensors'), 2, 32, 'trained', 3);
    const issued = await plumbline(place, ['certify', 'model.safetensors', '--out', 'model.json']);
    expect(issued.code).toBe(0);
    expect(issued.stdout).toMatch(/^4 sublayers, n = 4, C = 32; names of deepseek/);
    expect(issued.stdout).toMatch(/gain over all sublayers, forward +≤ [\d.]+ +observed [\d.]+ +exact side/);
    expect(issued.stdout).toContain('FOR THIS CHECKPOINT, every input of the network');
    const checked = await plumbline(place, ['check', 'model.json', 'model.safetensors']);
    expect([checked.code, checked.stdout.split('\n')[0]]).toEqual([0, 'valid: 6 of 6 claims confirmed']);
  });

  test('--watch --once certifies each in turn, passes over a broken one, and says which bound got worse', async () => {
    const place = folderWith();
    const at = (name: string, seconds: number): void => utimesSync(join(place, name), seconds, seconds);
    writeMadeCheckpoint(join(place, 'step1.safetensors'), 1, 32, 'paper', 3);
    writeMadeCheckpoint(join(place, 'step2.safetensors'), 1, 512, 'paper', 3);
    writeFileSync(join(place, 'step3.safetensors'), 'half');
    for (const k of [1, 2, 3]) at(`step${k}.safetensors`, 1_700_000_000 + k);
    const { code, stdout } = await plumbline(place, ['certify', '--watch', '--once', '.']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/step1.safetensors +max \|sum of the free side − 1\| ≤/);
    expect(lines[1]).toMatch(/step2.safetensors/);
    expect(lines.slice(2, -1).every((line) => /^ {2}WORSE .*it was ≤/.test(line))).toBe(true);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.at(-1)).toMatch(/step3.safetensors +not certified: .*4 bytes/);
    expect(code).toBe(1);
  });
});
