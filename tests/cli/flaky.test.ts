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
