/** The run in docs/depth.md is what the command prints. After a change of the output, `UPDATE_DOCS=1 npx vitest run tests/docs` writes the new one. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { allSettings } from '../../src/compare/inputs.ts';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'docs/depth.md');
const page = readFileSync(path, 'utf8');
const [, command, shown] = /```console\n\$ plumbline ([^\n]+)\n([\s\S]*?)```/.exec(page)!;

test(`plumbline ${command}`, () => {
  const output = execFileSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...command!.split(' '), '--no-color'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const printed = output.replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:…'); // its time of issue differs
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, page.replace(`${command}\n${shown}`, `${command}\n${printed}`));
  else expect(shown).toBe(printed);
});

test('every setting is explained', () => {
  for (const { name } of allSettings) expect(page).toContain(`\`${name}\``);
});
