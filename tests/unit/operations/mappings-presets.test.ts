/**
 * An independent reading of where the presets come from: what each source says of its coefficients, in words of its own, checked by how the mappings behave and not by the
 * fields of the dialect.
 */
import { describe, expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { mappingsDialectSchema, mappingsPresets, mappingsPresetSources, mappingsVjpDialectSchema, mappingsVjpPresets, type MappingsDialect } from '../../../src/operations/mappings/dialect.ts';
import { mappings } from '../../../src/operations/mappings/index.ts';
import type { Values } from '../../../src/operations/operation.ts';

interface Reading {
  /** What is added to a mean of squares before the root, or to the root. */
  readonly underRoot?: number;
  readonly besideRoot?: number;
  readonly weight: boolean;
  /** The least that pre can be, and the most that post can be. */
  readonly floor: number;
  readonly ceiling: number;
  /** What becomes of 1 + 2⁻¹¹ and of 1 + 3·2⁻¹¹ in the projection. */
  readonly tie: 'kept' | 'up' | 'even';
}

/** MHC.md §1.3 to §1.5 and the sources named there. */
const readings: Record<string, Reading> = {
  paper: { underRoot: 0, weight: true, floor: 0, ceiling: 2, tie: 'kept' },
  tilekernels: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'up' },
  deepseek: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'kept' },
  tilelang: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'kept' },
  sglang: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'kept' },
  vllm: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'kept' },
  flaggems: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'kept' },
  'megatron-main': { besideRoot: 1e-6, weight: false, floor: 0, ceiling: 2, tie: 'kept' },
  liger: { underRoot: 1e-6, weight: false, floor: 0, ceiling: 2, tie: 'kept' },
  'transformer-engine': { underRoot: 1.1920928955078125e-7, weight: false, floor: 0, ceiling: 2, tie: 'kept' },
  'aiter-triton': { underRoot: 1e-6, weight: false, floor: 0, ceiling: 2, tie: 'kept' },
  tileops: { besideRoot: 1e-4, weight: false, floor: 0, ceiling: 2, tie: 'kept' },
  maxtext: { underRoot: 1e-6, weight: true, floor: 1e-6, ceiling: 2, tie: 'kept' },
  'mhc-lite-baseline': { underRoot: 0, weight: true, floor: 0, ceiling: 2, tie: 'kept' },
  kromhc: { underRoot: 0, weight: true, floor: 0, ceiling: 2, tie: 'kept' },
  tenstorrent: { underRoot: 1e-6, weight: false, floor: 1e-6, ceiling: 2, tie: 'even' },
};

const [n, channels] = [2, 3];
const width = n * channels;
const count = n * n + 2 * n;
const sizes = { tokens: 1, streams: n, channels, depth: 1 };

function inputs(own: Partial<Record<string, readonly number[]>> = {}): Values {
  const random = new Random(12);
  const normals = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
  const drawn: Values = { streams: normals(width), projection: normals(count * width), scales: Float64Array.of(1, 1, 1), biases: normals(count), normWeight: normals(width) };
  return { ...drawn, ...Object.fromEntries(Object.entries(own).map(([name, values]) => [name, Float64Array.from(values!)])) };
}

/** z of the first coefficient: the inverse of pre = σ(z) + floor. */
function predicted(dialect: MappingsDialect, floor: number, given: Values): number {
  const p = mappings.reference(given, sizes, dialect)['preMapping']![0]! - floor;
  return Math.log(p / (1 - p));
}

test('every preset has been read twice, names its source, and is a dialect', () => {
  expect(Object.keys(readings)).toEqual(Object.keys(mappingsPresets));
  expect(Object.keys(mappingsPresetSources)).toEqual(Object.keys(mappingsPresets));
  for (const { source } of Object.values(mappingsPresetSources)) expect(source).toMatch(/^(arXiv|DeepSeek-V4|[\w.-]+\/[\w.-]+|\w+)(@| 2512|, | inference)/);
  for (const [name, dialect] of Object.entries(mappingsPresets)) expect(mappingsDialectSchema.parse(dialect), name).toEqual(dialect);
  for (const [name, dialect] of Object.entries(mappingsVjpPresets)) expect(mappingsVjpDialectSchema.parse(dialect), name).toEqual(dialect);
});

