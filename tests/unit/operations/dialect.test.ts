/** Dialects that contradict themselves are refused, and the message names both fields. */
import { expect, test } from 'vitest';

import { operations } from '../../../src/operations/index.ts';
import {
  sinkhornDialectSchema, sinkhornPresets, sinkhornVjpDialectSchema, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect,
} from '../../../src/operations/sinkhorn/dialect.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';

const of = (name: string): SinkhornDialect => sinkhornPresets[name]!;

const contradictions: [readonly [string, string], SinkhornDialect][] = [
  [['epsilonInStart', 'start'], { ...of('megatron-main'), epsilonInStart: true }],
  [['epsilon', 'divisor'], { ...of('paper'), epsilon: 1e-6 }],
  [['epsilon', 'divisor'], { ...of('mhc-cu'), epsilon: 0 }],
  [['domain', 'epsilon'], { ...of('transformer-engine'), divisor: 'add', epsilon: 1e-6 }],
  [['stabilisation', 'domain'], { ...of('transformer-engine'), stabilisation: 'none' }],
  [['domain', 'start'], { ...of('transformer-engine'), start: 'absolute', stabilisation: 'line-max' }],
  [['stabilisation', 'start'], { ...of('nucleus'), stabilisation: 'line-max' }],
  [['smallRows', 'divisor'], { ...of('mhc-cu'), smallRows: 'divided' }],
  [['smallColumns', 'divisor'], { ...of('mhc-cu'), smallColumns: 'divided' }],
  [['smallRows', 'divisor'], { ...of('tilekernels'), smallRows: 'kept' }],
  [['smallColumns', 'divisor'], { ...of('tilekernels'), smallColumns: 'zeroed' }],
];

test.each(contradictions)('%s', (fields, dialect) => {
  const parsed = sinkhornDialectSchema.safeParse(dialect);
  const messages = parsed.error?.issues.map(({ message, path }) => [path[0], message] as const) ?? [];
  expect(messages.some(([path, message]) => path === fields[0] && fields.every((field) => new RegExp(`\\b${field}\\b`).test(message)) && message.includes('contradicts'))).toBe(true);
});

const backwards: [readonly [string, string], SinkhornVjpDialect][] = [
  [['derivative', 'start'], { ...sinkhornVjpPresets['nucleus']!, derivative: 'implicit' }],
  [['slopeAtZero', 'start'], { ...sinkhornVjpPresets['tilekernels']!, slopeAtZero: 1 }],
  [['slopeAtZero', 'epsilonInStart'], { ...sinkhornVjpPresets['nucleus']!, epsilonInStart: false }],
];

test.each(backwards)('backward: %s', (fields, dialect) => {
  const parsed = sinkhornVjpDialectSchema.safeParse(dialect);
  expect(parsed.error?.issues.some(({ path, message }) => path[0] === fields[0] && message.includes(fields[1]) && message.includes('contradicts'))).toBe(true);
});

test('fields outside their range are refused', () => {
  for (const fields of [{ temperature: 0 }, { temperature: -1 }, { stopBelow: -1e-6 }, { iterations: 0 }, { start: 'softplus' }, { smallRows: 'halved' }]) {
    expect(sinkhornDialectSchema.safeParse({ ...of('paper'), ...fields }).success).toBe(false);
  }
});

test('every preset of every operation is valid, complete and, where it is read from somewhere, says where', () => {
  for (const operation of Object.values(operations)) {
    for (const [name, dialect] of Object.entries(operation.presets)) {
      expect(operation.dialectSchema.parse(dialect), `${operation.id} ${name}`).toEqual(dialect);
    }
    for (const [name, { source }] of Object.entries(operation.presetSources ?? {})) {
      expect(Object.keys(operation.presets)).toContain(name);
      expect(source).toMatch(/@[0-9a-f]{8}|arXiv|generic|file id/);
    }
  }
  expect(Object.keys(operations.sinkhorn.presetSources!)).toEqual(Object.keys(sinkhornPresets));
});

test('different dialects read differently', () => {
  for (const operation of [operations.sinkhorn, operations['sinkhorn-vjp']]) {
    const readings = new Map<string, string>();
    for (const [name, dialect] of Object.entries(operation.presets)) {
      const key = JSON.stringify(operation.reading!(dialect));
      const same = readings.get(key) ?? JSON.stringify(dialect);
      expect(JSON.parse(JSON.stringify(dialect)), name).toEqual(JSON.parse(same));
      readings.set(key, same);
    }
  }
});

test('a declaration that contradicts itself is refused with both names, at the kernel', () => {
  const run = (): never => {
    throw new Error('never called');
  };
  expect(() => resolveKernel(operations.sinkhorn, { dialect: { preset: 'tilekernels', divisor: 'threshold' }, arithmetic: 'ieee-f32', run }, 'mine')).toThrow(
    /smallRows 'divided' contradicts divisor 'threshold'/,
  );
});
