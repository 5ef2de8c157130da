/** The shape of planted faults: the sentence that each gets, and that none is told of kernels without one. */
import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import { explainFailure } from '../../../src/identify/explain.ts';
import { shapeOf } from '../../../src/identify/shape/shape.ts';
import { operations, referenceKernels, resolveKernel, type KernelDeclaration, type OperationId } from '../../../src/index.ts';
import { KernelCaller } from '../../../src/verify/call.ts';

async function sentence(operation: OperationId, declaration: KernelDeclaration): Promise<string | undefined> {
  const kernel = resolveKernel(operations[operation], declaration, operation);
  return (await shapeOf(kernel, new KernelCaller(kernel, declaration.run, 1000))).sentence;
}

const lower = 'computes one precision lower:';
const told: [fault: string, sentence: string][] = [
  // transposed
  ['forward-output-transposed', 'returns residualMapping transposed'],
  ['forward-input-transposed', 'reads logits transposed'],
  ['backward-transposed', 'returns logitsGradient transposed'],
  ['backward-cotangent-transposed', 'reads cotangent transposed'],
  ['write-vjp-mapping-transposed', 'returns residualMappingGradient transposed'],
  ['stack-composite-transposed', 'returns composite transposed'],
  ['mappings-residual-transposed', 'returns residualMapping transposed'],
  ['write-plain-for-transposed', 'computes `tilekernels` with orientation plain; it declares transposed; or, which is the same here, reads residualMapping transposed'],
  // rows and columns
  ['forward-columns-first', 'computes `tilekernels` with lastNormalised rows; it declares columns'],
  ['backward-columns-first', 'computes `tilekernels` with lastNormalised rows; it declares columns'],
  ['read-channels-first', 'reads streams as [channels, streams]'],
  // iterations
  ['forward-one-iteration-less', 'computes `tilekernels` with 19 iterations; it declares 20'],
  ['forward-one-iteration-more', 'computes `tilekernels` with 21 iterations; it declares 20'],
  ['backward-one-iteration-less', 'computes `tilekernels` with 19 iterations; it declares 20'],
  ['mappings-one-iteration-less', 'computes `tilekernels` with 19 iterations; it declares 20'],
  ['stack-last-skipped', 'leaves out the last sublayer'],
  ['stack-first-skipped', 'leaves out the first sublayer'],
  // tokens
  ['read-pre-of-previous-token', 'reads preMapping one token off: each token has that of the token before'],
  ['write-mapping-of-token-zero', 'reads residualMapping of token 0 for every token'],
  ['backward-cotangent-of-token-zero', 'reads cotangent of token 0 for every token'],
  // streams, channels, sublayers
  ['write-post-rotated', 'reads postMapping one stream off: each has that of the stream before'],
  ['write-channels-rotated', 'returns nextStreams one channel off: each has that of the channel before'],
  ['stack-order-reversed', 'reads residualMappings with its sublayers in reverse order'],
  ['write-vjp-last-channel-missing', 'reads layerOutput with zeros in the last channel'],
  ['write-channel-tail-zero', 'returns nextStreams with zeros beyond the last multiple of 4 channels'],
  // precision
  ['forward-logits-through-bf16', `${lower} it rounds logits to bf16 when it reads it`],
  ['forward-output-through-bf16', `${lower} it returns residualMapping rounded to bf16`],
  ['write-mapping-through-bf16', `${lower} it rounds residualMapping to bf16 when it reads it`],
  ['mappings-bf16-projection', `${lower} it rounds projection to bf16 when it reads it`],
  // epsilon
  ['forward-epsilon-missing', 'computes `tilekernels` with epsilon 0; it declares 1e-6'],
  ['forward-epsilon-ten-times', 'computes `tilekernels` with epsilon 1e-5; it declares 1e-6'],
  ['forward-epsilon-not-in-start', 'computes `tilekernels` with epsilonInStart false; it declares true'],
  ['mappings-rms-epsilon-ten-times', 'computes `tilekernels` with rmsEpsilon 1e-5; it declares 1e-6'],
  // gates and scales
  ['write-post-one', 'ignores postMapping: it computes as if it were 1'],
  ['mappings-bias-missing', 'ignores biases: it computes as if it were 0'],
  ['read-mean-for-sum', 'returns layerInput divided by the number of streams: a mean for a sum'],
  ['backward-sign', 'returns logitsGradient with the opposite sign; or, which is the same here, reads cotangent with the opposite sign'],
];

test.each(told)('%s %s', async (name, expected) => {
  const fault = plantedFaults.find((one) => one.name === name)!;
  expect(await sentence(fault.operation, fault.kernel)).toBe(expected);
});

/** Faults without a shape that is listed, some of them near to one. */
const silent = [
  'forward-last-half-step-missing', 'forward-stops-early', 'forward-softmax-missing', 'forward-damped', 'forward-bf16-accumulators', 'forward-size-eight-stops', 'forward-epsilon-columns-only',
  'backward-cotangent-averaged', 'backward-cotangent-symmetrised', 'backward-straight-through', 'backward-history-off-by-one', 'write-vjp-symmetrised', 'write-in-place', 'write-output-mixed-too', 'write-residual-kept',
  'stack-last-twice', 'stack-decayed', 'stack-renormalised', 'mappings-tanh-gate', 'mappings-norm-missing', 'mappings-split-twice',
  'system-tail-zero', 'mappings-pre-epsilon-multiplied',
];

test.each(silent)('nothing is told of %s', async (name) => {
  const fault = plantedFaults.find((one) => one.name === name)!;
  expect(await sentence(fault.operation, fault.kernel)).toBeUndefined();
});

describe('a kernel without a fault has no shape', () => {
  const plain = ['sinkhorn', 'sinkhorn-vjp', 'mappings', 'stream-read', 'stream-write', 'stack', 'expand'] as const;
  test.each(plain)('%s of the reference', async (operation) => expect(await sentence(operation, referenceKernels()[operation])).toBeUndefined());
  test.each(['reverse-sums', 'pairwise-sums', 'exp2', 'f64'])('%s', async (name) => {
    for (const [operation, kernel] of Object.entries(legitimate[name]!.kernels).filter(([id]) => (plain as readonly string[]).includes(id))) expect(await sentence(operation as OperationId, kernel), operation).toBeUndefined();
  });
});

test('the sentence of an operation without an identifier is told beside its failure', async () => {
  const fault = plantedFaults.find(({ name }) => name === 'read-channels-first')!;
  expect(await explainFailure('planted', fault.operation, fault.kernel)).toMatchObject({ operation: 'stream-read', verdict: 'identified', sentence: 'reads streams as [channels, streams]' });
});
