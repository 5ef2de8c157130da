/** Judging f32 functions without a device: the f64 references are attacked in double-double, verdicts at the edges of WGSL's table, samples, and records that are damaged or made up. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, it, test } from 'vitest';

import { complaintsOf, measuredNames, measuredUnits, recordFormat, recordVersion, shareOutside, tableOf, type ArithmeticRecord, type MeasuredName } from '../../../src/kernels/webgpu/arithmetic/index.ts';
import { dawnVersion } from '../../../src/kernels/webgpu/dawn.ts';
import { bitsOf, floatOf, judge } from '../../../src/kernels/webgpu/arithmetic/judge.ts';
import * as reference from '../../../src/kernels/webgpu/arithmetic/reference.ts';
import { samplesOf } from '../../../src/kernels/webgpu/arithmetic/samples.ts';
import { Tally } from '../../../src/kernels/webgpu/arithmetic/tally.ts';
import { add, div, exp, log, negate, of, sqrt, sub, toNumber, type DoubleDouble } from '../../../src/numerics/double-double.ts';
import { readRecord, recordPath } from '../../../src/targets/webgpu-arithmetic.ts';

const one = of(1);
const references: readonly (readonly [MeasuredName, (x: number) => number, (x: number) => DoubleDouble])[] = [
  ['exp', reference.expOf, (x) => exp(of(x))],
  ['log', reference.logOf, (x) => log(of(x))],
  ['sqrt', reference.sqrtOf, (x) => sqrt(of(x))],
  ['inverseSqrt', reference.inverseSqrtOf, (x) => div(one, sqrt(of(x)))],
  ['tanh', reference.tanhOf, (x) => {
    const v = exp(of(-2 * Math.abs(x)));
    const size = div(sub(one, v), add(one, v));
    return x < 0 ? negate(size) : size;
  }],
];

test.each(references)('the reference of %s is within what its header proves', (name, ours, exact) => {
  const { operands } = samplesOf(name, 3000, 5);
  let largest = 0;
  for (const bits of operands[0]!) {
    const x = floatOf(bits);
    if (!Number.isFinite(x) || (name !== 'exp' && name !== 'tanh' && !(x > 0)) || (name === 'exp' && Math.abs(x) > 104)) continue;
    const truth = exact(x);
    const off = Math.abs(toNumber(sub(of(ours(x)), truth))) / (name === 'tanh' ? 1 : Math.abs(toNumber(truth)) || 1);
    largest = Math.max(largest, off);
    expect(off <= reference.referenceError, `${name}(${x}) is off by ${off}`).toBe(true);
  }
  expect(largest).toBeGreaterThan(0);
});

/** Neighbours of an f32, some steps away. */
const step = (value: number, steps: number): number => floatOf(bitsOf(value) + steps);

