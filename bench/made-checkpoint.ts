/**
 * Checkpoints of published sizes with made weights: every layer has two sublayers, their parameters under DeepSeek's names. `paper`: scales of 0.01 (mHC, §4.3), a projection of
 * normal numbers times 0.02 (Liger's default) and no bias. `trained`: each sublayer its own spread, scales between 0.0005 and 0.02, a bias that favours the diagonal.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

import { Random } from '../src/index.ts';

export type Spread = 'paper' | 'trained';

/** Writes a safetensors file, one tensor after the other. */
export function writeMadeCheckpoint(path: string, layers: number, channels: number, spread: Spread, seed: number, n = 4): void {
  const outputs = n * n + 2 * n;
  const random = new Random(seed);
  const tensors = Array.from({ length: layers }, (_, layer) => ['attn', 'ffn'].flatMap((kind) => parts(`layers.${layer}.hc_${kind}`))).flat();
  function parts(stem: string): { name: string; shape: number[]; fill: () => number }[] {
    const scale = spread === 'paper' ? 0.01 : 0.0005 * 40 ** random.uniform();
    let place = 0;
    const bias = (): number => {
      const k = place++ - 2 * n;
      const diagonal = k >= 0 && k % (n + 1) === 0 ? 2 : 0;
      return spread === 'paper' ? 0 : diagonal + 0.5 * random.normal();
    };
    return [
      { name: `${stem}_base`, shape: [outputs], fill: bias },
      { name: `${stem}_fn`, shape: [outputs, n * channels], fill: () => 0.02 * random.normal() },
      { name: `${stem}_scale`, shape: [3], fill: () => scale },
    ];
  }
  let offset = 0;
  const header = JSON.stringify(Object.fromEntries(tensors.map(({ name, shape }) => {
    const from = offset;
    offset += 4 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [from, offset] }];
  })));
  const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  const file = openSync(path, 'w');
  try {
    for (const bytes of [length, text]) writeSync(file, bytes);
    for (const { shape, fill } of tensors) writeSync(file, Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, fill));
  } finally {
    closeSync(file);
  }
}
