/**
 * The README is true: its console blocks are run and their output compared, its TypeScript compiles against the public names. After a change
 * of the output, `UPDATE_DOCS=1 npx vitest run tests/docs` writes the new one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import * as plumbline from '../../src/index.ts';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'README.md');
const readme = readFileSync(path, 'utf8');
const blocks = [...readme.matchAll(/```console\n\$ plumbline ([^\n]+)\n([\s\S]*?)```/g)];

/** What the command prints, without what differs from run to run. */
function printed(command: string): string {
  const failures = mkdtempSync(join(tmpdir(), 'plumbline-docs-'));
  try {
    const output = execFileSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...command.split(' '), '--failures-dir', failures, '--reporter', 'default', '--no-color', '--exit-zero'], {
      cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output
      .replaceAll(/replay {4}.*?replay \S*\/([\w.-]+)/g, 'replay    plumbline replay .plumbline/failures/$1')
      .replaceAll(/-[0-9a-f]{8}\.safetensors/g, '-….safetensors')
      .replaceAll(/ in [\d.]+ m?s\b/g, '')
      .replaceAll(/, [\d,]+ a second\b/g, '');
  } finally {
    rmSync(failures, { recursive: true, force: true });
  }
}

describe('console blocks', () => {
  test('there are some', () => expect(blocks.length).toBeGreaterThan(0));

  test.each(blocks.map((block) => [block[1]!, block[2]!] as const))('plumbline %s', (command, shown) => {
    const output = printed(command);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(path, readFileSync(path, 'utf8').replace(`$ plumbline ${command}\n${shown}`, `$ plumbline ${command}\n${output}`));
      return;
    }
    expect(shown).toBe(output);
  });
});

test('what the README imports is exported', () => {
  const names = [...readme.matchAll(/import \{ ([^}]+) \} from 'plumbline'/g)].flatMap((match) => match[1]!.split(',').map((name) => name.trim()));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !(name in plumbline))).toEqual([]);
});

test('the tables name every operation and arithmetic', () => {
  for (const id of Object.keys(plumbline.operations).filter((name) => !name.endsWith('-vjp'))) expect(readme).toContain(`\`${id}\``);
  for (const name of Object.keys(plumbline.arithmeticPresets)) expect(readme).toContain(`\`${name}\``);
  // too many for the README: docs/dialects.md lists them
  const dialects = readFileSync(join(root, 'docs/dialects.md'), 'utf8');
  for (const name of Object.keys(plumbline.sinkhornPresets)) expect(dialects).toContain(`\`${name}\``);
});
