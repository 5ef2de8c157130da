import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { batchInvariantBackends, type MappingsFields, type TfjsBackend } from '../../../src/kernels/tfjs/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations, relativeIds } from '../../../src/operations/index.ts';
import { elementsOf, isShared, shapeOf, type OperationId, type Port, type Sizes } from '../../../src/operations/operation.ts';
import { halfSteps, sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { loaders } from '../../../src/targets/tfjs-backends.ts';
import { alone } from '../../../src/targets/tfjs-engine.ts';
import { tfjsTarget } from '../../../src/targets/tfjs.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { decisive, edges } from '../operations/sinkhorn-variants.ts';
import { decoded, inputsOf, opened, run, testedBackends } from './support.ts';

const ids = (Object.keys(operations) as OperationId[]).filter((id) => !relativeIds.includes(id));
const tilekernels = sinkhornPresets['tilekernels']!;

const dialects: Record<string, SinkhornDialect> = {
  ...sinkhornPresets,
  'softmax, matrix maximum': { ...tilekernels, stabilisation: 'matrix-max', iterations: 3 },
  'softmax, no maximum, clamp': { ...tilekernels, stabilisation: 'none', divisor: 'clamp', iterations: 4 },
  'rows last': { ...tilekernels, lastNormalised: 'rows', iterations: 1 },
  'log domain from a softmax': { ...sinkhornPresets['log-domain']!, start: 'softmax', stabilisation: 'matrix-max', lastNormalised: 'rows' },
};

const norms: Record<string, MappingsFields> = {
  'a norm weight': { normWeight: true },
  'a norm per stream': { norm: 'per-stream', normWeight: true },
  'ε outside the root': { rmsEpsilonPlace: 'outside', rmsEpsilon: 1e-3 },
  'no norm': { norm: 'none', rmsEpsilon: 0 },
  'no ε, gates as they are': { rmsEpsilon: 0, preEpsilon: 0, postMultiplier: 1 },
};

function sizesOf(tokens: number, streams: number): Sizes {
  return { tokens, streams, channels: 7, depth: 4 };
}

/** Operations of several sublayers. */
function isChain(id: OperationId): boolean {
  return id.startsWith('layer-stack') || id.startsWith('single-pass');
}

/** Whether a port of an operation has a part for each token. */
function ofTokens(id: OperationId, name: string): boolean {
  const ports: readonly Port[] = [...operations[id].inputs, ...operations[id].outputs];
  return !isShared(ports.find((port) => port.name === name)!);
}

/** Runs one operation and finds the first element outside the bound that the declared arithmetic allows. */
async function firstOutside(backend: TfjsBackend, dialect: SinkhornDialect, id: OperationId, sizes: Sizes, seed: number, scale?: number, mappings?: MappingsFields): Promise<string | undefined> {
  const kernel = (await opened(tfjsTarget(backend, dialect, mappings)))[id]!;
  const operation = operations[id];
  const inputs = inputsOf(operation, sizes, seed, scale);
  const outputs = await run(kernel, inputs, sizes);
  const dtypes = Object.fromEntries(operation.outputs.map((port) => [port.name, 'f32' as const]));
  const allowed = operation.bounded(decoded(inputs), sizes, operation.dialectSchema.parse(kernel.dialect), resolveArithmetic(kernel.arithmetic), dtypes);
  // the bound of a chain of sublayers is lost where its logits are off by too much; that of single operations never is here
  if (!isChain(id)) expect(Array.from(allowed.certified)).toEqual(Array.from({ length: sizes.tokens }, () => 1));
  else if (sizes.streams <= 2) expect(allowed.certified).toContain(1);
  for (const port of operation.outputs) {
    const output = outputs[port.name]!;
    expect(output.shape).toEqual(shapeOf(port, sizes));
    const values = valuesOf(output);
    for (let i = 0; i < values.length; i++) {
      const error = Math.abs(values[i]! - allowed.values[port.name]![i]!);
      if (!(error <= allowed.errors[port.name]![i]!)) return `${port.name}[${i}] is off by ${error}, allowed ${allowed.errors[port.name]![i]}`;
    }
  }
  return undefined;
}

describe.each(testedBackends)('tfjs-%s kernels', (backend) => {
  it.each(ids)('%s stays within its bound for every n', async (id) => {
    for (const n of [1, 2, 3, 4, 5, 16]) {
      for (const tokens of [1, 3]) expect(await firstOutside(backend, tilekernels, id, { ...sizesOf(tokens, n), depth: isChain(id) ? 2 : 4 }, n + tokens)).toBeUndefined();
    }
  });

  it.each(Object.keys(dialects))('the dialect %s and its gradient stay within their bounds', async (name) => {
    for (const n of [1, 2, 4, 5]) {
      for (const id of ['sinkhorn', 'sinkhorn-vjp'] as const) expect(await firstOutside(backend, dialects[name]!, id, sizesOf(3, n), 10 * n)).toBeUndefined();
    }
  });

  it.each(edges)('where variants decide: %s', async (_, dialect) => {
    const sizes = sizesOf(25, 3);
    const random = new Random(12);
    const logits = Float32Array.from(Array.from({ length: 25 }, (__, round) => Array.from(decisive(3, round, dialect, () => random.normal()))).flat());
    const cotangent = Float32Array.from(logits, () => random.normal());
    const kernels = await opened(tfjsTarget(backend, dialect));
    for (const id of ['sinkhorn', 'sinkhorn-vjp'] as const) {
      const inputs = Object.fromEntries(operations[id].inputs.map(({ name }) => [name, tensor(Float64Array.from(name === 'logits' ? logits : cotangent), [25, 3, 3])]));
      const [output] = Object.values(await run(kernels[id]!, inputs, sizes)).map(valuesOf);
      const port = operations[id].outputs[0]!.name;
      const { values, errors, certified } = operations[id].bounded(decoded(inputs), sizes, operations[id].dialectSchema.parse(kernels[id]!.dialect), resolveArithmetic(kernels[id]!.arithmetic), { [port]: 'f32' });
      expect(certified.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(4);
      output!.forEach((value, k) => {
        if (certified[Math.floor(k / 9)] === 1) expect(Math.abs(value - values[port]![k]!)).toBeLessThanOrEqual(errors[port]![k]!);
      });
    }
  });

  it.each(Object.entries(norms))('mappings with %s', async (_name, fields) => {
    for (const n of [1, 2, 4]) {
      for (const id of ['mappings', 'mappings-vjp'] as const) expect(await firstOutside(backend, tilekernels, id, sizesOf(3, n), n, undefined, fields)).toBeUndefined();
    }
  });

  it('tokens of 2000 entries and more', async () => {
    for (const id of ['mappings', 'mappings-vjp'] as const) expect(await firstOutside(backend, tilekernels, id, { tokens: 6, streams: 4, channels: 640, depth: 1 }, 8)).toBeUndefined();
  });

  it('logits of any width', async () => {
    for (const scale of [0, 2 ** -140, 1e-3, 40, 1e4]) expect(await firstOutside(backend, tilekernels, 'sinkhorn', sizesOf(16, 4), 7, scale)).toBeUndefined();
    // beyond this width the backward bound's expansion does not converge, and nothing is claimed
    for (const scale of [0, 2 ** -140, 1e-3, 40]) expect(await firstOutside(backend, tilekernels, 'sinkhorn-vjp', sizesOf(16, 4), 7, scale)).toBeUndefined();
  });

  it('both orientations of mixing', async () => {
    const plain: SinkhornDialect = { ...tilekernels, orientation: 'plain' };
    for (const id of ['stream-write', 'stream-write-vjp', 'stack', 'stack-vjp'] as const) {
      expect(await firstOutside(backend, plain, id, sizesOf(3, 4), 5)).toBeUndefined();
      expect(await firstOutside(backend, plain, id, { ...sizesOf(1, 3), depth: 1 }, 6)).toBeUndefined();
    }
  });

  it('tied logits keep an exact gradient', async () => {
    const kernel = (await opened(tfjsTarget(backend, dialects['log-domain'])))['sinkhorn-vjp']!;
    const sizes = sizesOf(1, 4);
    const inputs = inputsOf(operations['sinkhorn-vjp'], sizes, 3);
    inputs['logits']!.data.fill(2);
    const gradient = valuesOf((await run(kernel, inputs, sizes))['logitsGradient']!);
    const cotangent = valuesOf(inputs['cotangent']!);
    // at the uniform matrix the derivative is the projection that removes row and column means, scaled by 1/n; inputs below 1, all in units of u
    const mean = (indices: number[]): number => indices.reduce((sum, i) => sum + cotangent[i]!, 0) / indices.length;
    const all = mean([...cotangent.keys()]);
    for (let i = 0; i < 16; i++) {
      const row = mean([0, 1, 2, 3].map((k) => 4 * Math.floor(i / 4) + k));
      const column = mean([0, 1, 2, 3].map((k) => 4 * k + (i % 4)));
      // 40 half-steps, each at most n + 4 roundings of numbers below 1/2
      expect(Math.abs(gradient[i]! - (cotangent[i]! - row - column + all) / 4)).toBeLessThanOrEqual(40 * 8 * 2 ** -25);
    }
  });

  it('no tokens: empty outputs of the right shape', async () => {
    const kernels = await opened(tfjsTarget(backend));
    for (const id of ids) {
      const sizes = sizesOf(0, 4);
      const outputs = await run(kernels[id]!, inputsOf(operations[id], sizes, 1), sizes);
      for (const port of operations[id].outputs) expect(outputs[port.name]).toEqual({ dtype: 'f32', shape: shapeOf(port, sizes), data: new Float32Array(elementsOf(port, sizes)) });
    }
  });

  it('a NaN stays in its token, and inputs are left alone', async () => {
    const kernels = await opened(tfjsTarget(backend));
    for (const id of ids) {
      const sizes = sizesOf(3, 4);
      const inputs = inputsOf(operations[id], sizes, 2);
      const clean = await run(kernels[id]!, inputs, sizes);
      const first = inputs[operations[id].inputs[0]!.name]!;
      first.data[first.data.length / 3 + 1] = NaN;
      const before = structuredClone(inputs);
      const outputs = await run(kernels[id]!, inputs, sizes);
      expect(inputs).toEqual(before);
      let poisoned = 0;
      for (const [name, output] of Object.entries(outputs).filter(([port]) => ofTokens(id, port))) {
        const third = output.data.length / 3;
        poisoned += output.data.slice(third, 2 * third).filter((value) => Number.isNaN(value)).length;
        expect(output.data.slice(0, third)).toEqual(clean[name]!.data.slice(0, third));
        expect(output.data.slice(2 * third)).toEqual(clean[name]!.data.slice(2 * third));
      }
      expect(poisoned).toBeGreaterThan(0);
    }
  });

  it('the bits of a token do not depend on its batch where that is promised, and do elsewhere', async () => {
    const kernels = await opened(tfjsTarget(backend));
    const dependent = new Set<string>();
    for (const id of ids) {
      const inputs = inputsOf(operations[id], sizesOf(20, 3), 4);
      const together = await run(kernels[id]!, inputs, sizesOf(20, 3));
      const last = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, ofTokens(id, name) ? { ...t, shape: [1, ...t.shape.slice(1)], data: t.data.slice((19 * t.data.length) / 20) } : t]));
      const single = await run(kernels[id]!, last, sizesOf(1, 3));
      for (const [name, output] of Object.entries(single).filter(([port]) => ofTokens(id, port))) {
        const bits = together[name]!.data.slice((19 * together[name]!.data.length) / 20);
        if (!output.data.every((value, k) => Object.is(value, bits[k]))) dependent.add(id);
      }
    }
    expect(dependent.size === 0 ? 'invariant' : 'dependent').toBe(batchInvariantBackends.has(backend) ? 'invariant' : 'dependent');
  });
});

