/** A kernel that fails now and then, on the real command line: every reporter says how often, and replay counts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { folderWith, kernelFile, plumbline } from './cli.ts';

/** Wrong in every fifth call. */
const flaky = `let calls = 0;\n${kernelFile('if (++calls % 5 === 0 && tokens > 0) layerInput[0] += 1;')}`;
const chosen = ['flaky.mjs', '--seed', '3', '-p', 'streams/read-parity'];
const files = { json: 'r.json', junit: 'r.xml', sarif: 'r.sarif', ctrf: 'ctrf.json', markdown: 'r.md', html: 'r.html' };

it('every reporter says how often it failed again', async () => {
  const folder = folderWith({ 'flaky.mjs': flaky });
  const { code, stdout } = await plumbline(folder, ['verify', ...chosen, '--reporter', `default,compact,github,${Object.keys(files).join(',')}`, ...Object.entries(files).flatMap(([name, file]) => ['--output-file', `${name}=${file}`])]);
  expect(code).toBe(1);
  expect(stdout.match(/failed in 4 of 20 replays/g)!.length).toBeGreaterThanOrEqual(3);
  expect(stdout).toMatch(/ {2}replays {3}failed in 4 of 20 replays; 95 % interval 5\.7 % to 43\.7 %/);
  expect(stdout).toMatch(/ {2}spread {4}answers of 20 calls with the same inputs differ by up to 1 \(layerInput\[0\]\), .*: more than rounding changes from call to call/);
  for (const [name, file] of Object.entries(files)) expect(readFileSync(join(folder, file), 'utf8'), name).toMatch(name === 'json' ? /"failed": 4,/ : /failed in 4 of 20 replays/);
});

it('replay counts, and holding a few times is no proof', async () => {
  const folder = folderWith({ 'flaky.mjs': flaky, 'right.mjs': kernelFile() });
  const { stdout } = await plumbline(folder, ['verify', ...chosen, '--reporter', 'default']);
  const [, file] = /replay {4}node .*main\.js replay (\S+)/.exec(stdout)!;
  const again = await plumbline(folder, ['replay', file!, '--config', 'flaky.mjs']);
  expect([again.code, /failed in 4 of 20 replays/.test(again.stdout)]).toEqual([1, true]);
  const once = await plumbline(folder, ['replay', file!, '--config', 'right.mjs', '--target', 'right', '--times', '3']);
  expect(once.stdout).toContain('✓ streams/read-parity holds on right now, in 3 of 3 replays');
  expect(once.stdout).toContain('it failed in 4 of 20 replays when it was stored; 3 that hold leave up to 70.8 % (95 %)');
  expect(once.code).toBe(0);
});

it('every reporter says what matters, and the shape of the fault in one sentence', async () => {
  const folder = folderWith({ 'mean.mjs': kernelFile('layerInput.forEach((x, k) => (layerInput[k] = x / n));') });
  const { code, stdout } = await plumbline(folder, ['verify', 'mean.mjs', '--seed', '3', '-p', 'streams/read-parity', '--reporter', `default,compact,github,${Object.keys(files).join(',')}`, ...Object.entries(files).flatMap(([name, file]) => ['--output-file', `${name}=${file}`])]);
  expect(code).toBe(1);
  const [shape, matters] = [/returns layerInput divided by the number of streams: a mean for a sum/g, /the smallest n that failed is 2 \(1 held\)/g];
  expect(stdout.match(shape)!.length).toBeGreaterThanOrEqual(3);
  expect(stdout.match(matters)!.length).toBeGreaterThanOrEqual(3);
  for (const [name, file] of Object.entries(files)) {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text, name).toMatch(shape);
    expect(text, name).toMatch(name === 'json' ? /"smallest": 2,\s+"held": \[\s+1\s+\]/ : matters);
  }
});