describe.each(Object.entries(readings))('%s', (name, { underRoot, besideRoot, weight, floor, ceiling, tie }) => {
  const dialect = mappingsPresets[name]!;

  test('divides by the root mean square of all streams together, with its ε where it says', () => {
    // one coefficient sees one number of one stream; the other stream is larger, and all of it shrinks
    const projection = Array.from({ length: count * width }, (_, k) => (k === 0 ? 1 : 0));
    for (const size of [1, 2 ** -7, 2 ** -10, 2 ** -13]) {
      const streams = [1, 2, 0, 4, 0, 2].map((value) => value * size);
      const square = (25 / 6) * size ** 2; // mean of the squares
      const divisor = besideRoot === undefined ? Math.sqrt(square + underRoot!) : Math.sqrt(square) + besideRoot;
      const biases = Array.from({ length: count }, () => 0);
      const z = predicted(dialect, floor, inputs({ streams, projection, biases, normWeight: [1, 1, 1, 1, 1, 1] }));
      // σ and its inverse lose the rounding of p = ½ + z/4 and of the ε that is subtracted again
      expect(Math.abs(z - size / divisor)).toBeLessThanOrEqual(16 * 2 ** -53 * (1 + 1 / (1 / 4)));
    }
  });

  test('weights what it normalised, or has no weight', () => {
    const doubled = inputs({ normWeight: inputs()['normWeight']!.map((value) => 2 * value) as unknown as number[], biases: [0, 0, 0, 0, 0, 0, 0, 0] });
    const plain = inputs({ biases: [0, 0, 0, 0, 0, 0, 0, 0] });
    const ratio = predicted(dialect, floor, doubled) / predicted(dialect, floor, plain);
    expect(Math.abs(ratio - (weight ? 2 : 1))).toBeLessThan(2 ** -40);
  });

  test('has gates between its limits, and reaches them', () => {
    const extreme = (bias: number): Readonly<Record<string, Float64Array>> => mappings.reference(inputs({ scales: [0, 0, 0], biases: Array.from({ length: count }, () => bias) }), sizes, dialect);
    expect(extreme(-1000)['preMapping']![1]).toBe(floor);
    expect(extreme(1000)['preMapping']![0]).toBe(1 + floor);
    expect(extreme(-1000)['postMapping']![0]).toBe(0);
    expect(extreme(1000)['postMapping']![1]).toBe(ceiling);
  });

  test('rounds the numbers that it projects as its source does', () => {
    const of = (value: number): number => {
      const projection = Array.from({ length: count * width }, (_, k) => (k === 0 ? value : 0));
      const streams = [1, 1, 1, 1, 1, 1];
      return predicted(dialect, floor, inputs({ streams, projection, biases: [-1, 0, 0, 0, 0, 0, 0, 0], normWeight: [1, 1, 1, 1, 1, 1] })) + 1;
    };
    const unit = of(1);
    const expected = { kept: [1 + 2 ** -11, 1 + 3 * 2 ** -11], up: [1 + 2 ** -10, 1 + 2 ** -9], even: [1, 1 + 2 ** -9] }[tie];
    expect(Math.abs(of(1 + 2 ** -11) / unit - expected[0]!)).toBeLessThan(2 ** -40);
    expect(Math.abs(of(1 + 3 * 2 ** -11) / unit - expected[1]!)).toBeLessThan(2 ** -40);
  });
});

test('a norm per stream does not see how large a whole stream is; one of all streams does', () => {
  const given = inputs();
  const louder = { ...given, streams: given['streams']!.map((value, k) => (k < channels ? 8 * value : value)) };
  const difference = (dialect: MappingsDialect): number => {
    const [a, b] = [mappings.reference(given, sizes, dialect), mappings.reference(louder, sizes, dialect)];
    return Math.max(...a['preMapping']!.map((value, i) => Math.abs(value - b['preMapping']![i]!)));
  };
  const plain = { ...mappingsPresets['deepseek']!, rmsEpsilon: 0 };
  expect(difference({ ...plain, norm: 'per-stream' })).toBeLessThan(2 ** -45);
  expect(difference(plain)).toBeGreaterThan(0.01);
});

describe('contradictions are refused by the names of both fields', () => {
  const valid = mappingsPresets['deepseek']!;
  const cases: readonly [Partial<MappingsDialect>, string, string][] = [
    [{ norm: 'none', rmsEpsilonPlace: 'inside' }, 'rmsEpsilon', 'norm'],
    [{ norm: 'none', rmsEpsilon: 0, rmsEpsilonPlace: 'outside' }, 'rmsEpsilonPlace', 'norm'],
    [{ norm: 'none', rmsEpsilon: 0, normWeight: true }, 'normWeight', 'norm'],
    [{ start: 'exp' }, 'epsilonInStart', 'start'],
    [{ domain: 'log' }, 'domain', 'epsilon'],
  ];
  test.each(cases)('%j', (own, path, other) => {
    for (const schema of [mappingsDialectSchema, mappingsVjpDialectSchema]) {
      const derivative = schema === mappingsDialectSchema ? {} : { derivative: 'unrolled' };
      const parsed = schema.safeParse({ ...valid, ...derivative, ...own });
      expect(parsed.success).toBe(false);
      const messages = parsed.error!.issues.filter((issue) => issue.path[0] === path).map(({ message }) => message);
      expect(messages.some((message) => message.includes(path) && message.includes(other))).toBe(true);
    }
  });

  test('numbers out of range and unknown fields are refused, and the valid one is not', () => {
    expect(mappingsDialectSchema.safeParse(valid).success).toBe(true);
    for (const own of [{ rmsEpsilon: -1 }, { rmsEpsilon: NaN }, { preEpsilon: 2 }, { postMultiplier: 0 }, { norm: 'layer' }, { multiplier: 2 }]) {
      expect(mappingsDialectSchema.safeParse({ ...valid, ...own }).success).toBe(false);
    }
    expect(mappingsDialectSchema.safeParse({ ...valid, norm: 'none', rmsEpsilon: 0 }).success).toBe(true);
  });
});