it.each(testedBackends)('a product of tfjs-%s reads no matrix but its own, except on webgpu', async (backend) => {
  const loaded = await loaders[backend]();
  if (!('tf' in loaded)) throw new Error(loaded.reason);
  const { tf } = loaded;
  const right = new Float32Array(2 * 65).fill(1).fill(NaN, 65);
  const product = await alone(tf, loaded.backend, () => tf.tidy(() => tf.matMul(tf.ones([2, 1, 1]), tf.tensor3d(right, [2, 1, 65]))).data());
  expect(product.slice(0, 65).some((value) => Number.isNaN(value))).toBe(backend === 'webgpu');
  expect(product.slice(65).every((value) => Number.isNaN(value))).toBe(true);
});

it.each(testedBackends)('a product of tfjs-%s with a transposed matrix is right over 2000 entries, except on webgpu', async (backend) => {
  const loaded = await loaders[backend]();
  if (!('tf' in loaded)) throw new Error(loaded.reason);
  const { tf } = loaded;
  // the last entry of the second matrix alone is not zero: exact in any order
  const right = new Float32Array(24 * 2000).fill(1, 24 * 2000 - 1);
  const product = await alone(tf, loaded.backend, () => tf.tidy(() => tf.matMul(tf.ones([6, 2000]), tf.tensor2d(right, [24, 2000]), false, true)).data());
  const expected = Float32Array.from({ length: 6 * 24 }, (_, i) => (i % 24 === 23 ? 1 : 0));
  if (backend === 'webgpu') expect(product).not.toEqual(expected);
  else expect(product).toEqual(expected);
});

