/** The sentence beside a failure, for planted faults and for kernels that do not answer. */
import { expect, test } from 'vitest';

import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import { explainFailure } from '../../../src/identify/explain.ts';
import { identifyKernel } from '../../../src/identify/identify.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { mostShapeProblems } from '../../../src/identify/shape/shape.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { counted } from './support.ts';

const right = referenceKernels();

async function sentence(declaration: KernelDeclaration, operation: 'sinkhorn' | 'stream-write' = 'sinkhorn'): Promise<string> {
  const { kernel, problems } = counted(declaration);
  const explanation = await explainFailure('mine', operation, kernel, { callTimeoutMs: 200 });
  expect(problems()).toBeLessThanOrEqual(64 + mostShapeProblems);
  expect(explanation!.problems).toBe(problems());
  return explanation!.sentence;
}

const planted = (name: string): KernelDeclaration => plantedFaults.find((fault) => fault.name === name)!.kernel;

test.each([
  ['forward-one-iteration-less', 'computes `tilekernels` with 19 iterations; it declares 20'],
  ['forward-one-iteration-more', 'computes `tilekernels` with 21 iterations; it declares 20'],
  ['forward-epsilon-ten-times', 'computes `tilekernels` with epsilon 1e-5; it declares 1e-6'],
  ['forward-epsilon-tenth', 'computes `tilekernels` with epsilon 1e-7; it declares 1e-6'],
  ['forward-epsilon-only-in-start', 'computes `tilekernels` with divisor plain; it declares add'],
  ['forward-add-for-clamp', 'computes `megatron-main` with divisor add; it declares clamp'],
  ['forward-columns-first', 'computes `tilekernels` with lastNormalised rows; it declares columns'],
  ['forward-no-maximum', 'computes `tilekernels` with stabilisation none; it declares line-max'],
  ['forward-output-transposed', 'computes the transpose of its declaration'],
  ['forward-input-transposed', 'computes its declaration on transposed logits'],
  ['forward-logits-through-bf16', 'computes its declaration, with its logits read as bf16'],
  ['forward-logits-through-tf32', 'computes its declaration, with its logits read as tf32'],
])('%s', async (fault, expected) => {
  expect(await sentence(planted(fault))).toBe(expected);
});

test('another preset with other iterations', async () => {
  const paper = referenceKernels({ sinkhorn: { ...sinkhornPresets['paper']!, iterations: 10 } }).sinkhorn;
  expect(await sentence({ ...right.sinkhorn, run: paper.run })).toBe('computes `paper` with 10 iterations; it declares `tilekernels` or `liger` with 20 iterations');
});

test('clamp for add, where an epsilon in the start hides the clamp', async () => {
  const explained = await sentence(planted('forward-clamp-for-add'));
  expect(explained).toMatch(/^computes `tilekernels` with divisor (plain|clamp); it declares add$/);
});

test('one precision lower: what it computes is right, and coarse', async () => {
  expect(await sentence(planted('forward-output-through-bf16'))).toBe(
    'computes its declaration on 51 simple problems, rounding as bf16-storage may: the fault is not in its dialect. Every answer is a bf16 number, though f32 is declared: it is stored or computed in bf16.',
  );
  const iterations = await sentence(planted('forward-bf16-iterations'));
  expect(iterations).toMatch(/^computes no known dialect; nearest is `tilekernels`/);
  expect(iterations).toContain('Every answer is a bf16 number, though f32 is declared');
});

test('no dialect: the nearest, and by how much it misses', async () => {
  expect(await sentence(planted('forward-threshold-zeroes'))).toMatch(/^computes no known dialect; nearest is `tilekernels` or `liger`, which is off by \d.* × its bound on 'triangle.*' and fails \d+ of \d+ probes$/);
});

test('orientation of a mixing kernel', async () => {
  const plain = referenceKernels({ sinkhorn: sinkhornPresets['liger']! })['stream-write'];
  expect(await sentence({ ...right['stream-write'], run: plain.run }, 'stream-write')).toBe('computes `tilekernels` with orientation plain; it declares transposed');
});

test.each<[string, KernelDeclaration['run'], RegExp]>([
  ['throws', () => { throw new Error('no device'); }, /^does not answer: failed: The kernel threw: no device$/],
  ['never answers', () => new Promise(() => undefined), /^does not answer: timed-out: The kernel did not answer within 200 ms\.$/],
  ['returns NaN', (_, { tokens, streams: n }) => ({ residualMapping: tensor(new Float64Array(tokens * n * n).fill(Number.NaN), [tokens, n, n]) }), /^returns no finite number$/],
  ['returns another shape', (_, { tokens }) => ({ residualMapping: tensor(new Float64Array(tokens), [tokens]) }), /^does not answer: wrong-shape/],
])('a kernel that %s', async (_, run, expected) => {
  expect(await sentence({ ...right.sinkhorn, run })).toMatch(expected);
});

test('a kernel whose answers vary within rounding is identified, and said to vary', async () => {
  let call = 0;
  const run: KernelDeclaration['run'] = (inputs, sizes) => {
    const values = valuesOf(right.sinkhorn.run(inputs, sizes)['residualMapping']!);
    call++;
    return { residualMapping: tensor(values.map((value, k) => value * (1 + (call > 2 ? k % 2 : 0) * 2 ** -23)), [sizes.tokens, sizes.streams, sizes.streams]) };
  };
  const explained = await sentence({ ...right.sinkhorn, run });
  expect(explained).toContain('computes its declaration');
  expect(explained).toContain('The same problems, asked again without their neighbours, have other answers');
});

test('a kernel that only fails on huge logits leaves what it subtracts open', async () => {
  const run: KernelDeclaration['run'] = (inputs, sizes) => {
    if (valuesOf(inputs['logits']!).some((value) => Math.abs(value) > 1000)) throw new Error('out of range');
    return right.sinkhorn.run(inputs, sizes);
  };
  const found = (await identifyKernel('sinkhorn', { ...right.sinkhorn, run }))!;
  expect(found.verdict).toBe('identified');
  const stabilisation = found.fields.find(({ field }) => field === 'stabilisation')!;
  expect(stabilisation.status).toBe('ambiguous');
  expect([stabilisation.value, ...stabilisation.alternatives].map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(['line-max', 'matrix-max', 'none']);
  expect(found.notes.join()).toContain('On logits of ±1024 it does not answer');
});

test('a stop ends it without a result', async () => {
  expect(await identifyKernel('sinkhorn', right.sinkhorn, { stopped: () => true })).toBeUndefined();
  let asked = 0;
  expect(await identifyKernel('sinkhorn', right.sinkhorn, { stopped: () => ++asked > 20 })).toBeUndefined();
});

test('what cannot be identified is a usage error', async () => {
  await expect(identifyKernel('stream-read', right['stream-read'])).rejects.toMatchObject({ code: 'bad-usage' });
  await expect(identifyKernel('sinkhorn', { ...right.sinkhorn, streams: [4] }, { streams: 8 })).rejects.toMatchObject({ code: 'bad-usage' });
  await expect(identifyKernel('sinkhorn', { ...right.sinkhorn, streams: [1] })).rejects.toMatchObject({ code: 'bad-usage' });
});
