/** `plumbline/vitest` as its users have it: a project with the package in node_modules, whose own vitest runs the tests. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { pythonWith } from '../python.ts';
import { folderWith, plumbline } from './cli.ts';

const root = realpathSync(join(import.meta.dirname, '../..'));

interface Assertion {
  readonly fullName: string;
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
  readonly meta?: unknown;
}

/** A project with these test files. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = folderWith({ 'package.json': '{ "type": "module" }', ...files });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/plumbline'));
  symlinkSync(realpathSync(join(root, 'node_modules/vitest')), join(folder, 'node_modules/vitest'));
  return folder;
}

/** Runs the project's tests; what each said. */
async function run(folder: string, env: Readonly<Record<string, string>> = {}): Promise<{ code: number; assertions: Assertion[]; output: string }> {
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    execFile(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=verbose', '--reporter=json', '--outputFile.json=out.json'], {
      cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, NO_COLOR: '1', ...env }, maxBuffer: 2 ** 26,
    }, (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }));
  });
  const { testResults } = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as { testResults: { assertionResults: Assertion[] }[] };
  return { code, assertions: testResults.flatMap(({ assertionResults }) => assertionResults), output };
}

const declaration = (factor: string): string => `
import { verifyInVitest } from 'plumbline/vitest';
const run = ({ preMapping, streams }, { tokens, streams: n, channels }) => {
  const layerInput = new Float32Array(tokens * channels);
  for (let b = 0; b < tokens; b++) for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = Math.fround(sum + Math.fround(preMapping.data[b * n + i] * streams.data[(b * n + i) * channels + c]));
    layerInput[b * channels + c] = sum${factor};
  }
  return { layerInput };
};
await verifyInVitest({ kernels: { 'stream-read': { arithmetic: 'ieee-f32', run } }, open: () => undefined }, { name: 'mine', seed: 1, runs: 2 });
`;

describe('verifyInVitest', () => {
  it('turns each property of a right kernel into a test that passes', async () => {
    const { code, assertions, output } = await run(project({ 'kernels.test.js': declaration('') }));
    expect(output).toContain('mine > streams/read-parity');
    expect(assertions.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(assertions.length).toBeGreaterThan(15);
    expect(code).toBe(0);
  });

  it('fails the tests of a wrong one with the window, the margin and a replay line', async () => {
    const { code, assertions } = await run(project({ 'kernels.test.js': declaration(' * 1.001') }));
    const failed = assertions.find(({ title }) => title === 'streams/read-parity')!;
    expect(failed.status).toBe('failed');
    expect(failed.failureMessages[0]).toMatch(/✗ streams\/read-parity on mine[\s\S]*margin \d+[\s\S]*layerInput f32 \[1, 1\], token 0, column 0[\s\S]*replay {4}npx plumbline replay \.plumbline\/failures\/mine-streams-read-parity-\S+\.safetensors\s+seed {6}1/);
    expect(assertions.find(({ title }) => title === 'robustness/determinism/stream-read')?.status).toBe('passed');
    expect(code).toBe(1);
  });

  it('takes a file of Python kernels, and skips with reasons', async () => {
    const python = pythonWith('numpy');
    const folder = project({ 'kernels.test.js': `import { verifyInVitest } from 'plumbline/vitest';\nawait verifyInVitest('kernels.py', { seed: 1, runs: 1, python: ${JSON.stringify(python)} });\n` });
    await plumbline(folder, ['init', '--python']);
    const { code, assertions, output } = await run(folder);
    expect(assertions.filter(({ status }) => status === 'failed')).toEqual([]);
    const skipped = assertions.filter(({ status }) => status !== 'passed');
    expect(skipped.length).toBeGreaterThan(0);
    expect(output).toMatch(/↓ kernels\.test\.js > kernels > \S+.*\[.+\]/);
    expect(code).toBe(0);
  });

  it('a target that cannot run fails, and says what to do', async () => {
    const folder = project({ 'kernels.test.js': `import { verifyInVitest } from 'plumbline/vitest';\nawait verifyInVitest('kernels.py', { python: '/nonexistent/python' });\n` });
    await plumbline(folder, ['init', '--python']);
    const { code, assertions } = await run(folder);
    expect(assertions).toHaveLength(1);
    expect(assertions[0]).toMatchObject({ title: 'kernels can run', status: 'failed' });
    expect(assertions[0]?.failureMessages[0]).toContain("There is no program '/nonexistent/python' here");
    expect(code).toBe(1);
  });
});
