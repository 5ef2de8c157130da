/** Recorded calls judged without a kernel: nothing right fails, what is wrong is found, and nothing that takes a kernel passes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { properties } from '../../../properties/index.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { operations } from '../../../src/operations/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import type { OperationId } from '../../../src/operations/operation.ts';
import { readDump } from '../../../src/targets/dump/dump.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { Random } from '../../../src/generate/random.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';
import { decodeNpy, encodeNpy } from '../../../src/tensor/npy.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';
import { writeCases, type CaseSizes } from '../../../src/verify/recorded/write-cases.ts';
import { verifyRecorded } from '../../../src/verify/recorded/verify-recorded.ts';
import type { PropertyResult } from '../../../src/verify/results.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Job {
  readonly operation: OperationId;
  readonly dialect?: string;
  readonly dtypes?: Readonly<Record<string, Dtype>>;
  readonly sizes?: CaseSizes;
  readonly format?: 'safetensors' | 'npy';
  readonly seed?: number;
  /** Makes what the job wrote wrong. */
  readonly spoil?: (outputs: Record<string, Tensor>, name: string) => void;
  readonly prepare?: (inputs: Record<string, Tensor>) => void;
}

/** Whatever a training job may come to: every token of every input times a power of ten of its own, up to where f32 ends. */
function wild(inputs: Record<string, Tensor>): void {
  const random = new Random(9, 9);
  for (const { shape, data } of Object.values(inputs)) {
    const per = data.length / shape[0]!;
    for (let token = 0; token < shape[0]!; token++) {
      const factor = 10 ** random.integer(-30, 30);
      for (let i = token * per; i < (token + 1) * per; i++) data[i] = data[i]! * factor;
    }
  }
}

/** Cases for a job, the job done by the reference kernel, and the folder. */
function record({ operation: id, dialect, dtypes = {}, sizes = {}, format = 'safetensors', seed = 1, spoil, prepare }: Job): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-recorded-'));
  folders.push(folder);
  const operation = operations[id];
  const resolved = resolveKernel(operation, { arithmetic: 'ieee-f32', dtypes, ...(dialect === undefined ? {} : { dialect }), run: () => ({}) }, id);
  const { cases } = writeCases({ folder, kernels: [{ dialect, arithmetic: 'ieee-f32', resolved }], seed, sizes, format, force: false });
  // the reference's mixing takes its orientation from a dialect of sinkhorn
  const { run } = referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, ...(resolved.dialect as object) } })[id];
  for (const { name = '', files } of cases) {
    const placed = files as Record<string, string>;
    const read = (port: string): Tensor => {
      const bytes = readFileSync(join(folder, placed[port]!));
      return format === 'npy' ? decodeNpy(bytes, resolved.dtypes[port]) : decodeSafetensors(bytes).tensors[port]!;
    };
    const inputs = Object.fromEntries(operation.inputs.map((port) => [port.name, read(port.name)]));
    prepare?.(inputs);
    const write = (tensors: Record<string, Tensor>): void => {
      if (format === 'npy') for (const [port, written] of Object.entries(tensors)) writeFileSync(join(folder, placed[port]!), encodeNpy(written));
      else writeFileSync(join(folder, Object.keys(tensors).map((port) => placed[port]!)[0]!), encodeSafetensors(tensors));
    };
    if (prepare !== undefined) write(inputs);
    const [tokens = 1] = inputs[operation.inputs[0]!.name]!.shape;
    const recorded = readSizes(id, inputs, tokens);
    const computed = run(inputs, recorded);
    const outputs = Object.fromEntries(operation.outputs.map((port) => [port.name, tensor(valuesOf(computed[port.name]!), computed[port.name]!.shape, resolved.dtypes[port.name])]));
    spoil?.(outputs, name);
    write(outputs);
  }
  return folder;
}

function readSizes(id: OperationId, inputs: Record<string, Tensor>, tokens: number): { tokens: number; streams: number; channels: number; depth: number } {
  const sizes = { tokens, streams: 1, channels: 1, depth: 1 };
  for (const { name, dims } of operations[id].inputs) for (const [k, dim] of dims.entries()) if (dim in sizes) sizes[dim as keyof typeof sizes] = inputs[name]!.shape[k]!;
  return sizes;
}

async function judge(folder: string, ids?: readonly string[]): Promise<readonly PropertyResult[]> {
  const failuresDir = join(folder, 'failures');
  const chosen = properties.filter(({ id }) => ids?.includes(id) ?? true);
  return (await verifyRecorded({ recordings: readDump(folder), properties: chosen, effort: 'standard', seed: 1, failuresDir })).results;
}

const failed = (results: readonly PropertyResult[]): string[] => results.filter(({ status }) => status === 'failed' || status === 'errored').map(({ property, reason, worst }) => `${property}: ${reason}, ${worst?.measured} > ${worst?.bound}`);

