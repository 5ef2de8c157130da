/** The nodes of the training graph against the f64 references, and the training loop in small. */
import { beforeAll, describe, expect, test } from 'vitest';

import { campaign, type TrainingReport } from '../../../src/compare/train/campaign.ts';
import { designNamed, designs } from '../../../src/compare/designs.ts';
import { mappingOp } from '../../../src/compare/train/mapping-op.ts';
import { readOp, writeOp } from '../../../src/compare/train/mixing-op.ts';
import { createNetwork } from '../../../src/compare/train/network.ts';
import { createVariables, startParameters } from '../../../src/compare/train/parameters.ts';
import { drawBatch, task } from '../../../src/compare/train/task.ts';
import { Random } from '../../../src/generate/random.ts';
import type { Tf } from '../../../src/kernels/tfjs/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import type { OperationId, Values } from '../../../src/operations/operation.ts';
import { loaders } from '../../../src/targets/tfjs-backends.ts';

let tf: Tf;
beforeAll(async () => {
  const loaded = await loaders.wasm();
  if (!('tf' in loaded)) throw new Error(loaded.reason);
  tf = loaded.tf;
  await tf.setBackend('wasm');
});

const f32 = resolveArithmetic('ieee-f32');
const [tokens, n, channels] = [6, 4, 5];
const sizes = { tokens, streams: n, channels, depth: 1 };
const draw = (count: number, seed: number): Float64Array => {
  const random = new Random(seed, 21);
  return Float64Array.from({ length: count }, () => Math.fround(random.normal()));
};
const node = (values: Float64Array, shape: number[]) => tf.tensor(Float32Array.from(values), shape, 'float32');

/** Every number within the bound of an f32 kernel: these nodes compute in f64 and round once. */
function expectWithin(id: OperationId, inputs: Values, dialect: unknown, port: string, measured: ArrayLike<number>): void {
  const { values, errors } = operations[id].bounded(inputs, sizes, dialect, f32, { [port]: 'f32' });
  expect(measured).toHaveLength(values[port]!.length);
  Array.from(measured).forEach((value, at) => expect(Math.abs(value - values[port]![at]!), `${port}[${at}]`).toBeLessThanOrEqual(errors[port]![at]!));
}

describe('nodes of the graph and their gradients are those of the operations', () => {
  test.each(designs.filter(({ form, transposed }) => form === 'logits' && !transposed).map((design) => [design.name, design] as const))('the mapping of %s', (_, design) => {
    const logits = draw(tokens * design.count(n), 1);
    const cotangent = draw(tokens * n * n, 2);
    const f = (z: ReturnType<typeof node>) => mappingOp(tf, design, z, n);
    const z = node(logits, [tokens, design.count(n)]);
    expectWithin(design.operation, { [design.port]: logits }, design.dialect, 'residualMapping', f(z).dataSync());
    const dialect = design.operation === 'sinkhorn' ? { ...(design.dialect as object), derivative: 'unrolled' } : design.dialect;
    expectWithin(`${design.operation}-vjp` as OperationId, { [design.port]: logits, cotangent }, dialect, `${design.port}Gradient`, tf.grad(f)(z, node(cotangent, [tokens, n, n])).dataSync());
  });

  test('the unconstrained mapping, from tanh and its gradient in tfjs', () => {
    const inputs = { logits: draw(tokens * n * n, 3), staticMapping: draw(tokens * n * n, 4), gate: draw(tokens, 5), cotangent: draw(tokens * n * n, 6) };
    const dialect = designNamed('hyper-connections').dialect;
    const f = (z: ReturnType<typeof node>, b: ReturnType<typeof node>) => tf.add(b, tf.mul(node(inputs.gate, [tokens, 1, 1]), tf.tanh(z)));
    const [z, b] = [node(inputs.logits, [tokens, n, n]), node(inputs.staticMapping, [tokens, n, n])];
    // tanh of tfjs-wasm is that of the C library, within 2 ULP, and forms its slope from it
    const wider = resolveArithmetic({ preset: 'ieee-f32', tanh: { relative: 4, absolute: 0 } });
    const { values, errors } = operations['hyper-connection'].bounded(inputs, sizes, dialect, wider, {});
    f(z, b).dataSync().forEach((value, at) => expect(Math.abs(value - values['residualMapping']![at]!)).toBeLessThanOrEqual(errors['residualMapping']![at]!));
    const gradients = operations['hyper-connection-vjp'].bounded(inputs, sizes, dialect, wider, {});
    const [toLogits, toStatic] = tf.grads(f)([z, b], node(inputs.cotangent, [tokens, n, n]));
    for (const [port, measured] of [['logitsGradient', toLogits], ['staticMappingGradient', toStatic]] as const) {
      measured!.dataSync().forEach((value, at) => expect(Math.abs(value - gradients.values[port]![at]!)).toBeLessThanOrEqual(gradients.errors[port]![at]!));
    }
  });

  test('reading', () => {
    const inputs = { preMapping: draw(tokens * n, 7), streams: draw(tokens * n * channels, 8), cotangent: draw(tokens * channels, 9) };
    const nodes = [node(inputs.preMapping, [tokens, n]), node(inputs.streams, [tokens, n, channels])] as const;
    const f = (pre: ReturnType<typeof node>, x: ReturnType<typeof node>) => readOp(tf, pre, x, { tokens, n, channels });
    expectWithin('stream-read', inputs, {}, 'layerInput', f(...nodes).dataSync());
    const gradients = tf.grads(f)([...nodes], node(inputs.cotangent, [tokens, channels]));
    ['preMappingGradient', 'streamsGradient'].forEach((port, k) => expectWithin('stream-read-vjp', inputs, {}, port, gradients[k]!.dataSync()));
  });

  test('writing', () => {
    const inputs = {
      residualMapping: draw(tokens * n * n, 10), postMapping: draw(tokens * n, 11), streams: draw(tokens * n * channels, 12), layerOutput: draw(tokens * channels, 13), cotangent: draw(tokens * n * channels, 14),
    };
    const dialect = { orientation: 'plain' };
    const nodes = [node(inputs.residualMapping, [tokens, n, n]), node(inputs.postMapping, [tokens, n]), node(inputs.streams, [tokens, n, channels]), node(inputs.layerOutput, [tokens, channels])] as const;
    type Node = ReturnType<typeof node>;
    const f = (e: Node, post: Node, x: Node, y: Node) => writeOp(tf, e, post, x, y, { tokens, n, channels });
    expectWithin('stream-write', inputs, dialect, 'nextStreams', f(...nodes).dataSync());
    const gradients = tf.grads(f)([...nodes], node(inputs.cotangent, [tokens, n, channels]));
    ['residualMappingGradient', 'postMappingGradient', 'streamsGradient', 'layerOutputGradient'].forEach((port, k) => expectWithin('stream-write-vjp', inputs, dialect, port, gradients[k]!.dataSync()));
  });
});

