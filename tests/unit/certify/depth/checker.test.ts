/** Certificates over depth: what is issued is confirmed, what is forged is refused, and a smaller bound is refused where the issuer's is tight. */
import { describe, expect, test } from 'vitest';

import { boundOf, numberOf } from '../../../../src/certify/bound.ts';
import type { Claim } from '../../../../src/certify/certificate.ts';
import { DamagedFile } from '../../../../src/certify/checker/check.ts';
import { tensor, valuesOf } from '../../../../src/tensor/tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../../src/tensor/safetensors.ts';
import { isValid, reasonOf, redigested } from '../support.ts';
import { fieldForgeries, textForgeries, type Forgery } from '../tampered.ts';
import { sha256 } from '../../../../src/certify/issue.ts';
import { depthDrafts } from '../../../../src/certify/depth/claims.ts';
import { measureDepth } from '../../../../src/certify/depth/measures.ts';
import { checkDepth, depthCertificate } from './support.ts';

const { certificate, bytes } = await depthCertificate();
const drawn = await depthCertificate({ campaign: { networks: 20, limit: 2, alpha: 0.05 } });

test('what is issued is confirmed, and all of it is issued', () => {
  expect(reasonOf(checkDepth(JSON.stringify(certificate), bytes))).toBe('');
  expect(isValid(checkDepth(JSON.stringify(drawn.certificate), drawn.bytes))).toBe(true);
  // 10 measures of each chain, no mean-free part and no σ₂ of one stream; theorems: two of Sinkhorn, one each of the others but hyper-connections
  expect(certificate.claims).toHaveLength(5 * 10 - 2 + 5);
  expect(drawn.certificate.claims.filter(({ strength }) => strength === 'statistical')).toHaveLength(5);
  expect(certificate.notClaimed.some((one) => one.startsWith('hyper-connections, a bound for all inputs at any depth: nothing'))).toBe(true);
  expect(certificate.notClaimed.filter((one) => one.includes('confirm'))).toEqual([]);
});

function refusal({ text, bytes: given }: Forgery): string | undefined {
  try {
    const checked = checkDepth(text, given);
    return isValid(checked) ? undefined : reasonOf(checked);
  } catch (error) {
    if (error instanceof DamagedFile) return error.message;
    throw error;
  }
}

