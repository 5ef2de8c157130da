/** Chains from kernels: what is asked, what is refused, what stands in the certificate; theorems and networks against kernels that break them. */
import { describe, expect, test } from 'vitest';

import { numberOf } from '../../../../src/certify/bound.ts';
import { certifyDepth, type ChainReport } from '../../../../src/certify/depth/certify-depth.ts';
import { depthsOf, textOfDepths } from '../../../../src/certify/depth/depths.ts';
import { referenceKernel, targetKernels } from '../../../../src/certify/depth/kernels.ts';
import { theoremDrafts } from '../../../../src/certify/depth/theorems.ts';
import { designNamed, designs } from '../../../../src/compare/designs.ts';
import { settingNamed } from '../../../../src/compare/inputs.ts';
import { referenceKernels } from '../../../../src/kernels/reference/index.ts';
import { sinkhornPresets } from '../../../../src/operations/sinkhorn/dialect.ts';
import { OutcomeError } from '../../../../src/targets/outcome.ts';
import { base, checkDepth, depthCertificate, spoiltKernel } from './support.ts';
import { isValid } from '../support.ts';

describe('depths', () => {
  test.each<[string, number[]]>([['1..4', [1, 2, 3, 4]], ['60', [60]], ['8,1,8', [1, 8]], ['1, 3..5', [1, 3, 4, 5]]])('%s', (text, depths) => {
    expect(depthsOf(text)).toEqual(depths);
    expect(depthsOf(textOfDepths(depths))).toEqual(depths);
  });

  test.each(['0', '0..3', '-1', 'NaN', '', '1..', '..9', '3..1', '1.5', '1...4', '4097', '1e3', '1..99999999999999999999', 'Infinity', '1,,2', '١'])("'%s' is refused with the remedy", (text) => {
    expect(() => depthsOf(text)).toThrow(/Write numbers of sublayers from 1 to 4096/);
  });
});