describe('a result', () => {
  it('is outside from the first f32 on that WGSL does not allow', () => {
    // 1/3 lies between two f32, the nearer 0x3eaaaaab 0.33 ULP above: 2.5 ULP reach to two steps above, and three below
    expect([0, 2, -2].map((steps) => judge('reciprocal', [3], step(1 / 3, steps)).outside)).toEqual([false, false, false]);
    expect([3, -3].map((steps) => judge('reciprocal', [3], step(1 / 3, steps)).outside)).toEqual([true, true]);
    // e^10 is allowed 23 ULP
    const nearest = Math.fround(reference.expOf(10));
    expect([22, -22, 24, -24].map((steps) => judge('exp', [10], step(nearest, steps)).outside)).toEqual([false, false, true, true]);
    expect(judge('log', [1], 2 ** -21).outside).toBe(false);
    expect(judge('log', [1], step(2 ** -21, 1)).outside).toBe(true);
    expect(judge('tanh', [0], 1.001e-5).outside).toBe(true);
    expect(judge('inverseSqrt', [2], step(Math.SQRT1_2, 2)).outside || judge('inverseSqrt', [2], step(Math.SQRT1_2, -2)).outside).toBe(true); // 2 ULP from one side only
  });

  it('may be rounded either way by WGSL, and not by the bounds', () => {
    const [a, b] = [1, 2 ** -24 + 2 ** -40];
    const up = step(1, 1);
    expect(judge('add', [a, b], up)).toMatchObject({ outside: false, beyondAssumed: false });
    expect(judge('add', [a, b], 1)).toMatchObject({ outside: false, beyondAssumed: true });
    expect(judge('add', [a, b], step(1, 2))).toMatchObject({ outside: true });
    // a product rounded before the sum
    const [x, y] = [step(1, 1), step(1, 3)];
    const product = Math.fround(x * y);
    expect(judge('fma', [x, y, -product], 0)).toMatchObject({ outside: false, beyondAssumed: false });
    expect(judge('fma', [x, y, -product], Math.fround(x * y - product))).toMatchObject({ outside: false, beyondAssumed: false });
    expect(judge('fma', [x, y, -product], step(1, -1) - 1)).toMatchObject({ outside: true });
  });

  it('that is subnormal, or of what is, may be zero', () => {
    expect(judge('exp', [-100], 0)).toMatchObject({ class: 'subnormal', outside: false, flushed: true });
    expect(judge('exp', [-100], Math.fround(reference.expOf(-100)))).toMatchObject({ class: 'subnormal', outside: false, flushed: false });
    expect(judge('exp', [-80], 0)).toMatchObject({ class: 'regular', outside: true });
    expect(judge('sqrt', [2 ** -140], 0)).toMatchObject({ outside: false, flushed: true });
    expect(judge('sqrt', [2 ** -140], 2 ** -70)).toMatchObject({ outside: false, flushed: false });
    expect(judge('sqrt', [2 ** -140], 2 ** -69)).toMatchObject({ outside: true });
    expect(judge('divide', [2 ** -130, 2 ** -20], 0)).toMatchObject({ outside: false });
  });

  it('is infinite beyond the largest number only', () => {
    expect(judge('exp', [89], Infinity)).toMatchObject({ class: 'overflow', outside: false });
    expect(judge('exp', [88], Infinity).outside).toBe(true);
    expect(judge('exp', [89], 3e38).outside).toBe(true);
    expect(judge('multiply', [2 ** 127, -4], -Infinity).outside).toBe(false);
    expect(judge('multiply', [2 ** 127, -4], Infinity).outside).toBe(true);
  });

  it('NaN is judged by itself, and fails every comparison', () => {
    for (const name of ['exp', 'log', 'tanh', 'inverseSqrt', 'sqrt', 'reciprocal'] as const) {
      expect(judge(name, [NaN], NaN)).toMatchObject({ class: 'special', outside: false });
      expect(judge(name, [NaN], 1)).toMatchObject({ class: 'special', outside: true });
      expect(judge(name, [1.5], NaN)).toMatchObject({ class: 'regular', outside: true, beyondAssumed: true });
    }
    expect(judge('exp', [-Infinity], 0).outside).toBe(false);
    expect(judge('log', [0], -Infinity).outside).toBe(false);
    expect(judge('log', [-1], NaN).outside).toBe(false);
    expect(judge('add', [Infinity, -Infinity], 0).outside).toBe(true);
    // a negative operand that is subnormal may be zero, and so may a factor of infinity; WGSL says nothing of quotients by more than 2¹²⁶
    for (const [name, operands, result] of [['log', [-(2 ** -149)], -Infinity], ['sqrt', [-(2 ** -149)], -0], ['multiply', [2 ** -149, Infinity], NaN], ['divide', [Infinity, 3e38], NaN]] as const) expect(judge(name, operands, result).outside, name).toBe(false);
    expect(judge('log', [-(2 ** -149)], 3).outside).toBe(true);
  });
});

it('samples are the same for a seed, and random ones come first from the distribution that is named', () => {
  for (const name of measuredNames) {
    const [a, b, c] = [samplesOf(name, 500, 1), samplesOf(name, 500, 1), samplesOf(name, 500, 2)];
    expect(a).toEqual(b);
    expect(a.operands[0]!.subarray(0, 500)).not.toEqual(c.operands[0]!.subarray(0, 500));
    expect(a.operands[0]!.subarray(500)).toEqual(c.operands[0]!.subarray(500));
    const first = [...a.operands[0]!.subarray(0, 500)].map(floatOf);
    expect(first.every((x) => Number.isFinite(x) && Math.abs(x) >= 2 ** -126)).toBe(true);
    if (name === 'exp') expect(first.every((x) => Math.abs(x) >= 2 ** -26 && Math.abs(x) < 104)).toBe(true);
  }
});

const adapter = { vendor: 'a', architecture: 'b', device: 'A GPU/..', driver: '1.2', fallback: false };

/** A record of f32 functions as f64 gives them, with a place to make them wrong. */
function recordOf(spoil: (name: MeasuredName, value: number, operands: readonly number[]) => number = (_, value) => value): ArithmeticRecord {
  const compute: Readonly<Record<MeasuredName, (a: number, b: number, c: number) => number>> = {
    exp: Math.exp, log: Math.log, tanh: Math.tanh, inverseSqrt: (a) => 1 / Math.sqrt(a), sqrt: Math.sqrt, reciprocal: (a) => 1 / a,
    divide: (a, b) => a / b, add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, fma: (a, b, c) => Math.fround(a * b) + c,
  };
  const functions = Object.fromEntries(measuredNames.map((name) => {
    const samples = samplesOf(name, 1000, 1);
    const results = Uint32Array.from(samples.operands[0]!, (_, k) => {
      const operands = samples.operands.map((words) => floatOf(words[k]!));
      return bitsOf(spoil(name, Math.fround(compute[name](operands[0]!, operands[1]!, operands[2]!)), operands));
    });
    const tally = new Tally(name);
    tally.addSamples(samples, results);
    return [name, tally.record()];
  })) as ArithmeticRecord['functions'];
  return { format: recordFormat, schemaVersion: recordVersion, adapter, dawn: dawnVersion(), measuredAt: '2026-01-01T00:00:00.000Z', thorough: false, functions };
}