describe('what is right holds', () => {
  const jobs: Job[] = [
    { operation: 'sinkhorn', dialect: 'tilekernels' },
    { operation: 'sinkhorn', dialect: 'paper', seed: 2 },
    { operation: 'sinkhorn', dialect: 'log-domain', seed: 3 },
    { operation: 'sinkhorn', dialect: 'megatron-main', format: 'npy', dtypes: { logits: 'bf16' } },
    { operation: 'sinkhorn', dialect: 'tilekernels', seed: 4, sizes: { tokens: 400, streams: 4 }, prepare: wild },
    { operation: 'sinkhorn', dialect: 'liger', seed: 5, sizes: { tokens: 400, streams: 2 }, prepare: wild },
    { operation: 'sinkhorn-vjp', dialect: 'tilekernels' },
    { operation: 'sinkhorn-vjp', dialect: 'paper', seed: 6, sizes: { tokens: 100, streams: 4 }, prepare: wild },
    { operation: 'stream-write', seed: 7, sizes: { tokens: 100, streams: 4, channels: 5 }, prepare: wild },
    { operation: 'stack', seed: 8, sizes: { tokens: 20, streams: 4, channels: 3, depth: 6 }, prepare: wild },
    { operation: 'stream-read', dtypes: { streams: 'bf16', layerInput: 'bf16' } },
    { operation: 'stream-read-vjp' },
    { operation: 'stream-write', dtypes: { streams: 'f16', layerOutput: 'f16', nextStreams: 'f16' }, format: 'npy' },
    { operation: 'stream-write-vjp', dtypes: { streams: 'bf16', cotangent: 'bf16', streamsGradient: 'bf16' } },
    { operation: 'stack' },
    { operation: 'stack-vjp', sizes: { tokens: 3, streams: 4, channels: 8, depth: 24 } },
  ];
  it.each(jobs)('$operation $dialect $format $dtypes, seed $seed', async (job) => {
    const results = await judge(record(job));
    expect(failed(results)).toEqual([]);
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(2);
    // one call was recorded, so that nothing that takes two can have held
    const twice = results.filter(({ property }) => /determinism|fresh-outputs|inputs-unchanged|empty-batch|token-independence|alternating-shapes|poisoning|equivariance/.test(property));
    expect(twice.length).toBeGreaterThan(3);
    expect(twice.filter(({ status, reason }) => status !== 'unsupported' || !/needs a kernel|the claim is about/.test(reason ?? ''))).toEqual([]);
  });
});

describe('what is wrong is found', () => {
  it('one element of one token, named with its case, and kept with its inputs', async () => {
    const folder = record({
      operation: 'sinkhorn', dialect: 'tilekernels', sizes: { tokens: 5000, streams: 4 },
      spoil: ({ residualMapping }, name) => {
        if (name === 'sinkhorn-1') (residualMapping!.data as Float32Array)[4711 * 16 + 3]! *= 1 + 2 ** -12;
      },
    });
    const [result] = await judge(folder, ['sinkhorn/reference-parity']);
    expect(result?.status).toBe('failed');
    expect(result?.reason).toContain('token 4711 of 5000 in sinkhorn-1');
    expect(result?.counterexample?.recipe.sizes.tokens).toBe(1);
    expect(result?.counterexample?.window).toContain('column 3');
    expect(result?.counterexample?.worst?.index).toBe(3);
    const stored = decodeSafetensors(readFileSync(result!.counterexample!.file));
    expect(stored.tensors['input.logits']?.shape).toEqual([1, 4, 4]);
    expect(stored.tensors['output.residualMapping']?.shape).toEqual([1, 4, 4]);
  });

  it('NaN', async () => {
    const folder = record({ operation: 'stream-read', spoil: ({ layerInput }) => void ((layerInput!.data as Float32Array)[0] = Number.NaN) });
    const results = await judge(folder, ['streams/read-parity', 'robustness/finite-outputs/stream-read']);
    expect(results.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  it.each(['sinkhorn-vjp', 'stream-write', 'stack'] as const)('another dialect or sign: %s', async (operation) => {
    const folder = record({ operation, sizes: { tokens: 33, streams: 4 }, spoil: (outputs) => Object.values(outputs).forEach(({ data }) => (data as Float32Array).forEach((value, i) => ((data as Float32Array)[i] = value * 1.001))) });
    expect(failed(await judge(folder)).length).toBeGreaterThan(0);
  });
});

describe('what cannot be said is not said', () => {
  it('tokens with inputs that are not finite are left out, and counted', async () => {
    const folder = record({ operation: 'sinkhorn', dialect: 'tilekernels', sizes: { tokens: 40, streams: 4 }, prepare: ({ logits }) => void ((logits!.data as Float32Array)[16] = Number.NaN) });
    const [recording] = readDump(folder);
    expect(recording?.description).toMatch(/^2 recorded calls in .*; nothing is claimed about 2 tokens whose inputs are not finite$/);
    const [result] = await judge(folder, ['sinkhorn/reference-parity']);
    expect(result?.status).toBe('passed');
    expect(result?.problems).toBe(2 * 40 - 2);
  });

  it('a single token, whose permutations and repetitions are itself, shows nothing about batches', async () => {
    const folder = record({ operation: 'stream-read', sizes: { tokens: 1, streams: 1, channels: 1 }, prepare: (inputs) => Object.values(inputs).forEach(({ data }) => data.fill(0)) });
    const results = await judge(folder);
    const repeated = results.filter(({ property }) => property.startsWith('robustness/') && !property.includes('finite-outputs'));
    expect(repeated.length).toBeGreaterThan(4);
    expect(repeated.map(({ status }) => status).filter((status) => status !== 'unsupported')).toEqual([]);
  });

  it('claims about symmetric logits are not made about others', async () => {
    const folder = record({ operation: 'sinkhorn', dialect: 'tilekernels', sizes: { tokens: 33, streams: 4 } });
    const [result] = await judge(folder, ['sinkhorn/symmetric-limit']);
    expect(result?.status).toBe('unsupported');
    expect(result?.reason).toContain('the claim is about logits of symmetric');
  });
});