it('a plain loop agrees with the kernels: an oracle of its own', async () => {
  const sizes = sizesOf(2, 3);
  const inputs = inputsOf(operations.sinkhorn, sizes, 9);
  for (const backend of testedBackends) {
    const output = valuesOf((await run((await opened(tfjsTarget(backend)))['sinkhorn']!, inputs, sizes))['residualMapping']!);
    const expected = plainTilekernels(valuesOf(inputs['logits']!), 2, 3);
    // every half-step rounds at most n + 2 times and no error grows (MATHS 6.2, 6.3 with κ = 1): 2·40·(n + 2)·u of an entry below 1, exp and shift 10 u
    for (let i = 0; i < expected.length; i++) expect(Math.abs(output[i]! - expected[i]!)).toBeLessThanOrEqual((2 * 40 * 5 + 2 * 10) * 2 ** -24);
  }
});

/** softmax over rows + ε, then 39 normalisations, columns first and last. */
function plainTilekernels(logits: Float64Array, tokens: number, n: number): Float64Array {
  const x = logits.map(Math.exp);
  for (let token = 0; token < tokens; token++) {
    const line = (row: number, k: number): number => token * n * n + row * n + k;
    const divide = (at: (l: number, k: number) => number, epsilon: number): void => {
      for (let l = 0; l < n; l++) {
        let sum = epsilon;
        for (let k = 0; k < n; k++) sum += x[at(l, k)]!;
        for (let k = 0; k < n; k++) x[at(l, k)]! /= sum;
      }
    };
    divide(line, 0);
    for (let i = 0; i < n * n; i++) x[token * n * n + i]! += 1e-6;
    for (const side of halfSteps(tilekernels)) divide(side === 'rows' ? line : (l, k) => line(k, l), 1e-6);
  }
  return x;
}
