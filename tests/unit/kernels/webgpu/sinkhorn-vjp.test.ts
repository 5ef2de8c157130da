/** The derivative of Sinkhorn in every dialect: on logarithms, clamped, below thresholds, stopped early, of |L|, of the exact projection. */
import { describe, expect, it } from 'vitest';

import { operations, resolveArithmetic, sinkhornPresets, sinkhornVjpPresets, tensor, valuesOf, type SinkhornVjpDialect } from '../../../../src/index.ts';
import { inputsOf, margin, opened, type Inputs } from './support.ts';

const arithmetic = resolveArithmetic('wgsl-f32');
const one = { channels: 1, depth: 1 };

async function targetOf({ derivative, slopeAtZero, ...sinkhorn }: SinkhornVjpDialect, storage: 'f32' | 'bf16' = 'f32') {
  return opened({ sinkhorn, derivative, slopeAtZero, storage });
}

const distinct = new Map(Object.entries(sinkhornVjpPresets).map(([name, dialect]) => [JSON.stringify({ ...dialect, orientation: '' }), [name, dialect] as const]));

it.each([...distinct.values()])('computes the preset %s', { timeout: 120_000 }, async (_name, dialect) => {
  for (const storage of ['f32', 'bf16'] as const) {
    const target = await targetOf(dialect, storage);
    for (const streams of [3, 4]) {
      const sizes = { tokens: 65, streams, ...one };
      const inputs = inputsOf(target, 'sinkhorn-vjp', sizes);
      // of a power of two, so that bf16 holds them: as wide as logits over the temperature are elsewhere, for what converges in few iterations
      const narrower = 2 ** Math.floor(Math.log2(Math.min(1, dialect.temperature)));
      if (narrower < 1) inputs['logits'] = tensor(valuesOf(inputs['logits']!).map((x) => x * narrower), inputs['logits']!.shape, storage);
      const found = await margin(target, 'sinkhorn-vjp', sizes, inputs);
      expect(found.margin, `${storage}, n = ${streams}`).toBeLessThanOrEqual(1);
      expect(found.judged).toBeGreaterThan(32 * streams ** 2);
    }
    await target.close();
  }
});

const clamped = sinkhornPresets['megatron-main']!;
const threshold = sinkhornPresets['mhc-cu']!;
const absolute = sinkhornPresets['nucleus']!;
const log = sinkhornPresets['log-domain']!;
const branching: [string, SinkhornVjpDialect][] = [
  ['clamped', { ...clamped, epsilon: 0.75, derivative: 'unrolled' }],
  ['clamped, unshifted, rows last', { ...clamped, epsilon: 0.75, stabilisation: 'none', lastNormalised: 'rows', derivative: 'unrolled' }],
  ...(['kept', 'zeroed'] as const).flatMap((smallRows) => (['kept', 'zeroed'] as const).map((smallColumns): [string, SinkhornVjpDialect] => [`threshold, rows ${smallRows}, columns ${smallColumns}`, { ...threshold, epsilon: 0.9, smallRows, smallColumns, derivative: 'unrolled' }])),
  ['threshold, rows last, after a softmax', { ...threshold, start: 'softmax', epsilon: 0.9, lastNormalised: 'rows', derivative: 'unrolled' }],
  ['stopped early', { ...sinkhornPresets['tilekernels']!, stopBelow: 0.02, derivative: 'unrolled' }],
  ['stopped early, exponentials, rows last', { ...sinkhornPresets['paper']!, stopBelow: 0.01, derivative: 'unrolled' }],
  ['stopped early on logarithms', { ...log, stopBelow: 0.01, derivative: 'unrolled' }],
  ['stopped early, of the projection', { ...log, stopBelow: 0.01, derivative: 'implicit' }],
  ['a softmax on logarithms, with a temperature', { ...log, start: 'softmax', temperature: 0.5, derivative: 'unrolled' }],
  ['the matrix’s maximum on logarithms, one iteration', { ...log, stabilisation: 'matrix-max', iterations: 1, derivative: 'unrolled' }],
  ['|L| over a temperature', { ...absolute, temperature: 2, derivative: 'unrolled', slopeAtZero: -1 }],
  ['|L| without epsilon in the start', { ...absolute, epsilonInStart: false, derivative: 'unrolled' }],
  ['the projection, with a temperature', { ...sinkhornPresets['tilekernels']!, temperature: 2, derivative: 'implicit' }],
];

