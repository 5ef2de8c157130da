/** Screening: what the device keeps is what is most suspect by f64 too, and a thorough run finds a fault that one problem in thousands has. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { properties } from '../../../../properties/index.ts';
import { sinkhornPresets, verify, webgpuTarget, type Report, type ScreenedFor, type Target } from '../../../../src/index.ts';
import { answered, opened } from './support.ts';

const paper = await opened({ sinkhorn: sinkhornPresets['paper']! });
const request = { seed: 5, problems: 2 ** 14, maxTimeMs: 60_000, suspects: 1024 };
const four = { streams: 4, channels: 1, depth: 1 };

async function screened(target: Target, operation: 'sinkhorn' | 'sinkhorn-vjp', seeks: ScreenedFor, over: Partial<typeof request> = {}) {
  const { problems, suspects } = await target.kernels()[operation]!.screening!.run({ ...request, seeks, ...over });
  const inputs = Object.fromEntries(Object.keys(suspects[0]?.inputs ?? {}).map((port) => [port, { dtype: 'f32' as const, shape: [suspects.length, 4, 4], data: Float32Array.from(suspects.flatMap((one) => [...one.inputs[port]!])) }]));
  const outputs = suspects.length === 0 ? {} : await answered(target, operation, inputs, { ...four, tokens: suspects.length });
  return { problems, suspects: suspects.map(({ suspicion }) => suspicion), inputs, output: Object.values(outputs)[0]?.data as Float32Array };
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));

it('measures sums of lines as f64 does, to what one f32 holds', async () => {
  const { problems, suspects, output } = await screened(paper, 'sinkhorn', 'line-sums');
  expect(problems).toBe(2 ** 14);
  expect(suspects.length).toBeGreaterThan(100);
  suspects.forEach((suspicion, token) => {
    // rows are normalised last
    const sums = [0, 1, 2, 3].map((row) => [0, 1, 2, 3].reduce((sum, column) => sum + output[16 * token + 4 * row + column]!, 0));
    expect(relative(suspicion, Math.max(...sums.map((sum) => Math.abs(sum - 1))))).toBeLessThanOrEqual(2 ** -22);
  });
  expect(suspects).toEqual(suspects.toSorted((a, b) => b - a));
});

it('measures sums of gradients and cross ratios as f64 does, to a few roundings', async () => {
  const gradient = await screened(paper, 'sinkhorn-vjp', 'gradient-sums', { suspects: 50 });
  const [g, x] = [gradient.inputs['cotangent']!.data, (await answered(paper, 'sinkhorn', { logits: gradient.inputs['logits']! }, { ...four, tokens: 50 }))['residualMapping']!.data as Float32Array];
  gradient.suspects.forEach((suspicion, token) => {
    const at = (of: ArrayLike<number>, row: number, column: number): number => of[16 * token + 4 * row + column]!;
    const lines = [0, 1, 2, 3];
    const size = lines.flatMap((i) => lines.map((j) => Math.abs(at(g, i, j)) * at(x, i, j))).reduce((a, b) => a + b);
    // columns are normalised first
    const sums = lines.map((j) => lines.reduce((sum, i) => sum + at(gradient.output, i, j), 0));
    expect(relative(suspicion, Math.max(...sums.map(Math.abs)) / size)).toBeLessThanOrEqual(0.01);
  });
  const ratios = await screened(paper, 'sinkhorn', 'cross-ratios', { suspects: 20 });
  const l = ratios.inputs['logits']!.data;
  ratios.suspects.forEach((suspicion, token) => {
    const own = Array.from(l.subarray(16 * token, 16 * token + 16));
    const log = (i: number, j: number): number => Math.log(ratios.output[16 * token + 4 * i + j]!) - own[4 * i + j]!;
    const defects = [1, 2, 3].flatMap((i) => [1, 2, 3].map((j) => Math.abs(log(i, j) + log(0, 0) - log(i, 0) - log(0, j))));
    // the device's own exponentials: 3 + 2|L| ulp of four entries, as WGSL allows
    const allowed = 4 * 2 * 2 ** -24 * (3 + 2 * Math.max(...own.map(Math.abs))) + 16 * 2 ** -24;
    expect(Math.abs(suspicion * (1 + Math.max(...own) - Math.min(...own)) - Math.max(...defects))).toBeLessThanOrEqual(allowed);
  });
});

it('draws the same problems of a seed, and others of another', async () => {
  const draws = await Promise.all([5, 5, 6].map(async (seed) => (await screened(paper, 'sinkhorn', 'line-sums', { seed, suspects: 3 })).inputs['logits']!.data));
  expect(draws[1]).toEqual(draws[0]);
  expect(draws[2]).not.toEqual(draws[0]);
});

/** Verifies a kernel that does something more to its result `m`, a matrix with a row in each column. */
async function verified(property: string, effort: 'quick' | 'thorough', more: string): Promise<Report> {
  let planted = 0;
  const rewrite = (code: string, label: string): string => {
    if (!/^sinkhorn(-vjp)?, n = 4$/.test(label)) return code;
    planted++;
    return code.replace(/ m = (transpose\(x\)|x);/, `$& ${more}`);
  };
  const report = await verify({ targets: [webgpuTarget({}, { rewrite })], properties: properties.filter(({ id }) => id === property), effort, runs: 3, seed: 3, failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-screening-')) });
  expect(planted).toBeGreaterThan(0);
  return report;
}

// one in 2^14 of all first entries
const rarely = '(bitcast<u32>(own_logits[0].x) & 0x3fffu) == 0x1357u';
it.each([
  ['sinkhorn/last-normalised-sums', `if (${rarely}) { m[1].z = m[1].z * 1.00001f; }`],
  ['sinkhorn/cross-ratios', `if (${rarely}) { let d = 0.001 * min(m[0].x, m[1].x); m[0].x -= d; m[1].x += d; }`],
  ['sinkhorn/positivity', `if (${rarely}) { m[3].w = -m[3].w; }`],
  ['gradient/row-sums', `if (${rarely}) { m[2].y += 0.01; }`],
])('a thorough run finds by %s what three cases do not meet', { timeout: 240_000 }, async (property, more) => {
  const quick = await verified(property, 'quick', more);
  expect(quick.totals).toMatchObject({ passed: 1, failed: 0 });
  expect(quick.results[0]).not.toHaveProperty('screened');
  const found = await verified(property, 'thorough', more);
  expect(found.totals).toMatchObject({ passed: 0, failed: 1 });
  expect(found.results[0]!.screened).toBeGreaterThan(2 ** 14);
  expect(found.results[0]!.counterexample!.problems).toBe(1);
});

it('is not offered where the device could not tell: bf16, or a dialect of its own', async () => {
  expect((await opened({ storage: 'bf16' })).kernels()['sinkhorn']).not.toHaveProperty('screening');
  expect((await opened({ sinkhorn: { ...sinkhornPresets['tilekernels']!, domain: 'log' } })).kernels()['sinkhorn']).not.toHaveProperty('screening');
});
