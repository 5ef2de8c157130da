import { sinkhornOf } from '../../../src/operations/mappings/dialect.ts';
import { describe, expect, it } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { chainInParts, chainVjpInParts, chainWork, type ChainWork } from '../../../fixtures/legitimate/layers-in-parts.ts';
import { fused, pairwise, plainParts, reversed } from '../../../fixtures/legitimate/parts.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { operations } from '../../../src/operations/index.ts';
import { headDialectSchema, layerDialectSchema, layerPresets, layerVjpPresets, type LayerVjpDialect } from '../../../src/operations/layers/dialect.ts';
import { shapeOf, type OperationId, type Sizes } from '../../../src/operations/operation.ts';
import type { KernelRun } from '../../../src/targets/kernel.ts';
import { bf16round } from '../../../src/tensor/codecs.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';
import { asTensors, drawLayerInputs, marginOf } from './layer-cases.ts';

const ids = ['expand', 'expand-vjp', 'head', 'head-vjp', 'layer', 'layer-vjp', 'layer-stack', 'layer-stack-vjp', 'single-pass', 'single-pass-vjp'] as const;
const shapes = [[1, 3, 2], [3, 8, 1], [4, 5, 3], [4, 33, 2], [8, 2, 2]] as const;
const variants = ['reverse-sums', 'pairwise-sums', 'fused-multiply-add'] as const;

function sizesOf(id: OperationId, round: number, tokens = 3): Sizes {
  const [streams, channels, depth] = shapes[round % shapes.length]!;
  return { tokens, streams, channels, depth: operations[id].dims.includes('depth') ? depth : 1 };
}

async function marginOfRun(id: OperationId, run: KernelRun, round: number, arithmetic: string, dialect: unknown, storage: 'f32' | 'bf16' | 'f16' = 'f32'): Promise<{ margin: number; claimed: number }> {
  const operation = operations[id];
  const sizes = sizesOf(id, round);
  const inputs = drawLayerInputs(operation, sizes, round, storage);
  const outputs = (await run(asTensors(operation, inputs, sizes, storage), sizes)) as Readonly<Record<string, Tensor>>;
  const bounded = operation.bounded(inputs, sizes, dialect, resolveArithmetic(arithmetic), {});
  return marginOf(operation, Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valuesOf(value)])), bounded, sizes);
}

describe.each(ids)('%s', (id) => {
  it.each(['paper', 'tilekernels'])('kernels that keep their arithmetic stay within the bound: %s', async (preset) => {
    let claimed = 0;
    const mappings = layerPresets[preset]!;
    for (const [round] of shapes.entries()) {
      for (const storage of ['f32', 'bf16', 'f16'] as const) {
        const { run, dialect, arithmetic } = referenceKernels({ sinkhorn: sinkhornPart(mappings), mappings, storage })[id];
        const found = await marginOfRun(id, run, round, arithmetic as string, dialect, storage);
        expect(found.margin).toBeLessThanOrEqual(1);
        claimed += found.claimed;
      }
    }
    expect(claimed).toBeGreaterThan(0);
  });

  it('a kernel of lower precision leaves the bound', async () => {
    if (id === 'expand') return; // it computes nothing: a copy is as good in any precision
    const { dialect } = referenceKernels()[id];
    const wrong = referenceKernels({ round: bf16round })[id];
    expect((await marginOfRun(id, wrong.run, 2, 'ieee-f32', dialect)).margin).toBeGreaterThan(1);
  });

  it('shapes follow from the sizes', () => {
    const operation = operations[id];
    const sizes = sizesOf(id, 3);
    const outputs = referenceKernels()[id].run(asTensors(operation, drawLayerInputs(operation, sizes, 1, 'f32'), sizes), sizes);
    for (const port of operation.outputs) expect(outputs[port.name]!.shape).toEqual(shapeOf(port, sizes));
  });
});