describe('a record', () => {
  const good = recordOf();
  const wrong = recordOf((name, value) => (name === 'exp' ? value * 1.000005 : value));
  const keep = (text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-arithmetic-'));
    const path = recordPath(adapter, folder);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return folder;
  };
  const read = (record: unknown): ArithmeticRecord | undefined => readRecord(adapter, keep(JSON.stringify(record)));

  it('of correctly rounded functions says nothing of them, one of wrong functions names these alone', () => {
    expect(complaintsOf(good.functions)).toEqual([]);
    expect(measuredUnits(good.functions).exp.constant).toBeLessThanOrEqual(1);
    expect(complaintsOf(wrong.functions)).toMatchObject([{ name: 'exp', excuses: true }]);
    expect(shareOutside(wrong.functions.exp)).toBeGreaterThan(wrong.functions.exp.drawn.outside / wrong.functions.exp.drawn.judged);
    // 1 − α^(1/N), from above
    const share = 1 - 1e-6 ** (1 / good.functions.exp.drawn.judged);
    expect(shareOutside(good.functions.exp)).toBeGreaterThanOrEqual(share * (1 - 2 ** -30));
    expect(shareOutside(good.functions.exp)).toBeLessThan(share * (1 + 2 ** -20));
    expect(tableOf(wrong)).toHaveLength(measuredNames.length + 1);
  });

  it('within what the bounds assume, but outside the table, excuses nothing', () => {
    // 3.3 ULP at a mantissa near 2 are 3.4 u of the 6.2 that are assumed
    const near = recordOf((name, value, [x]) => (name === 'exp' && x! < 0 && x! > -0.06 ? step(value, -4) : value));
    expect(near.functions.exp.outside).toBeGreaterThan(0);
    expect(near.functions.exp.beyond).toBe(0);
    expect(complaintsOf(near.functions)).toMatchObject([{ name: 'exp', excuses: false, text: expect.stringContaining('the kernel’s fault') as string }]);
  });

  it('is read as it was written, by its adapter alone', () => {
    expect(read(good)).toEqual(good);
    expect(read(wrong)).toEqual(wrong);
    expect(readRecord({ ...adapter, driver: '1.3' }, keep(JSON.stringify(good)))).toBeUndefined();
    expect(recordPath(adapter)).toMatch(/A-GPU-..-[0-9a-f]{16}\.json$/);
    expect(dirname(recordPath({ ...adapter, device: '../../x' }, 'folder'))).toBe('folder');
  });

  it('that is damaged, foreign or contradicts its bits is as none', () => {
    const change = (record: ArithmeticRecord, name: MeasuredName, fields: object): object => ({ ...record, functions: { ...record.functions, [name]: { ...record.functions[name], ...fields } } });
    const { outsideAt, beyondAt } = wrong.functions.exp;
    const bad: Record<string, unknown> = {
      'another version': { ...good, schemaVersion: 99 },
      'another Dawn': { ...good, dawn: '0.0.0' },
      'another adapter': { ...good, adapter: { ...adapter, device: 'another' } },
      'a function missing': { ...good, functions: { ...good.functions, fma: undefined } },
      'an unknown field': { ...good, more: 1 },
      'an accusation without bits': change(good, 'exp', { outside: 1 }),
      'an accusation by bits that are right': change(good, 'exp', { outside: 1, outsideAt: good.functions.exp.worst }),
      'beyond by bits that are right': change(good, 'exp', { beyond: 3, beyondAt: good.functions.exp.worst }),
      'bits that are wrong, and not counted': change(good, 'exp', { outsideAt, beyondAt }),
      'operands of another function': change(good, 'exp', { worst: good.functions.add.worst }),
      'bits that are no u32': change(good, 'exp', { worst: { operands: [2 ** 40], result: 0 } }),
      'a special case that is none': change(good, 'exp', { special: 1, specials: [good.functions.exp.worst] }),
    };
    for (const [what, record] of Object.entries(bad)) expect(read(record), what).toBeUndefined();
    expect(readRecord(adapter, keep('{"format":'))).toBeUndefined();
    expect(readRecord(adapter, keep(JSON.stringify(good) + ' '.repeat(2 ** 21)))).toBeUndefined();
    expect(readRecord(adapter, join(tmpdir(), 'plumbline-no-such-folder'))).toBeUndefined();
  });
});