describe('forgeries', () => {
  // these are none: how many bits the checker takes is no statement; a theorem about another size or order is as true, and names that in its parameters; the strongest cannot be made
  // stronger; and the sum of one stream is off by 0, for which the issuer's 1e-15 is not tight
  const none = /parameters\.(bits|kernel\.(?!excess|absolute|operation)[\w.]+) changed, digest|-depth: stronger|plain-residual\/(stream-sum|equal-streams): bound × 0\.(99|5)/;
  const forgeries = [...fieldForgeries(certificate, bytes), ...textForgeries(certificate, bytes)].filter(({ what }) => !none.test(what));

  test(`every one of ${forgeries.length} is refused`, () => {
    expect(forgeries.length).toBeGreaterThan(1000);
    // declarations of kernels are subjects without a file
    const passed = forgeries.filter((forgery) => !/^subject\.[1-9]/.test(forgery.what) && refusal(forgery) === undefined).map(({ what }) => what);
    expect(passed).toEqual([]);
  });

  const claim = (id: string): Claim => certificate.claims.find((one) => one.id === id)!;
  const gain = claim('depth/ar1/mhc-tilekernels/backward-gain');
  const stated = (change: Partial<Claim>): string => reasonOf(checkDepth(redigested({ ...certificate, claims: [{ ...gain, ...change }] }), bytes));
  const about = (parameters: Record<string, unknown>, from = '', to = ''): string =>
    stated({ parameters: { ...gain.parameters, ...parameters } as Claim['parameters'], plain: gain.plain.replace(from, to), domain: gain.domain.replace(from, to) });

  test.each<[string, string, RegExp]>([
    ['no bits', about({ bits: 0 }), /how many bits/],
    ['too many bits', about({ bits: 2 ** 40 }), /how many bits/],
    ['depths that nobody has', about({ depths: '1..9' }, '1..3,7', '1..9'), /there are 7 layers/],
    ['depths from 0', about({ depths: '0..7' }, '1..3,7', '0..7'), /do not ascend/],
    ['depths that descend', about({ depths: '7,1' }, '1..3,7', '7,1'), /do not ascend/],
    ['no depths', about({ depths: 'all' }, '1..3,7', 'all'), /its depths are none/],
    ['a billion depths', about({ depths: '1..999999999' }, '1..3,7', '1..999999999'), /its depths are none/],
    ['no orientation', about({ orientation: 'both' }, 'transposed', 'both'), /does not say what is multiplied/],
    ['another design', about({ tensor: 'ar1/hyper-connections' }, 'ar1/mhc-tilekernels', 'ar1/hyper-connections'), /cannot be confirmed/],
  ])('%s', (_what, reason, expected) => expect(reason).toMatch(expected));

  test('the other orientation, whose exact side is the other one', () => {
    const forward = claim('depth/ar1/mhc-tilekernels/forward-gain');
    const turned = { ...forward, parameters: { ...forward.parameters, orientation: 'plain' }, domain: forward.domain.replace('transposed', 'plain') };
    expect(reasonOf(checkDepth(redigested({ ...certificate, claims: [turned] }), bytes))).toMatch(/cannot be confirmed/);
  });

  test('deeper than it was proved, the other side, another theorem', () => {
    const theorem = claim('depth/kronecker/stochastic-depth');
    const forged = (change: Partial<Claim>): string => reasonOf(checkDepth(redigested({ ...certificate, claims: [{ ...theorem, ...change }] }), bytes));
    const { kernel } = theorem.parameters as { kernel: object };
    expect(forged({ parameters: { ...theorem.parameters, depth: 700 }, plain: theorem.plain.replace('7 layers', '700 layers'), quantity: 'gain over 700 layers' })).toMatch(/cannot be confirmed/);
    expect(forged({ parameters: { ...theorem.parameters, operation: 'hyper-connection', kernel: { ...kernel, operation: 'hyper-connection' } }, domain: 'all finite inputs of hyper-connection' })).toMatch(/no such theorem/);
    expect(forged({ parameters: { ...theorem.parameters, operation: 'permutation-mixture' }, domain: 'all finite inputs of permutation-mixture' })).toMatch(/another design/);
    expect(forged({ method: 'orthogonal-depth' })).toMatch(/is not that of its method|no such theorem/);
    expect(forged({ parameters: { ...theorem.parameters, kernel: { ...kernel, excess: 'none' } } })).toMatch(/out of range/);
    expect(forged({ parameters: { ...theorem.parameters, kernel: { ...kernel, excess: -1e-3 } } })).toMatch(/out of range/);
  });

  test('what few bits lose is counted: 2^−40·2^−40·2^40·2^40 is 1, not the 0 that 64 bits keep of it', () => {
    const values = Float64Array.of(2 ** -40, 2 ** -40, 2 ** 40, 2 ** 40);
    const file = Buffer.from(encodeSafetensors({ 'a/b': tensor(values, [4, 1, 1, 1], 'f64') }));
    const figures = measureDepth(values, { layers: 4, tokens: 1, n: 1, transposed: false }, [])!.figures;
    const verdict = (bits: number, value: number): string => {
      const { drafts: [draft] } = depthDrafts({ file: 'f', tensor: 'a/b', shape: [4, 1, 1, 1], orientation: 'plain', bits }, figures, [4]);
      const bound = boundOf(value, 'up');
      const claims = [{ ...draft!, bound, plain: draft!.plain(bound.decimal) }];
      return checkDepth(redigested({ ...certificate, subject: [{ name: 'f', digest: { sha256: sha256(file) } }], claims }), file).claims[0]!.verdict;
    };
    expect([verdict(64, 0.5), verdict(400, 0.5), verdict(400, 1 + 2 ** -40), verdict(64, 2 ** 30)]).toEqual(['refused', 'refused', 'holds', 'holds']);
  });

  test('one mapping that is not doubly stochastic by 1e-3, with digests that fit', () => {
    const { tensors } = decodeSafetensors(bytes);
    const name = 'ar1/kronecker';
    const values = valuesOf(tensors[name]!).map((x, at) => (Math.floor(at / 16) === 5 ? x * (1 + 1e-3) : x));
    const other = Buffer.from(encodeSafetensors({ ...tensors, [name]: tensor(values, tensors[name]!.shape, 'f32') }));
    const subject = certificate.subject.map((one, k) => (k === 0 ? { ...one, digest: { sha256: sha256(other) } } : one));
    const { claims } = checkDepth(redigested({ ...certificate, subject }), other);
    const refused = claims.filter(({ verdict }) => verdict === 'refused').map(({ id }) => id.replace('depth/ar1/', ''));
    expect(refused).toEqual(expect.arrayContaining(['kronecker/forward-gain', 'kronecker/backward-gain', 'kronecker/stream-sum', 'kronecker/equal-streams', 'kronecker/two-norm']));
    expect(refused.filter((id) => !id.startsWith('kronecker/'))).toEqual([]);
  });

  test.each(['forward-gain', 'backward-gain', 'forward-amax', 'backward-amax', 'two-norm', 'stream-sum', 'equal-streams', 'mean-free-norm', 'second-singular-value', 'gain-reached'])('%s 0.2 %% better than it is', (measure) => {
    for (const design of ['mhc-tilekernels', 'hyper-connections', 'cayley']) {
      const one = claim(`depth/ar1/${design}/${measure}`);
      const value = numberOf(one.bound) * (one.relation === '<=' ? 1 / 1.002 : 1.002);
      const bound = boundOf(value, one.bound.rounded);
      const better = { ...one, bound, plain: one.plain.replace(one.bound.decimal, bound.decimal) };
      expect(reasonOf(checkDepth(redigested({ ...certificate, claims: [better] }), bytes)), design).toMatch(/cannot be confirmed/);
    }
  });
});
