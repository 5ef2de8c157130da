/** Every preset on every built-in target is identified within 64 problems, as the kernel itself counts them, and on other stream counts and storages. */
import { expect, test } from 'vitest';

import { identifyTarget } from '../../../src/identify/identify.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { builtInTargets } from '../../../src/targets/built-in.ts';
import type { KernelDeclaration, Target } from '../../../src/targets/kernel.ts';
import { inProcess } from '../../../src/targets/in-process.ts';
import { tfjsTarget } from '../../../src/targets/tfjs.ts';
import { counted, fieldsWith, wrongFields } from './support.ts';

/** Presets that are different dialects; the others are other names of one of these. */
const all = Object.entries(sinkhornPresets);
const presets = all.filter(([, dialect], at) => all.findIndex(([, other]) => JSON.stringify(other) === JSON.stringify(dialect)) === at);

/** What no input can show of a preset; nothing else may be open. */
const hidden: Readonly<Record<string, readonly string[]>> = {
  paper: ['start'],
  tilekernels: [],
  liger: [],
  'megatron-main': ['start'],
  'transformer-engine': ['start', 'stabilisation'],
  'log-domain': ['start', 'stabilisation'],
  tileops: [],
  'mhc-cu': [],
  lucidrains: ['start'],
  tokenbender: ['start', 'stabilisation'],
  'mhc-lite-baseline': ['start', 'stabilisation'],
  nucleus: ['temperature'],
  'mhc-mlx': [],
  pmetal: [],
};

async function identified(target: Target, streams: number): Promise<{ found: Awaited<ReturnType<typeof identifyTarget>>; problems: number }> {
  expect((await target.open()).status).toBe('available');
  const wrapped = Object.entries(target.kernels()).map(([id, declaration]) => [id, counted(declaration)] as const);
  const found = await identifyTarget(Object.fromEntries(wrapped.map(([id, { kernel }]) => [id, kernel] as [string, KernelDeclaration])), { streams });
  await target.close();
  return { found, problems: wrapped.reduce((sum, [, { problems }]) => sum + problems(), 0) };
}

test('the list of built-in targets is the one tested here', () => {
  expect(builtInTargets().map(({ name }) => name).filter((name) => ['reference', 'tfjs-cpu', 'tfjs-wasm'].includes(name))).toHaveLength(3);
});

const makers = {
  reference: (preset: string) => inProcess('reference', { kernels: referenceKernels({ sinkhorn: sinkhornPresets[preset]! }) }),
  'tfjs-cpu': (preset: string) => tfjsTarget('cpu', sinkhornPresets[preset]),
  'tfjs-wasm': (preset: string) => tfjsTarget('wasm', sinkhornPresets[preset]),
};

test.each(Object.entries(makers).flatMap(([name, make]) => presets.map(([preset, dialect]) => ({ name, preset, dialect, make }))))('$preset on $name', async ({ preset, dialect, make }) => {
  const { found, problems } = await identified(make(preset), 4);
  const sinkhorn = found.find(({ operation }) => operation === 'sinkhorn')!;
  expect(sinkhorn.verdict).toBe('identified');
  expect(wrongFields(sinkhorn, dialect)).toEqual([]);
  // an early stop below what has settled is never seen
  expect(fieldsWith(sinkhorn, 'ambiguous', 'not-visible').filter((field) => field !== 'stopBelow')).toEqual(hidden[preset]);
  expect(sinkhorn.presets.map(({ name }) => name)).toContain(preset);
  expect(sinkhorn.presets.every(({ differences }) => differences.length === 0)).toBe(true);
  expect(problems).toBe(found.reduce((sum, one) => sum + one.problems, 0));
  expect(problems).toBeLessThanOrEqual(64);
});

const few = presets.filter(([name]) => ['paper', 'tilekernels', 'megatron-main', 'mhc-cu', 'nucleus'].includes(name));

test.each([2, 3, 8].flatMap((streams) => few.map(([preset, dialect]) => ({ streams, preset, dialect }))))('$preset with $streams streams', async ({ streams, preset, dialect }) => {
  const { found } = await identified(makers.reference(preset), streams);
  const sinkhorn = found.find(({ operation }) => operation === 'sinkhorn')!;
  expect(sinkhorn.streams).toBe(streams);
  expect(wrongFields(sinkhorn, dialect)).toEqual([]);
  expect(fieldsWith(sinkhorn, 'known')).toEqual(expect.arrayContaining(['iterations', 'lastNormalised', 'layout']));
});

test.each(['bf16', 'f16', 'f64'] as const)('tilekernels stored as %s', async (storage) => {
  const dialect = sinkhornPresets['tilekernels']!;
  const round = storage === 'f64' ? { round: (x: number): number => x } : {};
  const { found } = await identified(inProcess('stored', { kernels: referenceKernels({ storage, ...round }) }), 4);
  const sinkhorn = found.find(({ operation }) => operation === 'sinkhorn')!;
  expect(wrongFields(sinkhorn, dialect)).toEqual([]);
  expect(sinkhorn.fields.find(({ field }) => field === 'rounding')!.value).toBe(storage === 'f64' ? 'ieee-f64' : `${storage}-storage`);
});
