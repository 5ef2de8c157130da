import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { writeMadeCheckpoint } from '../../../../bench/made-checkpoint.ts';
import type { Certificate } from '../../../../src/certify/certificate.ts';
import { checkCertificate, DamagedFile } from '../../../../src/certify/checker/check.ts';
import { networkMethods } from '../../../../src/certify/checker/network.ts';
import { certifyCheckpoint } from '../../../../src/certify/checkpoint/certify-checkpoint.ts';
import { certifyInputs } from '../../../../src/certify/inputs/certify-inputs.ts';
import { sha256 } from '../../../../src/certify/issue.ts';
import { decodeSafetensors, encodeSafetensors, tensor } from '../../../../src/index.ts';
import { sinkhornPresets } from '../../../../src/operations/sinkhorn/dialect.ts';
import { isValid, reasonOf, redigested } from '../support.ts';
import { fieldForgeries, textForgeries, type Forgery } from '../tampered.ts';

function refusal({ text, bytes }: Forgery): string | undefined {
  try {
    const checked = checkCertificate(text, bytes.length === 0 ? [] : [bytes], networkMethods);
    return isValid(checked) ? undefined : reasonOf(checked);
  } catch (error) {
    if (error instanceof DamagedFile) return error.message;
    throw error;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'plumbline-tamper-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'made.safetensors');
writeMadeCheckpoint(path, 2, 8, 'trained', 5, 3);
const made = readFileSync(path);

const subjects: Record<string, { certificate: Certificate; bytes: Buffer }> = {
  'all inputs': { certificate: certifyInputs({ name: 'tilekernels', dialect: sinkhornPresets['tilekernels']!, arithmetic: 'cuda-f32', n: 3, limit: 1, depth: 8, parts: 4, stopped: () => false }), bytes: Buffer.alloc(0) },
  'the free side for all logits': { certificate: certifyInputs({ name: 'tilekernels', dialect: sinkhornPresets['tilekernels']!, arithmetic: undefined, n: 4, limit: 60, depth: 8, parts: 1, stopped: () => false }), bytes: Buffer.alloc(0) },
  'a checkpoint': { certificate: certifyCheckpoint({ path, samples: 0, seed: 1 })!.certificate, bytes: made },
};

/** What a claim about a kernel does not rest on, and its label; docs/certificates.md says so. */
const labels = /^(arithmetic|arithmeticEvidence|dialect\.(stabilisation|domain|smallRows|smallColumns|norm|rmsEpsilon|rmsEpsilonPlace|normWeight|projectionRounding|preEpsilon|postMultiplier))(\.|$)|^claims\.\d+\.parameters\.sublayers\.\d+\.4$/;
const noFile = new RegExp(`${labels.source}|^subject\\.0\\.name$`);

describe.each(Object.entries(subjects))('%s', (_, { certificate, bytes }) => {
  const forgeries: Forgery[] = [...fieldForgeries(certificate, bytes, bytes.length === 0 ? noFile : labels), ...textForgeries(certificate, bytes), ...kernelForgeries(certificate, bytes)];

  test('the certificate itself is valid', () => {
    expect(refusal({ what: '', text: JSON.stringify(certificate), bytes, reason: /./ })).toBeUndefined();
    expect(certificate.claims.length).toBeGreaterThanOrEqual(6);
  });

  test(`every one of ${forgeries.length} forgeries is refused, with its reason`, () => {
    expect(forgeries.length).toBeGreaterThanOrEqual(500);
    const passed = forgeries.filter((forgery) => refusal(forgery) === undefined).map(({ what }) => what);
    expect(passed).toEqual([]);
    const wrongReason = forgeries.filter((forgery) => !forgery.reason.test(refusal(forgery)!)).map((forgery) => `${forgery.what}: ${refusal(forgery)}`);
    expect(wrongReason).toEqual([]);
  });
});

test('a checkpoint in which a number was changed is another one, also where every digest is made to fit', () => {
  const { certificate } = subjects['a checkpoint']!;
  const names = decodeSafetensors(made).tensors;
  const passed: string[] = [];
  for (const name of Object.keys(names)) {
    for (const value of [Number.NaN, Infinity, 40]) {
      const data = Float64Array.from(names[name]!.data);
      data[data.length - 1] = value;
      const other = Buffer.from(encodeSafetensors({ ...names, [name]: tensor(data, names[name]!.shape, 'f32') }));
      expect(refusal({ what: '', text: JSON.stringify(certificate), bytes: other, reason: /./ })).toContain('not what it is about');
      const subject = certificate.subject.map((one) => ({ ...one, digest: { sha256: sha256(other) } }));
      // a bias of a gate, or of a logit that is nowhere the worst, changes no bound: then the claims hold for that checkpoint, too
      if (refusal({ what: '', text: redigested({ ...certificate, subject }), bytes: other, reason: /./ }) === undefined) passed.push(`${name} = ${value}`);
    }
  }
  expect(passed.filter((what) => !what.endsWith('_base = 40'))).toEqual([]);
});

/** Kernels that a theorem says more about than about the one that was certified, in one claim and in all. */
function kernelForgeries(certificate: Certificate, bytes: Buffer): Forgery[] {
  const changes: readonly [string, (kernel: Record<string, unknown>) => unknown][] = [
    ['more iterations', (kernel) => ({ ...kernel, iterations: 1000 })],
    ['no rounding', (kernel) => ({ ...kernel, rounding: { start: 0, startLine: 0, entry: 0, line: 0, underflow: 0 } })],
    ['an epsilon of 0', (kernel) => ({ ...kernel, epsilon: 0, added: 0 })],
    ['a temperature of 100', (kernel) => ({ ...kernel, temperature: 100 })],
    ['the other side first', (kernel) => ({ ...kernel, first: kernel['first'] === 'rows' ? 'columns' : 'rows' })],
    ['a field more', (kernel) => ({ ...kernel, approved: true })],
    ['no kernel', () => undefined],
    ['a negative error', (kernel) => ({ ...kernel, rounding: { ...(kernel['rounding'] as object), line: -0.5 } })],
    ['an error that is text', (kernel) => ({ ...kernel, rounding: { ...(kernel['rounding'] as object), line: '0' } })],
  ];
  // what the errors are is assumed, and named in the claim: with other ones it is another claim, and true, unless a subject says which it is about
  const forged = (change: (kernel: Record<string, unknown>) => unknown, which?: number): string => redigested({
    ...certificate, claims: certificate.claims.map((claim, k) => (which === undefined || which === k ? { ...claim, parameters: { ...claim.parameters, kernel: change(claim.parameters['kernel'] as Record<string, unknown>) } } : claim)),
  });
  return changes.filter(([what]) => bytes.length === 0 || what !== 'no rounding').flatMap(([what, change]) => [
    { what: `${what}, everywhere`, text: forged(change), bytes, reason: /./ },
    ...certificate.claims.map(({ id }, k) => ({ what: `${what}, in ${id}`, text: forged(change, k), bytes, reason: /./ })),
  ]).filter(({ text }) => text !== redigested(certificate)); // a kernel without rounding has none to leave out
}