const shape = { depth: 4, width: 6, hidden: 8, streams: 4, batch: 3 };

describe('the network', () => {
  test.each(designs.map((design) => [design.name, design] as const))('%s starts as a Pre-Norm network: its loss is near that of the plain residual', (_, design) => {
    const lossOf = (name: string): number => {
      const variables = createVariables(tf, startParameters(designNamed(name), shape, task, 5));
      const loss = tf.tidy(() => createNetwork(tf, designNamed(name), shape, task).loss(variables, drawBatch(task, shape.batch, 5, 0)).dataSync()[0]!);
      tf.dispose(variables);
      return loss;
    };
    // pre is within σ(−4) = 0.018 of one-hot and E within n·e^−8 of I, in each of 4 sublayers of size 1/2
    expect(Math.abs(lossOf(design.name) - lossOf('plain-residual'))).toBeLessThan(4 * 4 * 0.018 * Math.log(task.symbols));
  });

  test('what the designs share starts with the same numbers', () => {
    const [a, b] = ['mhc', 'plain-residual'].map((name) => startParameters(designNamed(name), shape, task, 5));
    for (const name of Object.keys(b!)) expect(a![name]).toEqual(b![name]);
  });
});

describe('a campaign', () => {
  const run = (options: Partial<Parameters<typeof campaign>[2]> = {}): Promise<TrainingReport> =>
    campaign(tf, 'wasm', { designs: ['mhc', 'plain-residual'].map(designNamed), seeds: [1], learningRates: [0.01], steps: 3, shape, maxTimeMs: undefined, signal: undefined, onProgress: () => undefined, ...options });

  test('records every step, is repeatable, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const report = await run();
    expect(tf.memory().numTensors).toBe(before);
    expect(report.status).toBe('complete');
    expect(report.runs.map(({ steps, losses, gradientNorms, nonFiniteSteps }) => [steps, losses.length, gradientNorms.length, nonFiniteSteps])).toEqual([[3, 3, 3, 0], [3, 3, 3, 0]]);
    expect(report.runs[0]!.snapshots.map(({ step, gradientByLayer }) => [step, gradientByLayer.length])).toEqual([[0, 4], [1, 4], [2, 4]]);
    // rows of the paper's mapping are exact to rounding, so the composite's row sums are 1
    for (const { compositeForward } of report.runs[0]!.snapshots) expect(Math.abs(compositeForward! - 1)).toBeLessThan(4 * 8 * 2 ** -24);
    const again = await run();
    expect(again.runs.map(({ losses }) => losses)).toEqual(report.runs.map(({ losses }) => losses));
  });

  test('learns: at the end the loss is lower', async () => {
    const { runs } = await run({ designs: [designNamed('plain-residual')], steps: 120 });
    const mean = (values: readonly (number | null)[]): number => values.reduce<number>((sum, value) => sum + value!, 0) / values.length;
    expect(mean(runs[0]!.losses.slice(-20))).toBeLessThan(mean(runs[0]!.losses.slice(0, 20)));
  });

  test('counts steps that are not finite, and changes no parameter in them', async () => {
    const { runs } = await run({ designs: [designNamed('plain-residual')], learningRates: [Infinity], steps: 4 });
    expect(runs[0]!.nonFiniteSteps).toBeGreaterThan(0);
    expect(runs[0]!.losses).toContain(null);
  });

  test('ends at once when asked to, and says so', async () => {
    const controller = new AbortController();
    const stopped = await run({ steps: 100, signal: controller.signal, onProgress: ({ step }) => void (step === 1 && controller.abort()) });
    expect([stopped.status, stopped.runs.map(({ steps }) => steps)]).toEqual(['interrupted', [2]]);
    expect((await run({ maxTimeMs: 1, steps: 100 })).status).toBe('out-of-time');
  });
});
