/** Every claim about Sinkhorn holds for right kernels, is about something, and rejects a wrong kernel. */
import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { forwardEpsilon } from '../../../fixtures/planted-faults/forward-epsilon.ts';
import { forwardPrecision } from '../../../fixtures/planted-faults/forward-precision.ts';
import { forwardStructure } from '../../../fixtures/planted-faults/forward-structure.ts';
import { sinkhornProperties } from '../../../properties/sinkhorn/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { powerOf } from '../../../src/verify/power.ts';
import { tryProperty } from './harness.ts';

const right = ['tilekernels', 'paper', 'megatron-main', 'log-domain', 'rows-last', 'one-iteration', 'reciprocal-division', 'f64', 'bf16-storage', 'f16-storage'];
const faults = new Map([...forwardEpsilon, ...forwardPrecision, ...forwardStructure].map((fault) => [fault.name, fault.kernel]));

/** A planted fault that each claim rejects. */
const killedBy: Readonly<Record<string, string>> = {
  'sinkhorn/reference-parity': 'forward-one-iteration-less',
  'sinkhorn/positivity': 'forward-division-estimate-12-bits',
  'sinkhorn/last-normalised-sums': 'forward-epsilon-not-in-last-step',
  'sinkhorn/free-side-sums': 'forward-ten-iterations',
  'sinkhorn/cross-ratios': 'forward-epsilon-not-in-start',
  'sinkhorn/pythagoras': 'forward-epsilon-tenth',
  'sinkhorn/variational': 'forward-logits-through-tf32',
  'sinkhorn/row-shift': 'forward-columns-first',
  'sinkhorn/global-shift': 'forward-logits-through-bf16',
  'sinkhorn/column-shift': 'forward-exp-limit',
  'sinkhorn/permutation-equivariance': 'forward-transposed-twice',
  'sinkhorn/transposition': 'forward-ten-iterations',
  'sinkhorn/symmetric-limit': 'forward-stops-early',
  'sinkhorn/duplicate-rows': 'forward-diagonal-favoured',
  'sinkhorn/duplicate-columns': 'forward-sum-of-four-lanes',
  'sinkhorn/constant-logits': 'forward-epsilon-ten-times',
  'sinkhorn/single-stream': 'forward-clamp-for-add',
  'sinkhorn/two-streams': 'forward-epsilon-not-in-start',
  'sinkhorn/two-classes': 'forward-one-iteration-more',
  'sinkhorn/rank-one': 'forward-threshold-zeroes',
  'sinkhorn/circulant': 'forward-small-entries-zeroed',
  'sinkhorn/permutation-spike': 'forward-exp-cut-off',
  'sinkhorn/kronecker': 'forward-log-base-mismatch',
  'sinkhorn/idempotence': 'forward-temperature',
  'sinkhorn/reapplication': 'forward-add-for-clamp',
  'sinkhorn/sharpening': 'forward-input-transposed',
  'sinkhorn/non-expansion': 'forward-output-through-bf16',
  'sinkhorn/entry-monotony': 'forward-absolute-value-for-exp',
};

describe.each(sinkhornProperties.map((property) => [property.id, property] as const))('%s', (id, property) => {
  test.each(right)('holds for %s', async (name) => {
    const tried = await tryProperty(property, legitimate[name]!.kernels['sinkhorn']!, 3, 1024);
    expect(tried.message).toBe('');
    if (tried.unsupported === undefined) expect(tried.judged).toBeGreaterThan(0);
    else expect(tried.unsupported).not.toBe('');
  });

  test(`rejects ${killedBy[id]}`, async () => {
    const tried = await tryProperty(property, faults.get(killedBy[id]!)!, Infinity, 1024);
    expect(tried.held).toBe(false);
    expect(tried.margin).toBeGreaterThan(1);
  });

  test('has the power that it claims', async () => {
    const dialect = sinkhornPresets[id === 'sinkhorn/kronecker' ? 'paper' : 'tilekernels']!;
    for (const { mutation, rejected } of await powerOf(property, 5, dialect)) expect(rejected, mutation).toBe(true);
  });
});