describe('a kernel that answers wrongly', () => {
  test.each<[string, number]>([['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]])('%s in one layer: refused, with the layer', async (shown, value) => {
    const kernels = [spoiltKernel('mhc', (data) => (data[(5 * 2 + 1) * 16 + 6] = value))]; // all layers in one call: layer 5, token 1, entry [1, 2]
    const refused = await certifyDepth({ ...base, kernels }).catch((error: unknown) => error as OutcomeError);
    expect(refused).toBeInstanceOf(OutcomeError);
    expect(refused).toMatchObject({ outcome: 'non-finite', message: `mhc, ar1: the kernel returned ${shown} at layer 5, token 1, entry [1, 2], all counted from 0.` });
  });

  test('a throw and a wrong shape are named with the layers of the call', async () => {
    const thrower = { ...referenceKernel(designNamed('cayley')), declaration: { arithmetic: 'ieee-f32', run: () => { throw new Error('out of order'); } } };
    await expect(certifyDepth({ ...base, kernels: [thrower] })).rejects.toThrow('cayley, ar1, layers 0 to 6: The kernel threw: out of order');
    const short = { ...thrower, declaration: { arithmetic: 'ieee-f32', run: () => ({ residualMapping: new Float32Array(3) }) } };
    await expect(certifyDepth({ ...base, kernels: [short] })).rejects.toThrow(/layers 0 to 6: 'residualMapping' came as 3 elements/);
  });

  test('in the networks as well', async () => {
    let calls = 0;
    const kernels = [spoiltKernel('mhc', (data) => { if (++calls === 4) data[0] = NaN; })]; // the chain, then networks
    await expect(certifyDepth({ ...base, kernels, campaign: { networks: 10, limit: 2, alpha: 0.05 } })).rejects.toThrow(/at layer 0, token 0/);
  });
});

const bound = ({ claims }: ChainReport, measure: string): number => numberOf(claims.find(({ method }) => method === `depth-${measure}`)!.bound);

describe('a kernel that is wrong by 1e-3', () => {
  test('drifts visibly, is certified as what it is, and leaves its theorem', async () => {
    const right = await depthCertificate({ kernels: [referenceKernel(designNamed('kronecker'))] });
    const off = await depthCertificate({ kernels: [spoiltKernel('kronecker', (data) => data.forEach((x, at) => (data[at] = x * (1 + 1e-3))))] });
    expect(isValid(checkDepth(JSON.stringify(off.certificate), off.bytes))).toBe(true);
    for (const measure of ['stream-sum', 'equal-streams']) {
      expect(bound(right.chains[0]!, measure)).toBeLessThan(1e-5);
      expect(bound(off.chains[0]!, measure)).toBeGreaterThan(0.007); // 1.001^7 − 1
    }
    for (const measure of ['forward-gain', 'backward-gain', 'two-norm']) expect(bound(off.chains[0]!, measure)).toBeGreaterThan(1.007);
    // the theorem is about the declaration; what was reached is about the kernel, and contradicts it
    const theorem = numberOf(off.certificate.claims.find(({ method }) => method === 'stochastic-depth')!.bound);
    expect(bound(off.chains[0]!, 'gain-reached')).toBeGreaterThan(theorem);
    expect(bound(right.chains[0]!, 'gain-reached')).toBeLessThanOrEqual(theorem);
  });

  test('its transpose exchanges what signals and gradients do', async () => {
    const design = designNamed('mhc-tilekernels');
    const kernels = [referenceKernel(design), { ...referenceKernel(design), design: { ...design, name: 'turned', transposed: false } }];
    const { chains: [right, turned] } = await depthCertificate({ kernels, distribution: { gate: 0.3, spread: 60, seed: 2 } });
    expect(bound(right!, 'forward-gain')).toBeLessThan(1 + 1e-5);
    expect(bound(turned!, 'backward-gain')).toBeLessThan(1 + 1e-5);
    expect(bound(turned!, 'forward-gain')).toBeGreaterThan(1.001);
  });
});

describe('theorems for all inputs', () => {
  const depth = 122;
  const settings = ['independent', 'repeated', 'orbit'].map(settingNamed);
  const storages = ['f32', 'bf16', 'f16', 'f64'] as const;

  test.each(designs.filter(({ name }) => name !== 'hyper-connections').map(({ name }) => name))('%s: no chain that was drawn or searched leaves them', async (name) => {
    const own = referenceKernel(designNamed(name));
    const { chains, certificate } = await depthCertificate({ kernels: [own], settings, depths: [depth], shown: [], distribution: { gate: 0.3, spread: 60, seed: 11 } });
    const theorems = certificate.claims.filter(({ strength }) => strength === 'all-inputs');
    expect(theorems.length).toBeGreaterThan(0);
    const exactSide = theorems.find(({ method }) => method === 'exact-side-depth');
    const either = Math.max(...theorems.map((one) => numberOf(one.bound)));
    for (const chain of chains) {
      // an elimination in f32 is not the function: its norm is off 1 by 1e-5 a layer or so, far less than what this would see
      const slack = name === 'cayley' ? 1.01 : 1;
      expect(bound(chain, 'gain-reached')).toBeLessThanOrEqual(either * slack);
      if (exactSide !== undefined) expect(bound(chain, 'forward-gain')).toBeLessThanOrEqual(numberOf(exactSide.bound) * (1 + 2 ** -40));
    }
  });

  test.each(storages)('mixtures and Kronecker products in %s keep within the rounding that is stated', (storage) => {
    for (const name of ['mhc-lite', 'kronecker']) {
      const design = designNamed(name);
      const declaration = referenceKernels({ storage, ...(storage === 'f64' ? { round: (x: number) => x } : {}), relatives: { [design.operation]: design.dialect } })[design.operation];
      const [own] = targetKernels('mine', { [design.operation]: declaration }, undefined);
      const [draft] = theoremDrafts(own!, 4, 1) as Exclude<ReturnType<typeof theoremDrafts>, string>;
      const { excess } = (draft!.parameters as { kernel: { excess: number } }).kernel;
      const unit = { f32: 2 ** -24, bf16: 2 ** -8, f16: 2 ** -11, f64: 2 ** -53 }[storage];
      expect(excess).toBeGreaterThan(unit / 2);
      expect(excess).toBeLessThan(100 * unit);
      expect(worstSum(own!, 4)).toBeLessThanOrEqual(numberOf(draft!.bound));
    }
  });

  test('a coarser division is in the theorem', () => {
    const excess = (name: string, arithmetic: string): number => {
      const { operation } = designNamed(name);
      const [own] = targetKernels('mine', { [operation]: { ...referenceKernels()[operation], arithmetic } }, undefined);
      const [draft] = theoremDrafts(own!, 4, 1) as Exclude<ReturnType<typeof theoremDrafts>, string>;
      return (draft!.parameters as { kernel: { excess: number } }).kernel.excess;
    };
    // a quotient is off by 1 u under IEEE, by 8 u with __fdividef and a rounded reciprocal
    expect(excess('mhc-lite', 'cuda-fastmath') - excess('mhc-lite', 'ieee-f32')).toBeGreaterThan(6.9 * 2 ** -24);
    expect(excess('kronecker', 'cuda-fastmath') - excess('kronecker', 'ieee-f32')).toBeGreaterThan(6.9 * 2 ** -24);
    expect(excess('mhc-lite', 'ieee-f32')).toBeGreaterThan(48 * 2 ** -24); // 24 weights summed twice, and a quotient
  });

  test('hyper-connections, and forms without a theorem, say why they have none', () => {
    expect(theoremDrafts(referenceKernel(designNamed('hyper-connections')), 4, 9)).toMatch(/which the inputs attain/);
    const [kronecker, cayley, mhc] = [{ kronecker: 'softmax' }, { cayley: 'fixed-point' }, { sinkhorn: 'nucleus' }].map((kernels) => {
      const [[operation, dialect]] = Object.entries(kernels) as [[keyof ReturnType<typeof referenceKernels>, string]];
      return targetKernels('mine', { [operation]: { ...referenceKernels()[operation], dialect } }, undefined)[0]!;
    });
    expect(theoremDrafts(kronecker!, 4, 9)).toMatch(/two sigmoids/);
    expect(theoremDrafts(cayley!, 4, 9)).toMatch(/where it converges/);
    expect(theoremDrafts(mhc!, 4, 9)).toMatch(/./);
  });
});

/** The largest row or column sum of mappings of wide and of narrow logits. */
function worstSum({ design, declaration }: ReturnType<typeof referenceKernel>, n: number): number {
  const [tokens, count] = [500, design.count(n)];
  const logits = Float32Array.from({ length: tokens * count }, (_, k) => 10 ** ((k % 7) - 4) * Math.sin(k * k));
  const { residualMapping } = declaration.run({ [design.port]: { dtype: 'f32', shape: [tokens, count], data: logits } }, { tokens, streams: n, channels: 1, depth: 1 }) as Record<string, { dtype: string; data: ArrayLike<number> }>;
  const values = Array.from(residualMapping!.data, (x) => (residualMapping!.dtype === 'bf16' ? bf16(x) : residualMapping!.dtype === 'f16' ? f16(x) : x));
  let most = 0;
  for (let at = 0; at < values.length; at += n * n) {
    for (let i = 0; i < n; i++) {
      let [row, column] = [0, 0];
      for (let j = 0; j < n; j++) {
        row += values[at + i * n + j]!;
        column += values[at + j * n + i]!;
      }
      most = Math.max(most, row, column);
    }
  }
  return most;
}
const bf16 = (bits: number): number => new Float32Array(Uint32Array.of(bits * 65536).buffer)[0]!;
const f16 = (bits: number): number => ((bits & 0x7c00) === 0 ? (bits & 1023) * 2 ** -24 : (1 + (bits & 1023) / 1024) * 2 ** (((bits >> 10) & 31) - 15));

describe('networks', () => {
  test('mHC keeps within 2, hyper-connections do not; the count is what the bound follows from', async () => {
    const kernels = ['mhc-tilekernels', 'hyper-connections'].map((name) => referenceKernel(designNamed(name)));
    const options = { kernels, settings: ['independent', 'orbit'].map(settingNamed), depths: [40], distribution: { gate: 0.3, spread: 60, seed: 4 }, campaign: { networks: 60, limit: 2, alpha: 0.05 } };
    const { campaigns } = await depthCertificate(options);
    expect(campaigns.map(({ setting, design, exceeding }) => [setting, design, exceeding])).toEqual([['independent', 'mhc-tilekernels', 0], ['independent', 'hyper-connections', 60]]); // a searched setting is not drawn
    expect(numberOf(campaigns[0]!.draft.bound)).toBeCloseTo(1 - 0.05 ** (1 / 60), 12);
    expect(numberOf(campaigns[1]!.draft.bound)).toBe(1);
    expect((await depthCertificate(options)).campaigns).toEqual(campaigns.map((one) => ({ ...one, draft: { ...one.draft, plain: expect.any(Function) as unknown } })));
  });

  test('a limit between: some exceed it, and each is a network of its own', async () => {
    const kernels = [referenceKernel(designNamed('hyper-connections'))];
    const run = async (seed: number): Promise<{ exceeding: number; largest: number }> => (await depthCertificate({ kernels, depths: [6], distribution: { gate: 0.1, spread: 60, seed }, campaign: { networks: 100, limit: 2, alpha: 0.05 } })).campaigns[0]!;
    const [a, b] = [await run(1), await run(2)];
    for (const { exceeding } of [a, b]) expect(exceeding).toBeGreaterThan(0);
    for (const { exceeding } of [a, b]) expect(exceeding).toBeLessThan(100);
    expect(a.largest).not.toBe(b.largest);
  });
});

describe('targets', () => {
  test('designs are named by the dialects that the kernels declare', () => {
    const kernels = referenceKernels();
    expect(targetKernels('mine', kernels, undefined).map(({ design }) => design.name)).toEqual(['mhc-tilekernels', 'mhc-lite', 'kronecker', 'cayley', 'hyper-connections', 'plain-residual']);
    const [paper] = targetKernels('mine', { sinkhorn: referenceKernels({ sinkhorn: sinkhornPresets['paper']! }).sinkhorn }, undefined);
    expect(paper!.design).toMatchObject({ name: 'mhc', transposed: false });
    const [liger] = targetKernels('mine', { sinkhorn: referenceKernels({ sinkhorn: sinkhornPresets['liger']! }).sinkhorn }, undefined);
    expect(liger!.design).toMatchObject({ name: 'sinkhorn', transposed: false });
    const [short] = targetKernels('mine', { sinkhorn: { ...referenceKernels().sinkhorn, dialect: { preset: 'tilekernels', iterations: 10 } } }, undefined);
    expect(short!.design).toMatchObject({ name: 'sinkhorn', transposed: true });
  });

  test('what a target does not serve is an error that says what it serves', () => {
    expect(() => targetKernels('mine', { sinkhorn: referenceKernels().sinkhorn }, ['cayley'])).toThrow(/mine does not serve the design 'cayley'.\n.*mhc-tilekernels/);
    expect(() => targetKernels('mine', { 'stream-read': referenceKernels()['stream-read'] }, undefined)).toThrow(/no kernel of a residual mapping/);
  });

  test('stopped, nothing is issued', async () => {
    for (const after of [0, 3, 12, 30]) {
      let looks = 0;
      expect(await certifyDepth({ ...base, stopped: () => looks++ >= after })).toBeUndefined();
      expect(looks).toBe(after + 1);
    }
  });
});
