/** docs/reports.md names what there is: every reporter, and the file that each writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { fileReporters, reporterNames } from '../../src/report/reporters.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/reports.md'), 'utf8');
const rows = new Map([...text.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, name, file]) => [name!, file!]));

test('every reporter has a row, and no other', () => {
  expect([...rows.keys()].toSorted()).toEqual([...reporterNames].toSorted());
});

test.each([...fileReporters])('%s writes the file that is named', (name) => {
  const sources = ['html/verify', name].map((file) => join(import.meta.dirname, `../../src/report/${file}.ts`));
  const source = readFileSync(sources[name === 'html' ? 0 : 1]!, 'utf8');
  expect(rows.get(name)).toBe(`\`${/defaultFile: '([^']+)'/.exec(source)![1]}\``);
});