describe.each(branching)('%s', (_name, dialect) => {
  it('is within its bound for n = 1…16, which a kernel without the branch would leave', { timeout: 240_000 }, async () => {
    const target = await targetOf(dialect);
    for (const [streams, tokens] of [[1, 5], [2, 64], [3, 200], [4, 200], [5, 65], [8, 9], [16, 3]] as const) {
      const sizes = { tokens, streams, ...one };
      const inputs = inputsOf(target, 'sinkhorn-vjp', sizes, streams);
      const found = await margin(target, 'sinkhorn-vjp', sizes, inputs);
      expect(found.margin, `n = ${streams}`).toBeLessThanOrEqual(1);
      if (streams > 1) expect(found.judged, `n = ${streams}`).toBeGreaterThan((tokens * streams ** 2) / 4);
      if (streams === 4) for (const other of withoutBranch(dialect)) expect(leavesBound(inputs, dialect, other), JSON.stringify(other)).toBe(true);
    }
    await target.close();
  });
});

/** The same without what the case is about. */
function withoutBranch(dialect: SinkhornVjpDialect): readonly Partial<SinkhornVjpDialect>[] {
  const { divisor, stopBelow, start, derivative, smallRows, smallColumns, epsilonInStart } = dialect;
  const undivided = (small: string): 'kept' | 'zeroed' => (small === 'kept' ? 'zeroed' : 'kept');
  return [
    ...(divisor === 'clamp' ? [{ divisor: 'add' as const }] : []),
    ...(divisor === 'threshold' ? [{ smallRows: undivided(smallRows) }, { smallColumns: undivided(smallColumns) }].slice(start === 'softmax' ? 1 : 0) : []),
    ...(stopBelow > 0 ? [{ stopBelow: 0 }] : []),
    ...(derivative === 'implicit' ? [{ derivative: 'unrolled' as const, iterations: 2, stopBelow: 0 }] : []),
    ...(start === 'absolute' ? [{ start: 'exp' as const, epsilonInStart: false, stabilisation: 'none' as const }] : []),
    ...(start === 'absolute' && epsilonInStart ? [{ epsilon: 0.1 }] : []),
  ];
}

/** Whether the exact gradient of another dialect is somewhere further from this one's than a kernel may be. */
function leavesBound(inputs: Inputs, dialect: SinkhornVjpDialect, other: Partial<SinkhornVjpDialect>): boolean {
  const values = { logits: Float64Array.from(inputs['logits']!.data), cotangent: Float64Array.from(inputs['cotangent']!.data) };
  const sizes = { tokens: values.logits.length / 16, streams: 4, ...one };
  const operation = operations['sinkhorn-vjp'];
  const { values: expected, errors, certified } = operation.bounded(values, sizes, dialect, arithmetic, { logitsGradient: 'f32' });
  const found = operation.reference(values, sizes, { ...dialect, ...other });
  return found['logitsGradient']!.some((value, at) => certified[Math.floor(at / 16)] === 1 && Math.abs(value - expected['logitsGradient']![at]!) > errors['logitsGradient']![at]!);
}

describe('|L|', () => {
  it.each([-1, 0, 1] as const)('has the slope %d at zeros of both signs, and the sign of what is smaller than a normal number', async (slopeAtZero) => {
    const target = await targetOf({ ...absolute, derivative: 'unrolled', slopeAtZero });
    for (const streams of [3, 4]) {
      const sizes = { tokens: 64, streams, ...one };
      const inputs = inputsOf(target, 'sinkhorn-vjp', sizes);
      inputs['logits']!.data.forEach((_, at) => at % 3 === 0 && (inputs['logits']!.data[at] = [0, -0, 1e-40, -1e-40][(at / 3) % 4]!));
      const found = await margin(target, 'sinkhorn-vjp', sizes, inputs);
      expect(found.margin, `n = ${streams}`).toBeLessThanOrEqual(1);
      expect(found.judged).toBeGreaterThan(32 * streams ** 2);
    }
  });
});

it.each([['on logarithms', { sinkhorn: log }], ['clamped', { sinkhorn: { ...clamped, epsilon: 0.75 } }], ['of the projection', { derivative: 'implicit' }], ['of |L|', { sinkhorn: absolute }], ['below thresholds', { sinkhorn: threshold }]] as const)(
  'mappings-vjp %s is within its bound', { timeout: 120_000 },
  async (_name, options) => {
    const target = await opened(options);
    for (const streams of [3, 4]) {
      const found = await margin(target, 'mappings-vjp', { tokens: 40, streams, channels: 8, depth: 1 });
      expect(found.margin, `n = ${streams}`).toBeLessThanOrEqual(1);
      expect(found.judged).toBeGreaterThan(0);
    }
    await target.close();
  },
);
