/** Small files that are valid: a checkpoint whole and in two shards with its index, outputs of a stack, and the certificate of these. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Certificate } from '../../src/certify/certificate.ts';
import { certifyInputs } from '../../src/certify/inputs/certify-inputs.ts';
import { digestOf } from '../../src/certify/issue.ts';
import { certifyOutputs } from '../../src/certify/outputs/certify-outputs.ts';
import { decodeSafetensors, encodeSafetensors, Random, tensor } from '../../src/index.ts';
import { sinkhornPresets } from '../../src/operations/sinkhorn/dialect.ts';
import { writeMadeCheckpoint } from '../made-checkpoint.ts';
import { outputFamilies } from '../output-families.ts';

export interface BaseFiles {
  readonly checkpoint: Buffer;
  readonly shards: readonly [Buffer, Buffer];
  readonly index: string;
  readonly outputs: Buffer;
  /** Of the outputs. */
  readonly certificate: Certificate;
  /** Of a kernel for all inputs, which needs no file. */
  readonly inputs: Certificate;
}

/** Made from fixed seeds; nothing stays on the disk. */
export async function baseFiles(): Promise<BaseFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-base-'));
  try {
    const path = join(folder, 'made.safetensors');
    writeMadeCheckpoint(path, 2, 4, 'trained', 5, 2);
    const checkpoint = readFileSync(path);
    const entries = Object.entries(decodeSafetensors(checkpoint).tensors);
    const parts = [entries.slice(0, 5), entries.slice(5)];
    const shards = parts.map((part) => Buffer.from(encodeSafetensors(Object.fromEntries(part)))) as [Buffer, Buffer];
    const index = JSON.stringify({ metadata: { total_size: checkpoint.length }, weight_map: Object.fromEntries(parts.flatMap((part, k) => part.map(([name]) => [name, `${'ab'[k]}.safetensors`]))) });
    const [layers, tokens, n] = [2, 2, 3];
    const random = new Random(7);
    const values = new Float64Array(layers * tokens * n * n);
    for (let k = 0; k < layers * tokens; k++) values.set(outputFamilies['sinkhorn, scale 3, f32']!(random, n), k * n * n);
    const one = tensor(values, [layers, tokens, n, n], 'f32');
    const outputs = Buffer.from(encodeSafetensors({ residualMapping: one }));
    const issued = (await certifyOutputs({ file: 'outputs.safetensors', bytes: outputs, tensor: 'residualMapping', shape: one.shape, dtype: 'f32', values: Float64Array.from(values, Math.fround) }, { orientation: 'plain', depth: true }))!;
    const inputs = certifyInputs({ name: 'tilekernels', dialect: sinkhornPresets['tilekernels']!, arithmetic: 'cuda-f32', n: 2, limit: 1, depth: 4, parts: 3 });
    return { checkpoint, shards, index, outputs, certificate: dated(issued), inputs: dated(inputs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same bytes on every machine and day. */
function dated(issued: Certificate): Certificate {
  const fixed: Certificate = { ...issued, issued: '2026-01-01T00:00:00.000Z', environment: { node: '20.20.2' } };
  return { ...fixed, digest: digestOf(fixed) };
}
