/**
 * The WGSL kernels on a GPU's own clock, each beside a copy of as many bytes in the same run: what share of the memory's speed they reach.
 *   npm run bench-webgpu -- [samples = 30] [kernels = *] [tokens, a factor = 1]
 * Buffers stay on the device; a sample is a pass of as many runs as take three milliseconds, kernel and copy in turn. Needs npm's webgpu and a GPU with timestamps (Mesa's software one will do, with a smaller factor).
 */
import { select } from '../src/cli/patterns.ts';
import { openDevice, webgpuKernels, type GpuDtype, type Plan, type WebgpuOptions } from '../src/kernels/webgpu/index.ts';
import { bytesOf, elementsFor } from '../src/kernels/webgpu/plan.ts';
import { prepareOnDevice } from '../src/kernels/webgpu/timing.ts';
import type { OperationId, Sizes } from '../src/operations/operation.ts';
import { sinkhornPresets } from '../src/operations/sinkhorn/dialect.ts';
import { Random } from '../src/generate/random.ts';
import { encode } from '../src/tensor/codecs.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import { machine } from './machine.ts';

const [samples, factor] = [Number(process.argv[2] ?? 30), Number(process.argv[4] ?? 1)];

interface Row {
  readonly name: string;
  readonly operation: OperationId;
  readonly options: WebgpuOptions;
  readonly sizes: Sizes;
}

const matrices = 2 ** 24;
const sinkhorn = (preset: string, iterations: number, tokens: number, operation: OperationId = 'sinkhorn'): Row => ({
  name: `${operation} ${preset} T=${iterations} ${tokens === matrices ? '' : `${tokens} tokens`}`.trim(), operation, options: { sinkhorn: { ...sinkhornPresets[preset]!, iterations } }, sizes: sizesOf(tokens, 1),
});
const streams = (operation: OperationId, channels = 4096, storage: GpuDtype = 'bf16'): Row => ({ name: `${operation} C=${channels} ${storage}`, operation, options: { storage }, sizes: sizesOf(16_384, channels) });
const rows: readonly Row[] = [
  ...['paper', 'tilekernels'].flatMap((preset) => [20, 5].map((iterations) => sinkhorn(preset, iterations, matrices))),
  sinkhorn('tilekernels', 20, 2 ** 16),
  sinkhorn('tilekernels', 20, 2 ** 20),
  sinkhorn('tilekernels', 20, matrices, 'sinkhorn-vjp'),
  sinkhorn('paper', 20, matrices, 'sinkhorn-vjp'),
  ...(['stream-read', 'stream-write', 'stream-read-vjp', 'stream-write-vjp', 'mappings', 'mappings-vjp'] as const).map((operation) => streams(operation)),
  streams('mappings', 4096, 'f32'),
  { ...streams('mappings', 4096, 'f32'), name: 'mappings C=4096 f32, factors not rounded to TF32', options: { mappings: { projectionRounding: 'exact' } } },
];

function sizesOf(tokens: number, channels: number): Sizes {
  return { tokens: Math.max(1, Math.round(tokens * factor)), streams: 4, channels, depth: 1 };
}

/** Normal numbers in every input, the same few again and again: what they are does not change how long it takes. */
function inputsOf(plan: Plan): Readonly<Record<string, Tensor>> {
  const random = new Random(1);
  const few = Float64Array.from({ length: 2 ** 16 }, () => random.normal());
  return Object.fromEntries(Object.entries(plan.buffers).filter(([, { role }]) => role === 'input').map(([name, buffer]) => {
    const block = encode(few, buffer.dtype) as Float32Array | Uint16Array;
    const count = elementsFor(buffer, plan.sizes.tokens);
    const data = buffer.dtype === 'f32' ? new Float32Array(count) : new Uint16Array(count);
    for (let at = 0; at < count; at += block.length) data.set(block.subarray(0, Math.min(block.length, count - at)), at);
    return [name, { dtype: buffer.dtype, shape: [count], data }];
  }));
}

function bytesMoved(plan: Plan): number {
  return Object.values(plan.buffers).filter(({ role }) => role !== 'scratch').reduce((sum, buffer) => sum + elementsFor(buffer, plan.sizes.tokens) * bytesOf[buffer.dtype], 0);
}

const gpu = await openDevice();
console.log(`# ${gpu.about.device}, ${gpu.about.driver}; ${machine()}; ${samples} samples${factor === 1 ? '' : `, ${factor} of the tokens`}`);
const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
for (const { name, operation, options, sizes } of select('kernels', rows, (row) => row.name, [process.argv[3] ?? '*'])) {
  const kernel = webgpuKernels(options)[operation]!;
  const plan = kernel.plan(sizes);
  const moved = bytesMoved(plan);
  const prepared = await prepareOnDevice(gpu, kernel.plan, inputsOf(plan), sizes);
  const sides = [(calls: number) => prepared.sample({ calls, cache: 'warm' }), (calls: number) => prepared.copy(moved, { calls, cache: 'warm' })];
  const calls: number[] = [];
  for (const side of sides) {
    await side(1);
    calls.push(Math.max(1, Math.ceil(3 / (await side(3)).durationMs)));
  }
  const taken: number[][] = [[], []];
  for (let sample = 0; sample < samples; sample++) for (const [k, side] of sides.entries()) taken[k]!.push((await side(calls[k]!)).durationMs / calls[k]!);
  const [ms, copied] = taken.map(middle) as [number, number];
  console.log(JSON.stringify({ kernel: name, tokens: sizes.tokens, ms, copyMs: copied, 'share of the copy, %': Number(((100 * copied) / ms).toFixed(1)), 'GB/s': Number((moved / ms / 1e6).toFixed(0)), 'tokens/s': Number(((sizes.tokens / ms) * 1e3).toPrecision(4)), dispatches: prepared.counts.launches }));
  prepared.release();
}
gpu.close();
