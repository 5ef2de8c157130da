import { expect, test } from 'vitest';

import { outputFamilies } from '../../../bench/output-families.ts';
import { inTotoStatement } from '../../../src/certify/in-toto.ts';
import { DamagedFile } from '../../../src/certify/checker/check.ts';
import { sha256 } from '../../../src/certify/issue.ts';
import { Random } from '../../../src/generate/random.ts';
import { certified, check, isValid, outputsOf, reasonOf, redigested } from './support.ts';
import { fieldForgeries, tensorForgeries, textForgeries, type Forgery } from './tampered.ts';

const [layers, tokens, n] = [4, 3, 4];
const random = new Random(53);
const stack = new Float64Array(layers * tokens * n * n);
for (let k = 0; k < layers * tokens; k++) stack.set(outputFamilies['sinkhorn, scale 3, f32']!(random, n), k * n * n);
const outputs = outputsOf(stack, [layers, tokens, n, n], 'f32');
const certificate = await certified(outputs);
const dataStart = outputs.bytes.length - 4 * stack.length;

/** Why a forgery is not valid; undefined when it passes for valid. */
function refusal({ text, bytes }: Forgery): string | undefined {
  try {
    const checked = check(text, bytes);
    return isValid(checked) ? undefined : reasonOf(checked);
  } catch (error) {
    if (error instanceof DamagedFile) return error.message;
    throw error;
  }
}

test('the certificate itself is valid, alone and in a statement', () => {
  expect(reasonOf(check(JSON.stringify(certificate), outputs.bytes))).toBe('');
  expect(isValid(check(JSON.stringify(inTotoStatement(certificate), undefined, 2), outputs.bytes))).toBe(true);
  expect(certificate.claims).toHaveLength(13);
});

test('numbers and texts may be spelled otherwise, as other writers of JSON do', () => {
  const respelled = JSON.stringify(certificate).replace('"schemaVersion":1', '"schemaVersion":1.0').replaceAll('‖', String.raw`\u2016`);
  expect(respelled).toContain(String.raw`\u2016H`);
  expect(isValid(check(respelled, outputs.bytes))).toBe(true);
});

test('a tensor that is there twice is none', () => {
  const header = outputs.bytes.toString('latin1', 8, dataStart).trimEnd();
  const twice = header.replace('{', '{"residualMapping":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},');
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(twice.length));
  const bytes = Buffer.concat([start, Buffer.from(twice), outputs.bytes.subarray(dataStart)]);
  const subject = certificate.subject.map((one) => ({ ...one, digest: { sha256: sha256(bytes) } }));
  expect(reasonOf(check(redigested({ ...certificate, subject }), bytes))).toContain('a field is there twice');
});

const forgeries = [
  ...fieldForgeries(certificate, outputs.bytes),
  ...tensorForgeries(certificate, outputs.bytes, (bytes, index, value) => bytes.writeFloatLE(value, dataStart + 4 * index), stack.length),
  ...textForgeries(certificate, outputs.bytes),
];

test(`every one of ${forgeries.length} forgeries is refused, with its reason`, () => {
  expect(forgeries.length).toBeGreaterThanOrEqual(200);
  const passed = forgeries.filter((forgery) => refusal(forgery) === undefined).map(({ what }) => what);
  expect(passed).toEqual([]);
  const wrongReason = forgeries.filter((forgery) => !forgery.reason.test(refusal(forgery)!)).map((forgery) => `${forgery.what}: ${refusal(forgery)}`);
  expect(wrongReason).toEqual([]);
});
