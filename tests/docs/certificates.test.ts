/** docs/certificates.md says what there is: every method, strength and field, and an example that is a claim. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { expect, test } from 'vitest';

import { certificateSchema, claimSchema } from '../../src/certify/certificate.ts';
import { predicateType } from '../../src/certify/in-toto.ts';
import { methodIds, strengths } from '../../src/certify/methods.ts';

const text = readFileSync(resolve(import.meta.dirname, '../../docs/certificates.md'), 'utf8');

test('every method, strength and field is there', () => {
  const fields = [...Object.keys(certificateSchema.shape), ...Object.keys(claimSchema.shape)];
  expect([...methodIds, ...strengths, ...fields].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  expect(text).toContain(`predicate-type: ${predicateType}`);
});

test('the example is a claim', () => {
  const example = /```json\n([\s\S]*?)```/.exec(text)![1]!;
  expect(claimSchema.safeParse(JSON.parse(example)).error).toBeUndefined();
});