describe.each(ids.filter((id) => !id.startsWith('expand')))('%s in other arithmetic', (id) => {
  it.each(variants)('%s', async (name) => {
    const { run, dialect } = legitimate[name]!.kernels[id]!;
    for (const [round] of shapes.entries()) expect((await marginOfRun(id, run, round, 'ieee-f32', dialect)).margin).toBeLessThanOrEqual(1);
  });
});

describe('every inner function', () => {
  const inners = ['silu', 'rms-norm', 'scale', 'identity', 'zero'] as const;
  /** Everything that one kernel hands to the next is stored. */
  const storing = (work: ChainWork): ChainWork => {
    const stored = (outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> => Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, tensor(valuesOf(t).map(bf16round), t.shape, 'f64')]));
    return {
      ...work,
      mappings: (inputs, sizes) => stored(work.mappings(inputs, sizes)),
      read: (inputs, sizes) => stored(work.read(inputs, sizes)),
      write: (inputs, sizes) => stored(work.write(inputs, sizes)),
      readVjp: (inputs, sizes) => stored(work.readVjp(inputs, sizes)),
      writeVjp: (inputs, sizes) => stored(work.writeVjp(inputs, sizes)),
      mappingsVjp: (inputs, sizes) => stored(work.mappingsVjp(inputs, sizes)),
      inner: (u, w) => work.inner(u, w).map(bf16round),
      innerVjp: (u, w, g) => {
        const { u: input, weight } = work.innerVjp(u, w, g);
        return { u: input.map(bf16round), weight };
      },
      join: (a, b, c) => work.join(a, b, c).map(bf16round),
    };
  };

  it.each(inners)('%s: plain, fused, summed in other orders, and stored between kernels', async (inner) => {
    const dialect: LayerVjpDialect = { ...layerVjpPresets['paper']!, normWeight: false, inner, innerEpsilon: inner === 'rms-norm' ? 1e-6 : 0 };
    const { derivative: _, ...forward } = dialect;
    let claimed = 0;
    for (const parts of [plainParts(), reversed, pairwise, fused]) {
      for (const [round] of shapes.entries()) {
        const works = [[chainWork(dialect, parts), 'ieee-f32', 'f32'], [storing(chainWork(dialect, parts)), 'bf16-storage', 'bf16']] as const;
        for (const [work, arithmetic, storage] of works) {
          const found = [
            await marginOfRun('layer', chainInParts('layer', work), round, arithmetic, forward, storage),
            await marginOfRun('layer-vjp', chainVjpInParts('layer-vjp', work), round, arithmetic, dialect, storage),
          ];
          for (const { margin } of found) expect(margin).toBeLessThanOrEqual(1);
          claimed += found.reduce((sum, one) => sum + one.claimed, 0);
        }
      }
    }
    expect(claimed).toBeGreaterThan(1000);
  });
});

describe('dialects', () => {
  const paper = layerPresets['paper']!;
  it.each([
    ['innerEpsilon', layerDialectSchema, { ...paper, innerEpsilon: 1e-6 }],
    ['rmsEpsilon', layerDialectSchema, { ...paper, norm: 'none', normWeight: false, rmsEpsilon: 1e-6 }],
    ['rmsEpsilon', headDialectSchema, { norm: 'none', rmsEpsilon: 1e-6, rmsEpsilonPlace: 'inside', projectionRounding: 'exact', preEpsilon: 0 }],
  ] as const)('a contradiction names its fields: %s', (field, schema, dialect) => {
    const { error } = schema.safeParse(dialect);
    expect(error?.issues.map(({ path }) => path[0])).toEqual([field]);
  });

  it('every preset is a dialect', () => {
    for (const id of ids) for (const preset of Object.values(operations[id].presets)) expect(operations[id].dialectSchema.safeParse(preset).error).toBeUndefined();
  });
});

function sinkhornPart(dialect: (typeof layerPresets)[string]): NonNullable<Parameters<typeof referenceKernels>[0]>['sinkhorn'] & object {
  return sinkhornOf(dialect);
}
