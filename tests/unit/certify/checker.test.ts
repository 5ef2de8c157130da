/** The checker: what it confirms is true, decided by integers; and it confirms what is issued. */
import { describe, expect, it } from 'vitest';

import * as truth from '../../../bench/exact-truth.ts';
import { outputFamilies } from '../../../bench/output-families.ts';
import { boundOf, numberOf } from '../../../src/certify/bound.ts';
import type { Certificate, Claim } from '../../../src/certify/certificate.ts';
import { Random } from '../../../src/generate/random.ts';
import { certified, check, isValid, outputsOf, reasonOf, redigested } from './support.ts';

/** The claim with another bound, and the sentence that goes with it. */
function withBound(claim: Claim, value: number): Claim {
  const bound = boundOf(value, claim.bound.rounded);
  return { ...claim, bound, plain: claim.plain.replace(claim.bound.decimal, bound.decimal) };
}

const truths: Readonly<Record<string, (m: truth.ExactMatrix, bound: number) => boolean>> = {
  'outputs/one-norm': (m, b) => truth.atMost(truth.lineNorm(m, 'columns'), m.exponent, b),
  'outputs/infinity-norm': (m, b) => truth.atMost(truth.lineNorm(m, 'rows'), m.exponent, b),
  'outputs/two-norm': truth.twoNormAtMost,
  'outputs/mean-free-norm': truth.meanFreeNormAtMost,
  'outputs/row-sum-deviation': (m, b) => truth.atMost(truth.lineDeviation(m, 'rows'), m.exponent, b),
  'outputs/column-sum-deviation': (m, b) => truth.atMost(truth.lineDeviation(m, 'columns'), m.exponent, b),
};

describe.each(Object.keys(outputFamilies))('%s', (name) => {
  const family = outputFamilies[name]!;
  it.each([1, 3, 4])('n = %i: what is issued is confirmed, and what is confirmed is true', async (n) => {
    const random = new Random(41, n);
    const [tokens, values] = [3, new Float64Array(3 * n * n)];
    for (let token = 0; token < tokens; token++) values.set(family(random, n), token * n * n);
    const outputs = outputsOf(values, [tokens, n, n]);
    const certificate = await certified(outputs);
    const whole = check(JSON.stringify(certificate), outputs.bytes);
    expect(reasonOf(whole)).toBe('');
    expect(isValid(whole)).toBe(true);
    const exact = Array.from({ length: tokens }, (_, token) => truth.exactMatrix(values, token * n * n, n));
    let refused = 0;
    for (const claim of certificate.claims) {
      const isTrue = truths[claim.id];
      if (isTrue === undefined || exact.some(({ exponent }) => exponent > 0)) continue;
      // around the bound, in steps from a few ulps to a half
      for (const step of [-0.5, ...Array.from({ length: 12 }, (_, k) => -(2 ** (-52 + 4 * k))), 2 ** -52, 2 ** -20]) {
        const bound = numberOf(claim.bound) * (1 + step);
        const { claims: [verdict] } = check(redigested({ ...certificate, claims: [withBound(claim, bound)] }), outputs.bytes);
        if (verdict!.verdict === 'holds') expect(exact.every((m) => isTrue(m, bound)), `${claim.id} ≤ ${bound}`).toBe(true);
        else refused++;
      }
    }
    if (n > 1 && name !== 'zero' && !name.includes('1e300')) expect(refused).toBeGreaterThan(0);
    if (/^sinkhorn|permutation|^uniform/.test(name)) expect(certificate.claims.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(truths)));
  });
});

describe('products over depth', () => {
  it.each(['plain', 'transposed'] as const)('%s: confirmed, and refused for the other orientation or a smaller bound', async (orientation) => {
    const [layers, tokens, n] = [12, 2, 4];
    const random = new Random(43);
    const values = new Float64Array(layers * tokens * n * n);
    for (let k = 0; k < layers * tokens; k++) values.set(outputFamilies['sinkhorn, scale 3, f32']!(random, n), k * n * n);
    const outputs = outputsOf(values, [layers, tokens, n, n], 'f32');
    const certificate = await certified(outputs, orientation);
    expect(reasonOf(check(JSON.stringify(certificate), outputs.bytes))).toBe('');
    expect(certificate.claims.filter(({ id }) => id.includes('composite'))).toHaveLength(4);
    for (const claim of certificate.claims.filter(({ id }) => id.includes('composite'))) {
      const smaller = withBound(claim, numberOf(claim.bound) * 0.99);
      expect(isValid(check(redigested({ ...certificate, claims: [smaller] }), outputs.bytes)), claim.id).toBe(false);
    }
    const gain = certificate.claims.find(({ id }) => id === 'outputs/composite-infinity-norm')!;
    const other = orientation === 'plain' ? 'transposed' : 'plain';
    const turned = { ...gain, parameters: { ...gain.parameters, orientation: other }, domain: gain.domain.replace(orientation, other) };
    const swapped = [turned, ...certificate.claims.filter(({ id }) => id === 'outputs/composite-one-norm').map((one) => ({ ...one, parameters: { ...one.parameters, orientation: other }, domain: one.domain.replace(orientation, other) }))];
    expect(isValid(check(redigested({ ...certificate, claims: swapped }), outputs.bytes))).toBe(false);
  });
});

describe('dtypes', () => {
  it.each(['f64', 'f32', 'bf16', 'f16'] as const)('reads %s as it is stored', async (dtype) => {
    const random = new Random(47);
    const values = new Float64Array(5 * 16);
    for (let k = 0; k < 5; k++) values.set(outputFamilies['sinkhorn, scale 1, f32']!(random, 4), 16 * k);
    values.set([6.1e-5, 5.96e-8, -65504, 0], 0); // f16: normal and subnormal, the largest
    const outputs = outputsOf(values, [5, 4, 4], dtype);
    const certificate = await certified(outputs);
    expect(reasonOf(check(JSON.stringify(certificate), outputs.bytes))).toBe('');
    const least = certificate.claims.find(({ id }) => id === 'outputs/entry-range')!;
    expect(numberOf(least.bound)).toBe(Math.min(...outputs.values));
    expect(isValid(check(redigested({ ...certificate, claims: [withBound(least, numberOf(least.bound) * (1 - 2 ** -52))] }), outputs.bytes))).toBe(false);
  });
});

describe('what cannot be checked is not called valid', () => {
  it('a claim about a file that was not given, and a method that is not known', async () => {
    const outputs = outputsOf(outputFamilies['mixed permutations']!(new Random(1), 4), [4, 4]);
    const certificate: Certificate = await certified(outputs);
    expect(check(JSON.stringify(certificate)).claims.map(({ verdict }) => verdict)).toEqual(certificate.claims.map(() => 'not checked'));
    const [claim] = certificate.claims;
    const unknown = check(redigested({ ...certificate, claims: [{ ...claim, method: 'belief' }] }), outputs.bytes);
    expect(unknown.claims).toMatchObject([{ verdict: 'not checked', reason: "this checker does not know the method belief" }]);
  });
});
