import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { operations } from '../../src/operations/index.ts';
import { dialectsToText, dialectTables, type DialectTable } from '../../src/report/dialects.ts';
import { createStyle } from '../../src/report/style.ts';
import { folderWith, plumbline } from './cli.ts';

it('shows the dialects of the operations asked for', async () => {
  const { stdout, stderr, code } = await plumbline(folderWith(), ['dialects', '--operation', 'sinkhorn']);
  expect([stderr, code]).toEqual(['', 0]);
  expect(stdout).toMatch(/^sinkhorn\n {2}default tilekernels; \* differs from paper\n {4}exact side of the effective H/);
  expect(stdout).toMatch(/\n {2}mhc-cu\n {4}columns, but for those zeroed\* {2,}exp\(L\) /);
  expect(stdout).toContain('AndreSlavescu/mHC.cu@3595c86b');
  expect(stdout).not.toContain('stream-write');
});

it('shows all operations of the registry, each once', async () => {
  const { stdout } = await plumbline(folderWith(), ['dialects', '--format', 'json']);
  const { schemaVersion, tables } = JSON.parse(stdout) as { schemaVersion: number; tables: DialectTable[] };
  expect(schemaVersion).toBe(1);
  expect(tables.flatMap((table) => table.operations).toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(operations).toSorted((a, b) => a.localeCompare(b)));
  for (const { operations: [id], rows } of tables) {
    const presets = operations[id as keyof typeof operations].presets;
    expect(rows.flatMap(({ names }) => names).toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(presets).toSorted((a, b) => a.localeCompare(b)));
    for (const { names: [name], dialect } of rows) expect(dialect).toEqual(JSON.parse(JSON.stringify(presets[name!])));
  }
});

it('prints Markdown, and writes files whole', async () => {
  const folder = folderWith();
  const printed = await plumbline(folder, ['dialects', '-o', 'stack', '--format', 'markdown']);
  expect(printed.stdout).toContain('| `paper`,');
  expect(printed.stdout).toContain('**transposed**');
  const written = await plumbline(folder, ['dialects', '-o', 'stack', '--format', 'markdown', '--output-file', 'some/page.md']);
  expect([written.stdout, written.code]).toEqual(['', 0]);
  expect(readFileSync(join(folder, 'some/page.md'), 'utf8')).toBe(printed.stdout);
});

it('refuses what does not exist', async () => {
  const folder = folderWith();
  const unknown = await plumbline(folder, ['dialects', '--operation', 'sinkhron']);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("Did you mean 'sinkhorn'?");
  const format = await plumbline(folder, ['dialects', '--format', 'html']);
  expect(format.code).toBe(2);
  expect(format.stderr).toContain('markdown');
  expect(existsSync(join(folder, '.plumbline'))).toBe(false);
});

it('has help with examples', async () => {
  const { stdout, code } = await plumbline(folderWith(), ['dialects', '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('$ plumbline dialects --operation sinkhorn');
});

it('works for operations whose dialects it knows nothing of', () => {
  const foreign = { ...operations['stream-read'], presets: { plain: { gate: { multiplier: 2 }, eps: 1e-6 }, other: { gate: { multiplier: 1 }, eps: 1e-6 } }, defaultPreset: 'plain' };
  expect(dialectsToText(dialectTables([foreign as never]), createStyle(false))).toMatchInlineSnapshot(`
    "stream-read
      default plain; * differs from plain
        gate               eps
      plain
        {"multiplier":2}   0.000001
      other
        {"multiplier":1}*  0.000001"
  `);
});
