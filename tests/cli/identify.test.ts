import { describe, expect, it } from 'vitest';

import type { Identification } from '../../src/identify/result.ts';
import { folderWith, plumbline } from './cli.ts';

/** A Sinkhorn in plain JavaScript that declares the default and computes `iterations` of the paper's form. */
function paperFile(iterations: number, spoil = ''): string {
  return `
const f = Math.fround;
const run = ({ logits }, { tokens, streams: n }) => {
  const x = Float32Array.from(logits.data, (value) => f(Math.exp(value)));
  const divide = (first, stride) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum = f(sum + x[first + k * stride]);
    for (let k = 0; k < n; k++) x[first + k * stride] = f(x[first + k * stride] / sum);
  };
  for (let at = 0; at < x.length; at += n * n) {
    for (let t = 0; t < ${iterations}; t++) {
      for (let j = 0; j < n; j++) divide(at + j, n);
      for (let i = 0; i < n; i++) divide(at + i * n, 1);
    }
  }
  ${spoil}
  return { residualMapping: x };
};
export default { sinkhorn: { arithmetic: 'ieee-f32', run } };
`;
}

describe('identify', () => {
  it('a file: the sentence and the table, 0', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': paperFile(12) }), ['identify', 'kernels.mjs']);
    expect(stdout).toContain('sinkhorn, n = 4: computes `paper` with 12 iterations');
    expect(stdout).toMatch(/^ {4}iterations +12 +known +\d/m);
    expect(stdout).toMatch(/^ {4}start +exp or softmax +not-visible/m);
    expect(code).toBe(0);
  });

  it('as JSON, alone on standard output', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': paperFile(12) }), ['identify', 'kernels.mjs', '--streams', '3', '--reporter', 'json']);
    const { schemaVersion, targets } = JSON.parse(stdout) as { schemaVersion: number; targets: { target: string; identifications: Identification[] }[] };
    expect([code, schemaVersion, targets[0]!.target]).toEqual([0, 1, 'kernels']);
    expect(targets[0]!.identifications[0]).toMatchObject({ operation: 'sinkhorn', streams: 3, verdict: 'identified', problems: 51, calls: 3 });
  });

  it('a built-in target by name, with the orientation that its mixing kernels show', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['identify', 'reference']);
    expect(stdout).toContain('reference  55 problems');
    expect(stdout).toMatch(/^ {4}orientation +transposed +known .* stream-write$/m);
    expect(code).toBe(0);
  });

  it('no known dialect: 1, and the nearest', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': paperFile(12, 'for (let k = 0; k < x.length; k++) x[k] = f(x[k] ** 1.1);') }), ['identify', 'kernels.mjs']);
    expect(stdout).toContain('computes no known dialect; nearest is');
    expect(stdout).toMatch(/off by .* × its bound on '.*'; fails \d+ of \d+ probes/);
    expect(code).toBe(1);
  });

  it('a kernel that does not answer, or a target that cannot run: 4', async () => {
    const { code, stdout } = await plumbline(folderWith({ 'kernels.mjs': paperFile(12, 'throw new Error("lost");') }), ['identify', 'kernels.mjs']);
    expect(stdout).toContain('does not answer: failed: The kernel threw: lost');
    expect(code).toBe(4);
    expect((await plumbline(folderWith(), ['identify', 'tfjs-node-gpu'])).code).toBe(4);
  });

  it.each([
    [['identify'], /missing required argument/],
    [['identify', 'nothing'], /There is no target 'nothing'/],
    [['identify', 'nothing.ts'], /There is no file 'nothing.ts'/],
    [['identify', 'reference', '--streams', '1'], /integer from 2 to 16/],
    [['identify', 'reference', '-o', 'stream-read'], /There is no operation that can be identified 'stream-read'/],
    [['identify', 'reference', '--reporter', 'junit'], /Allowed choices are default, json/],
  ])('%j is bad usage: 2', async (args, message) => {
    const { code, stdout, stderr } = await plumbline(folderWith(), args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('help names every exit code', async () => {
    const { code, stdout } = await plumbline(folderWith(), ['identify', '--help']);
    for (const number of [0, 1, 2, 3, 4, 130]) expect(stdout).toMatch(new RegExp(`^ +${number} +\\S`, 'm'));
    expect(code).toBe(0);
  });

  it('stops at Ctrl-C: 130', async () => {
    const kernel = "export default { sinkhorn: { arithmetic: 'ieee-f32', run: () => { process.kill(process.pid, 'SIGINT'); return new Promise((resolve) => setTimeout(() => resolve({ residualMapping: new Float32Array(39 * 16) }), 50)); } } };";
    expect((await plumbline(folderWith({ 'kernels.mjs': kernel }), ['identify', 'kernels.mjs'])).code).toBe(130);
  });
});

describe('verify', () => {
  it('says what a wrong kernel computes', async () => {
    const folder = folderWith({ 'kernels.mjs': paperFile(12) });
    const { code, stdout } = await plumbline(folder, ['verify', 'kernels.mjs', '-p', 'sinkhorn/reference-parity', '--runs', '2', '--seed', '7', '--reporter', 'default']);
    expect(stdout).toContain('  kernel    computes `paper` with 12 iterations; it declares `tilekernels` or `liger` with 20 iterations\n');
    expect(code).toBe(1);
  });
});
