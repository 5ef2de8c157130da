/** docs/dialects.md is what its generator prints: `npm run docs:dialects` writes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { operations } from '../../src/operations/index.ts';
import { dialectsToMarkdown, dialectTables } from '../../src/report/dialects.ts';

test('the page is up to date', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/dialects.md'), 'utf8');
  expect(page, 'run `npm run docs:dialects`').toBe(dialectsToMarkdown(dialectTables(Object.values(operations))));
});
