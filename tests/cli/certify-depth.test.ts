/** `plumbline certify --depth` as a person would use it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Certificate } from '../../src/certify/certificate.ts';
import { readCertificate } from '../../src/certify/certificate-file.ts';
import { folderWith, plumbline } from './cli.ts';
import { checkSvg } from './svg.ts';

const brief = ['certify', '--depth', '1..12', '--tokens', '2', '--seed', '5'];

test('claims, observations and theorems are kept apart; the certificate is checked from its files alone', async () => {
  const place = folderWith();
  const issued = await plumbline(place, [...brief, '--out', 'depth.json', '--plot', 'gain.svg']);
  expect(issued.code).toBe(0);
  const sections = issued.stdout.split('\n').filter((line) => /^[A-Z]{5}|^FOR|^NOT/.test(line));
  expect(sections).toEqual(['FOR ALL INPUTS of the stated domain', "FOR THESE OUTPUTS, and no others: depths 1..12, every token, 12 layers of each tensor 'setting/design'", 'OBSERVED, not claimed: means over the tokens', 'NOT CLAIMED']);
  for (const text of ['independent: sublayers have', 'repeated: one matrix', 'ar1: ', 'correlate by 0.9', 'orbit: one matrix', 'hyper-connections', 'largest gain over depth: a mhc', 'kernels of reference']) expect(issued.stdout).toContain(text);
  expect(issued.stdout).toContain('depth.json: plumbline check depth.json depth.safetensors');
  const certificate = readCertificate(join(place, 'depth.json'));
  // 7 designs in 4 settings with 10 measures, 8 for the plain residual; 2 theorems for each mHC, 1 for each of 4 others
  expect(certificate.claims).toHaveLength(4 * (7 * 10 - 2) + 8);
  // nothing that was only observed is claimed
  expect(new Set(certificate.claims.map(({ strength }) => strength))).toEqual(new Set(['all-inputs', 'these-outputs']));
  checkSvg(readFileSync(join(place, 'gain.svg'), 'utf8'));
  expect(readFileSync(join(place, 'gain.svg'), 'utf8').match(/<text [^>]*font-weight="bold"[^>]*>[^<]*/g)).toHaveLength(4 * 5); // gain, norm, each again for those that stay small, σ₂
  const checked = await plumbline(place, ['check', 'depth.json', 'depth.safetensors']);
  expect([checked.code, checked.stdout.split('\n')[0]]).toEqual([0, 'valid: 280 of 280 claims confirmed']);
  // what was issued for the whole stack is what `certify` says of one of its tensors
  const single = await plumbline(place, ['certify', 'depth.safetensors', '--tensor', 'ar1/mhc', '--json']);
  const whole = (JSON.parse(single.stdout) as Certificate).claims.find(({ id }) => id === 'outputs/composite-one-norm')!;
  const over = certificate.claims.find(({ id }) => id === 'depth/ar1/mhc/backward-gain')!;
  expect(Number(over.bound.decimal)).toBeGreaterThan(Number(whole.bound.decimal) * (1 - 1e-9));
});

test.each([
  ['1,8,60', [1, 8, 60]],
  ['3,5', [3, 5]],
  ['1..30', [1, 8, 24, 30]], // more than there are columns for: those of published models, and the deepest
  ['2..7,30', [30]],
])('--depth %s has columns of depths that were asked for, and of no others', async (depths, columns) => {
  const { stdout } = await plumbline(folderWith(), ['certify', '--depth', depths, '--tokens', '1', '--designs', 'plain-residual', '--setting', 'independent']);
  const heading = stdout.split('\n').find((line) => /^ +depth \d/.test(line))!;
  expect([...heading.matchAll(/depth (\d+)/g)].map(([, depth]) => Number(depth))).toEqual(columns);
});

test('hyper-connections leave and mHC stays, both proved', async () => {
  const place = folderWith();
  const { stdout } = await plumbline(place, ['certify', '--depth', '60', '--designs', 'mhc,mhc-tilekernels,hyper-connections', '--setting', 'independent', '--tokens', '4', '--out', 'd.json', '--json']);
  const { claims } = JSON.parse(stdout) as Certificate;
  const value = (design: string, measure: string): number => Number(claims.find(({ id }) => id === `depth/independent/${design}/${measure}`)!.bound.decimal);
  expect(value('hyper-connections', 'gain-reached')).toBeGreaterThan(100 * 4); // no product of doubly stochastic matrices exceeds n
  for (const design of ['mhc', 'mhc-tilekernels']) for (const measure of ['forward-gain', 'backward-gain', 'two-norm']) expect(value(design, measure)).toBeLessThan(4.001);
});

