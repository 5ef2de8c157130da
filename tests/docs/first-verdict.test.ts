/**
 * docs/first-verdict.md is a transcript: its console blocks are run in a new folder, as a new user would, and their output is compared. Numbers of rounding errors differ between
 * processors, so that numbers are compared in place only. `UPDATE_DOCS=1 npx vitest run tests/docs` writes the new one.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { folderWith } from '../cli/cli.ts';
import { pythonWith } from '../python.ts';

const root = realpathSync(join(import.meta.dirname, '../..'));
const path = join(root, 'docs/first-verdict.md');
const minute = 60_000;

/** What must be the same wherever the transcript is made. */
function shape(text: string): string {
  return text.replaceAll(/-[0-9a-f]{8}\.safetensors/g, '-….safetensors').replaceAll(/[▏▎▍▌▋▊▉█]+/g, '').replaceAll(/ *marginal\b/g, '')
    .replaceAll(/-?\d[\d.,]*(e[+-]\d+)?/g, '#').replaceAll(/\(#\)|\^+/g, '').replaceAll(/[ \t]+/g, ' ').replaceAll(/ +$/gm, '');
}

it('the transcript is what a new user sees, within five minutes and fifteen lines of Python', { timeout: 10 * minute }, () => {
  const document = readFileSync(path, 'utf8');
  const folder = folderWith({ 'package.json': '{}' });
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/plumbline'));
  symlinkSync(join(root, 'dist/src/cli/main.js'), join(folder, 'node_modules/.bin/plumbline'));
  chmodSync(join(root, 'dist/src/cli/main.js'), 0o755);
  const python = pythonWith('numpy');
  const env = { PATH: process.env['PATH'], HOME: folder, PLUMBLINE_PYTHON: python };
  const started = performance.now();
  let updated = document;
  const blocks = [...document.matchAll(/```console\n([\s\S]*?)```/g)];
  expect(blocks.length).toBeGreaterThan(2);
  for (const [, block = ''] of blocks) {
    let made = '';
    for (const [, command = ''] of block.matchAll(/^\$ (.*)$/gm)) {
      const shown = command.includes(' verify ') ? `${command.replace(/ \| .*/, '')} --reporter default${/ \| .*/.exec(command)?.[0] ?? ''}` : command;
      const output = execFileSync('sh', ['-c', `${shown} || true`], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      made += `$ ${command}\n${output.replaceAll(python, 'python3').replaceAll(/ in [\d.]+ m?s\b/g, '').replaceAll(/^\n+|\n+$/g, '')}\n`.replaceAll(/\n\n$/g, '\n');
    }
    if (process.env['UPDATE_DOCS'] === '1') updated = updated.replace(block, () => made);
    else expect(shape(made)).toBe(shape(block));
  }
  expect(performance.now() - started).toBeLessThan(5 * minute);
  expect(readFileSync(join(folder, 'kernels.py'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(15);
  if (updated !== document) writeFileSync(path, updated);
});
