/** Every claim about Sinkhorn's gradient holds for right kernels, is about something, and rejects a wrong kernel. */
import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { backwardSinkhorn } from '../../../fixtures/planted-faults/backward-sinkhorn.ts';
import { gradientProperties } from '../../../properties/gradient/index.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { bf16round } from '../../../src/tensor/codecs.ts';
import { powerOf } from '../../../src/verify/power.ts';
import { tryProperty } from './harness.ts';

const right = ['tilekernels', 'paper', 'log-domain', 'rows-last', 'one-iteration', 'recomputed-backward', 'implicit-backward', 'f64', 'bf16-storage', 'f16-storage'];
const faults = new Map<string, KernelDeclaration>(backwardSinkhorn.map((fault) => [fault.name, fault.kernel]));
// most planted faults have an ε; the rank-one form is about dialects without
faults.set('paper in bf16', { ...referenceKernels({ sinkhorn: sinkhornPresets['paper']!, round: bf16round })['sinkhorn-vjp'], arithmetic: 'ieee-f32' });

const killedBy: Readonly<Record<string, string>> = {
  'gradient/vjp-parity': 'backward-clamp-as-sum',
  'gradient/adjoint': 'backward-history-off-by-one',
  'gradient/row-sums': 'backward-softmax-term-missing',
  'gradient/column-sums': 'backward-one-iteration-of-three',
  'gradient/constant-cotangent': 'backward-last-half-step-missing',
  'gradient/cotangent-shift': 'backward-implicit-one-sweep',
  'gradient/additivity': 'backward-gradient-clipped',
  'gradient/homogeneity': 'backward-gradient-f16',
  'gradient/symmetry': 'backward-cotangent-symmetrised',
  'gradient/semidefinite': 'backward-sign',
  'gradient/half-contraction': 'backward-straight-through',
  'gradient/permutation-equivariance': 'backward-cotangent-symmetrised',
  'gradient/row-shift': 'backward-columns-first',
  'gradient/constant-logits': 'backward-epsilon-not-in-divisor',
  'gradient/rank-one-logits': 'paper in bf16',
  'gradient/two-streams': 'backward-implicit-one-sweep',
  'gradient/two-classes': 'backward-one-iteration-less',
};

describe.each(gradientProperties.map((property) => [property.id, property] as const))('%s', (id, property) => {
  test.each(right)('holds for %s', async (name) => {
    const tried = await tryProperty(property, legitimate[name]!.kernels['sinkhorn-vjp']!, 3, 512);
    expect(tried.message).toBe('');
    if (tried.unsupported === undefined) expect(tried.judged).toBeGreaterThan(0);
    else expect(tried.unsupported).not.toBe('');
  });

  test(`rejects ${killedBy[id]}`, async () => {
    const tried = await tryProperty(property, faults.get(killedBy[id]!)!, Infinity, 512);
    expect(tried.held).toBe(false);
    expect(tried.margin).toBeGreaterThan(1);
  });

  test('has the power that it claims', async () => {
    const dialect = sinkhornPresets[id === 'gradient/rank-one-logits' ? 'paper' : 'tilekernels']!;
    for (const { mutation, rejected } of await powerOf(property, 5, dialect)) expect(rejected, mutation).toBe(true);
  });
});