test('the same seed gives the same claims; another one others; fewer designs and settings change none of those that are left', async () => {
  const place = folderWith();
  const claims = async (...more: string[]): Promise<Map<string, string>> => {
    const { stdout } = await plumbline(place, ['certify', '--depth', '1..6', '--tokens', '2', '--out', 'd.json', '--json', ...more]);
    return new Map((JSON.parse(stdout) as Certificate).claims.map(({ id, bound }) => [id, bound.hex]));
  };
  const all = await claims('--seed', '9');
  expect(await claims('--seed', '9')).toEqual(all);
  for (const [id, hex] of await claims('--seed', '9', '--designs', 'cayley', '--setting', 'orbit')) expect(all.get(id), id).toBe(hex);
  expect((await claims('--seed', '10')).get('depth/ar1/mhc/backward-gain')).not.toBe(all.get('depth/ar1/mhc/backward-gain'));
});

test('--correlation is stated and matters; 1 is the repeated matrix', async () => {
  const place = folderWith();
  const gain = async (...more: string[]): Promise<string> => {
    const { stdout } = await plumbline(place, ['certify', '--depth', '30', '--tokens', '2', '--designs', 'mhc', '--out', 'd.json', '--json', ...more]);
    return (JSON.parse(stdout) as Certificate).claims.find(({ method }) => method === 'depth-backward-gain')!.bound.hex;
  };
  const [half, most, all, repeated] = [await gain('--setting', 'ar1', '--correlation', '0.5'), await gain('--setting', 'ar1', '--correlation', '0.99'), await gain('--setting', 'ar1', '--correlation', '1'), await gain('--setting', 'repeated')];
  expect(new Set([half, most, all]).size).toBe(3);
  expect(all).toBe(repeated);
  expect((await plumbline(place, [...brief, '--setting', 'ar1', '--designs', 'mhc', '--correlation', '-0.25'])).stdout).toContain('correlate by -0.25');
});

describe('networks', () => {
  test('the share that exceeds a gain, at a stated confidence, checked with the rest', async () => {
    const place = folderWith();
    const issued = await plumbline(place, ['certify', '--depth', '1..8', '--designs', 'mhc-tilekernels,hyper-connections', '--setting', 'independent', '--networks', '50', '--gain-limit', '1.9', '--tokens', '1', '--out', 'd.json']);
    expect(issued.code).toBe(0);
    expect(issued.stdout).toContain('STATISTICAL, at the stated confidence');
    expect(issued.stdout).toMatch(/independent: 0 of 50 networks exceed it; seen, not claimed: a largest gain of 1\.\d/);
    expect(issued.stdout).toMatch(/independent: (50|4\d) of 50 networks exceed it/);
    const shares = readCertificate(join(place, 'd.json')).claims.filter(({ strength }) => strength === 'statistical');
    expect(shares.map(({ parameters }) => parameters['problems'])).toEqual([50, 50]);
    expect((await plumbline(place, ['check', 'd.json', 'd.safetensors'])).code).toBe(0);
  });
});

const nanKernel = `
const run = ({ logits }, { tokens, streams: n }) => {
  const out = new Float32Array(tokens * n * n).fill(1 / n);
  if (tokens > 2 * 9) out[2 * 9 * n * n] = NaN;
  return { residualMapping: out };
};
export default { sinkhorn: { dialect: 'tilekernels', arithmetic: 'ieee-f32', run } };
`;
const offKernel = nanKernel.replace('fill(1 / n)', 'fill(1.001 / n)').replace(/ {2}if .*\n/, '');

