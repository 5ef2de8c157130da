/** Claims about dialects in all their variants: none is false of a kernel that computes them, and each that is left out says why. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornPresets, sinkhornVjpPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { inProcess } from '../../../src/targets/in-process.ts';
import type { Report } from '../../../src/verify/results.ts';
import { verify } from '../../../src/verify/verify.ts';

const asked = properties.filter(({ operation }) => operation === 'sinkhorn' || operation === 'sinkhorn-vjp');

async function verified(name: string, faulty?: Parameters<typeof referenceKernels>[0]): Promise<Report> {
  const { derivative, slopeAtZero, ...backward } = sinkhornVjpPresets[name]!;
  const right = referenceKernels({ sinkhorn: sinkhornPresets[name]! });
  const vjp = referenceKernels({ sinkhorn: backward, derivative, slopeAtZero })['sinkhorn-vjp'];
  const runs = faulty === undefined ? undefined : referenceKernels(faulty);
  const kernels = {
    sinkhorn: { ...right.sinkhorn, run: (runs ?? right).sinkhorn.run },
    'sinkhorn-vjp': { ...vjp, run: (runs?.['sinkhorn-vjp'] ?? vjp).run },
  };
  return verify({ targets: [inProcess(name, { kernels })], properties: asked, effort: 'quick', seed: 3, runs: 3, shrink: false, failuresDir: mkdtempSync(join(tmpdir(), 'plumbline-variants-')) });
}

const failedOf = ({ results }: Report): string[] => results.filter(({ status }) => status === 'failed').map(({ property, reason }) => `${property}: ${reason}`);

// the forms of the others are those that all other tests of properties use
const varied = ['tileops', 'mhc-cu', 'lucidrains', 'tokenbender', 'mhc-lite-baseline', 'nucleus', 'mhc-mlx', 'pmetal'];

test.each(varied)('a right kernel of %s fails no claim', async (name) => {
  const report = await verified(name);
  expect(failedOf(report)).toEqual([]);
  for (const { status, reason } of report.results) expect(status === 'passed' || (status === 'unsupported' && reason !== undefined)).toBe(true);
  expect(report.results.filter(({ status, operation }) => status === 'passed' && operation === 'sinkhorn-vjp').length).toBeGreaterThan(4);
});

describe('each variant, left out or done otherwise, is detected', () => {
  const faults: [string, string, Parameters<typeof referenceKernels>[0]][] = [
    ['mhc-cu', 'small columns kept', { sinkhorn: { ...sinkhornPresets['mhc-cu']!, smallColumns: 'kept' } }],
    ['mhc-cu', 'small rows zeroed', { sinkhorn: { ...sinkhornPresets['mhc-cu']!, smallRows: 'zeroed' } }],
    ['mhc-cu', 'clamp for threshold', { sinkhorn: { ...sinkhornPresets['mhc-cu']!, divisor: 'clamp', smallRows: 'divided', smallColumns: 'divided' } }],
    ['tokenbender', 'temperature forgotten', { sinkhorn: { ...sinkhornPresets['tokenbender']!, temperature: 1 } }],
    ['nucleus', 'exponential for |L|', { sinkhorn: { ...sinkhornPresets['nucleus']!, start: 'exp', epsilonInStart: false } }],
    ['nucleus', 'epsilon not in the start', { sinkhorn: { ...sinkhornPresets['nucleus']!, epsilonInStart: false } }],
    ['pmetal', 'stops far too early', { sinkhorn: { ...sinkhornPresets['pmetal']!, stopBelow: 1e-2 } }],
  ];
  test.each(faults)('%s: %s', async (name, _fault, options) => {
    expect(failedOf(await verified(name, options)).length).toBeGreaterThan(0);
  });

  test('nucleus: the other slope at zero', async () => {
    const report = await verified('nucleus', { sinkhorn: sinkhornPresets['nucleus']!, slopeAtZero: 0 });
    expect(failedOf(report).every((line) => line.startsWith('gradient/'))).toBe(true);
    expect(failedOf(report).length).toBeGreaterThan(0);
  });
});
