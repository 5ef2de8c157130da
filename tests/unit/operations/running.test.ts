/**
 * The running error analysis against kernels that round every step in f32 at random orders, on expressions that are drawn at random; the truth is double-double. The kernel's
 * numbers, ours and the truth must lie within each number's radius of each other.
 */
import { expect, test } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { RunningCalculus, type Errors } from '../../../src/operations/calculus/running.ts';
import { preciseCalculus } from '../../../src/operations/calculus/precise.ts';
import { float64Calculus } from '../../../src/operations/calculus/float64.ts';
import type { Calculus } from '../../../src/operations/calculus/calculus.ts';
import { sigmoid, tanh } from '../../../src/operations/calculus/elementary.ts';
import type { Pairs } from '../../../src/operations/streams/precise-algebra.ts';

const width = 5;
const kinds = ['multiply', 'scale', 'add', 'shift', 'dot', 'mix', 'sigmoid', 'tanh', 'tensorCore'] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  readonly left: number;
  readonly right: number;
  readonly constant: number;
}

/** Runs the steps over any calculus: each makes a new register of `width` closed numbers from two of those before. */
function run<S>(calculus: Calculus<S>, inputs: readonly S[], steps: readonly Step[]): S[] {
  const registers = [...inputs];
  for (const { kind, left, right, constant } of steps) {
    const [a, b] = [registers[left]!, registers[right]!];
    const out = calculus.zeros(width);
    if (kind === 'sigmoid' || kind === 'tanh') calculus.apply(out, 0, a, 0, width, kind === 'tanh' ? tanh : sigmoid);
    else if (kind === 'tensorCore') {
      calculus.copy(a, 0, out, 0, width);
      calculus.tensorCore(out, 0, width, 'any');
    } else if (kind === 'mix') {
      calculus.mix(out, 0, 1, { data: a, at: 0, row: 0, column: 1 }, 1, b, 0, width);
      calculus.add(out, 0, a, 0, width, constant);
      calculus.close(out, 0, width, 3);
    } else {
      if (kind === 'multiply') calculus.multiply(out, 0, a, 0, b, 0, width);
      if (kind === 'scale') calculus.scale(out, 0, a, 1, b, 0, width);
      if (kind === 'add') calculus.add(out, 0, a, 0, width, constant);
      if (kind === 'add') calculus.add(out, 0, b, 0, width);
      if (kind === 'shift') calculus.add(out, 0, a, 0, width);
      if (kind === 'shift') calculus.shift(out, 0, width, constant);
      if (kind === 'dot') for (let i = 0; i < width; i++) calculus.gram({ data: out, at: i, row: 0, column: 0 }, a, 0, 1, b, 0, 1, width - (i % 2));
      calculus.close(out, 0, width, 2, kind === 'dot' ? width : 0);
    }
    registers.push(out);
  }
  return registers;
}

/** The same in f32, fused or not, forwards or backwards, products of a TF32 tensor core cut or rounded. */
function kernel(inputs: readonly Float64Array[], steps: readonly Step[], random: Random): Float64Array[] {
  const f = Math.fround;
  const registers = [...inputs];
  for (const { kind, left, right, constant } of steps) {
    const [a, b] = [registers[left]!, registers[right]!];
    const fused = random.bits() % 2 === 0;
    const sum = (c: number, x: number, y: number): number => (fused ? f(c + x * y) : f(c + f(x * y)));
    const dot = (count: number): number => {
      const order = random.permutation(count);
      return order.reduce((total, k) => sum(total, a[k]!, b[k]!), 0);
    };
    const one = (i: number): number => {
      switch (kind) {
        case 'multiply': return f(a[i]! * b[i]!);
        case 'scale': return f(a[1]! * b[i]!);
        case 'add': return f(f(constant * a[i]!) + b[i]!);
        case 'shift': return f(a[i]! + f(constant));
        case 'dot': return dot(width - (i % 2));
        case 'mix': return sum(f(constant * a[i]!), a[0]!, b[i]!);
        case 'sigmoid': return f(1 / f(1 + f(Math.exp(-a[i]!))));
        case 'tanh': return f(Math.tanh(a[i]!));
        default: return cut(a[i]!, random.bits() % 2 === 0);
      }
    };
    registers.push(Float64Array.from({ length: width }, (_, i) => one(i)));
  }
  return registers;
}

const bits = new DataView(new ArrayBuffer(4));
function cut(x: number, away: boolean): number {
  bits.setFloat32(0, x);
  bits.setUint32(0, ((bits.getUint32(0) + (away ? 0x1000 : 0)) & 0xffffe000) >>> 0);
  return bits.getFloat32(0);
}

test.each([['ieee-f32', undefined], ['ieee-f32', 5], ['bf16-storage', undefined], ['wgsl-f32', undefined]] as const)('no number is further off than its radius: %s, additions %s', (preset, additions) => {
  const random = new Random(17);
  const arithmetic = resolveArithmetic(additions === undefined ? preset : { preset, additions });
  let judged = 0;
  let closest = 0;
  for (let round = 0; round < 700; round++) {
    const size = [1, 1e-20, 1e10, 2 ** -140][random.below(8)] ?? 1;
    const inputs = Array.from({ length: 3 }, () => Float64Array.from({ length: width }, () => Math.fround(size * random.normal())));
    const steps = Array.from({ length: 8 }, (_, k) => ({ kind: random.pick(kinds), left: random.below(3 + k), right: random.below(3 + k), constant: random.pick([1, -1, 2, 0.5]) }));
    const running = new RunningCalculus(arithmetic);
    const bounded: Errors[] = run<Errors>(running, inputs.map((values) => running.input(values)), steps);
    const reference = run<Float64Array>(float64Calculus, inputs, steps);
    const truth = run<Pairs>(preciseCalculus, inputs.map((hi) => ({ hi, lo: new Float64Array(width) })), steps);
    const computed = kernel(inputs, steps, random);
    bounded.forEach(({ value, radius }, r) => {
      expect(value).toEqual(reference[r]);
      for (let i = 0; i < width; i++) {
        if (!(radius[i]! < Infinity)) continue;
        judged++;
        expect(Math.abs(value[i]! - computed[r]![i]!)).toBeLessThanOrEqual(radius[i]!);
        expect(Math.abs(value[i]! - truth[r]!.hi[i]! - truth[r]!.lo[i]!)).toBeLessThanOrEqual(radius[i]!);
        if (radius[i]! > 0) closest = Math.max(closest, Math.abs(value[i]! - computed[r]![i]!) / radius[i]!);
      }
    });
  }
  expect(judged).toBeGreaterThan(25_000);
  expect(closest).toBeGreaterThan(preset === 'ieee-f32' ? 0.5 : 0); // the bound is met, nearly
});

test('what leaves the range is not claimed, nor what follows from it', () => {
  const running = new RunningCalculus(resolveArithmetic('ieee-f32'));
  const big = running.input(Float64Array.of(1e30, 1));
  const out = running.zeros(2);
  running.multiply(out, 0, big, 0, big, 0, 2);
  running.close(out, 0, 2, 1);
  expect(out.radius[0]).toBe(Infinity);
  expect(out.radius[1]).toBeLessThan(1e-6);
  const next = running.zeros(1);
  running.gram({ data: next, at: 0, row: 0, column: 0 }, out, 0, 1, running.input(Float64Array.of(0, 1)), 0, 1, 2);
  running.close(next, 0, 1, 1, 2);
  expect(next.radius[0]).toBe(Infinity);
});