describe('kernels of a file', () => {
  test('a kernel that is not doubly stochastic by 1e-3 is certified as what it is: it drifts', async () => {
    const place = folderWith({ 'kernels.mjs': offKernel });
    const { code } = await plumbline(place, ['certify', 'kernels.mjs', ...brief.slice(1), '--setting', 'independent', '--out', 'd.json']);
    expect(code).toBe(0);
    const certificate = readCertificate(join(place, 'd.json'));
    const drift = certificate.claims.find(({ method }) => method === 'depth-stream-sum')!;
    expect(Number(drift.bound.decimal)).toBeGreaterThan(0.0119); // 1.001^12 − 1 = 0.01207
    expect(certificate.subject.map(({ name }) => name)).toEqual(['d.safetensors', 'kernels.mjs', 'declaration of kernels/sinkhorn for mhc-tilekernels', 'parameters of mhc-tilekernels']);
    expect((await plumbline(place, ['check', 'd.json', 'd.safetensors', 'kernels.mjs'])).code).toBe(0);
  });

  test('NaN at some layer: refused with the layer, and nothing is written', async () => {
    const place = folderWith({ 'kernels.mjs': nanKernel });
    const { code, stdout, stderr } = await plumbline(place, ['certify', 'kernels.mjs', ...brief.slice(1), '--setting', 'independent', '--out', 'd.json', '--plot', 'p.svg']);
    expect(stderr).toContain('REFUSED, non-finite: mhc-tilekernels, independent: the kernel returned NaN at layer 9, token 0, entry [0, 0]');
    expect([code, stdout]).toEqual([1, '']);
    expect(readdirSync(place)).toEqual(['kernels.mjs']);
  });
});

describe('bad usage', () => {
  const file = { 'kernels.mjs': offKernel };
  test.each<[string, string[], RegExp]>([
    ['depth 0', ['--depth', '0'], /--depth '0': there is no depth 0.\n {2}Write numbers of sublayers/],
    ['a depth that is no number', ['--depth', 'NaN'], /'NaN' is no number of sublayers/],
    ['an empty range', ['--depth', '9..3'], /the range 9\.\.3 is empty/],
    ['a range without an end', ['--depth', '1..'], /is no number of sublayers/],
    ['too deep', ['--depth', '1..5000'], /there is no depth 5000/],
    ['an unknown design', ['--depth', '3', '--designs', 'mhc-light'], /There is no design 'mhc-light'.\n {2}Did you mean 'mhc-lite'/],
    ['an unknown setting', ['--depth', '3', '--setting', 'orbits'], /Did you mean 'orbit'/],
    ['a design that is not for so many streams', ['--depth', '3', '--designs', 'kronecker', '--streams', '3'], /kronecker is not defined for 3 streams/],
    ['a target that does not serve the design', ['kernels.mjs', '--depth', '3', '--designs', 'cayley'], /kernels does not serve the design 'cayley'/],
    ['a target that there is not', ['--depth', '3', '--target', 'tfjs-wasn'], /Did you mean 'tfjs-wasm'/],
    ['two targets', ['--depth', '3', '--target', 'tfjs-*'], /Chains are made by one target; \d are chosen/],
    ['a correlation above 1', ['--depth', '3', '--correlation', '1.5'], /It is a number from -1 to 1/],
    ['a correlation of another setting', ['--depth', '3', '--setting', 'repeated', '--correlation', '0.5'], /--correlation is about the setting ar1/],
    ['networks of a searched setting alone', ['--depth', '3', '--setting', 'orbit', '--networks', '10'], /Networks are drawn/],
    ['no networks', ['--depth', '3', '--networks', '0'], /It is an integer from 1/],
    ['JSON without a place for the mappings', ['--depth', '3', '--json'], /need somewhere to go/],
    ['one file for both', ['--depth', '3', '--out', 'a.json', '--tensors', 'a.json'], /are one file/],
    ['a flag of --depth without it', ['kernels.mjs', '--networks', '5'], /--networks is about depth.\n {2}Add --depth/],
    ['another kind of certificate as well', ['--depth', '3', '--all-inputs'], /--depth and --all-inputs/],
  ])('%s', async (_what, args, message) => {
    const place = folderWith(file);
    const { code, stdout, stderr } = await plumbline(place, ['certify', ...args]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
    expect(readdirSync(place)).toEqual(['kernels.mjs']);
  });
});

test('a built-in target that serves some of the designs', async () => {
  const { code, stdout } = await plumbline(folderWith(), ['certify', '--depth', '3', '--target', 'reference', '--tokens', '1', '--setting', 'independent']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/mhc-tilekernels/);
  expect(stdout).not.toMatch(/ mhc {2}/); // it declares one dialect
});

test('interrupted: 130, and nothing is written', async () => {
  const place = folderWith();
  const { code, stdout } = await plumbline(place, ['certify', '--depth', '1..4000', '--tokens', '64', '--out', 'd.json'], {}, (child) => {
    child.stderr!.on('data', (text: string) => text.includes('multiplying') && child.kill('SIGINT'));
  });
  expect([code, stdout]).toEqual([130, '']);
  expect(existsSync(join(place, 'd.json'))).toBe(false);
});
