import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { dual, dualField, type Dual } from '../../../src/numerics/dual.ts';
import { exactly, exactOutputs } from '../../../src/operations/exact.ts';
import type { Operation, Sizes } from '../../../src/operations/operation.ts';
import { stack, stackVjp } from '../../../src/operations/stack/index.ts';
import { streamRead, streamReadVjp, streamWrite, streamWriteVjp } from '../../../src/operations/streams/index.ts';
import type { MixingDialect } from '../../../src/operations/streams/dialect.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { attacked } from './sinkhorn-variants.ts';
import { drawInputs, inputKinds } from './mixing-cases.ts';

const operations = [streamRead, streamReadVjp, streamWrite, streamWriteVjp, stack, stackVjp] as unknown as readonly Operation<MixingDialect>[];

describe.each(operations.map((operation) => [operation.id, operation] as const))('%s against bignumbers', (_, operation) => {
  it.each(inputKinds)('the f64 reference keeps its bound, double-double half an ulp and a little: %s', (kind) => {
    const shapes = [[1, 1, 1], [3, 5, 2], [4, 9, 6], [5, 2, 0], [16, 3, 3]] as const;
    shapes.forEach(([streams, channels, depth], round) => {
      if (depth === 0 && !operation.dims.includes('depth')) return;
      const sizes: Sizes = { tokens: 1, streams, channels, depth };
      const inputs = drawInputs(operation, sizes, kind, new Random(round, 77), 'f64');
      for (const orientation of ['plain', 'transposed'] as const) {
        const dialect = { orientation };
        const truth = exactOutputs(operation.id, inputs, sizes, dialect);
        const { values, errors, certified } = operation.bounded(inputs, sizes, dialect, resolveArithmetic('ieee-f64'), {});
        const precise = operation.precise(inputs, sizes, dialect);
        expect([...certified]).toEqual([1]);
        for (const port of operation.outputs) {
          const exact = truth[port.name]!;
          expect(values[port.name]).toHaveLength(exact.length);
          for (let e = 0; e < exact.length; e++) {
            // the bound is for kernel and reference together, half of it for each
            expect(exactly(values[port.name]![e]!).minus(exact[e]!).abs().toNumber()).toBeLessThanOrEqual(errors[port.name]![e]! / 2);
            const halfUlp = exact[e]!.abs().toNumber() * 2 ** -53 * (1 + 2 ** -40);
            const second = errors[port.name]![e]! * 2 ** -40; // double-double errs by 2⁻⁵⁰ of f64's error
            expect(exactly(precise[port.name]![e]!).minus(exact[e]!).abs().toNumber()).toBeLessThanOrEqual(halfUlp + second);
          }
        }
      }
    });
  });
});

/** Sinkhorn over dual numbers, written from the dialect table; the derivative along one logit. */
function dualSinkhorn(logits: readonly Dual[], n: number, dialect: SinkhornDialect): Dual[] {
  const f = dualField;
  const at = (side: 'rows' | 'columns', line: number, k: number): number => (side === 'rows' ? line * n + k : k * n + line);
  const last = dialect.lastNormalised;
  const first = last === 'rows' ? 'columns' : 'rows';
  const x = [...logits];
  const whole = Math.max(...logits.map((value) => value.value));
  for (let line = 0; line < n; line++) {
    const own = Array.from({ length: n }, (_, k) => at(first, line, k));
    const shift = dialect.stabilisation === 'none' ? 0 : dialect.stabilisation === 'matrix-max' ? whole : Math.max(...own.map((i) => logits[i]!.value));
    for (const i of own) {
      const scaled = f.div(f.sub(logits[i]!, f.of(shift)), f.of(dialect.temperature));
      const size = scaled.value < 0 ? f.sub(f.of(0), scaled) : scaled;
      x[i] = dialect.start === 'absolute' ? f.add(size, f.of(dialect.epsilonInStart ? dialect.epsilon : 0)) : f.exp(scaled);
    }
  }
  const normalise = (side: 'rows' | 'columns', divisor: SinkhornDialect['divisor']): void => {
    for (let line = 0; line < n; line++) {
      const own = Array.from({ length: n }, (_, k) => at(side, line, k));
      let total = own.reduce((sum, i) => f.add(sum, x[i]!), f.of(0));
      if (divisor === 'add') total = f.add(total, f.of(dialect.epsilon));
      if (divisor === 'clamp' && f.less(total, f.of(dialect.epsilon))) total = f.of(dialect.epsilon);
      const small = side === 'rows' ? dialect.smallRows : dialect.smallColumns;
      const undivided = divisor === 'threshold' && total.value <= dialect.epsilon;
      for (const i of own) if (!undivided || small === 'zeroed') x[i] = undivided ? f.of(0) : f.div(x[i]!, total);
    }
  };
  const off = (): number => {
    const sums = [0, 1].flatMap((side) => Array.from({ length: n }, (_, line) => x.reduce((sum, value, i) => sum + (line === (side === 0 ? Math.floor(i / n) : i % n) ? value.value : 0), 0)));
    return Math.max(...sums.map((sum) => Math.abs(sum - 1)));
  };
  for (let t = 0; t < dialect.iterations; t++) {
    const softmax = t === 0 && dialect.start === 'softmax';
    normalise(first, softmax ? 'plain' : dialect.divisor);
    if (softmax && dialect.epsilonInStart) x.forEach((value, i) => (x[i] = f.add(value, f.of(dialect.epsilon))));
    normalise(last, dialect.divisor);
    if (off() < dialect.stopBelow) break;
  }
  return x;
}

describe('exact Sinkhorn', () => {
  const odd: SinkhornDialect = { ...sinkhornPresets['tilekernels']!, start: 'exp', epsilonInStart: false, stabilisation: 'matrix-max', epsilon: 0.02, lastNormalised: 'rows', iterations: 3 };
  const dialects = [...attacked, ['odd', odd], ['odd clamp', { ...odd, divisor: 'clamp', epsilon: 0.5 }]] as [string, SinkhornDialect][];

  it.each(dialects)('value and unrolled gradient are those of dual numbers: %s', (_, dialect) => {
    for (const n of [1, 2, 3, 4]) {
      const random = new Random(n, 5);
      const logits = Float64Array.from({ length: n * n }, () => random.normal() * 2);
      const cotangent = Float64Array.from({ length: n * n }, () => random.normal());
      const sizes: Sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
      const value = exactOutputs('sinkhorn', { logits }, sizes, dialect)['residualMapping']!;
      const gradient = exactOutputs('sinkhorn-vjp', { logits, cotangent }, sizes, { ...dialect, derivative: 'unrolled' })['logitsGradient']!;
      const steps = 2 * dialect.iterations + 1;
      for (let entry = 0; entry < n * n; entry++) {
        const forward = dualSinkhorn([...logits].map((x, i) => dual(x, i === entry ? 1 : 0)), n, dialect);
        const scale = (n + 3) * steps * 2 ** -53 * 4;
        forward.forEach((x, i) => expect(Math.abs(x.value - value[i]!.toNumber())).toBeLessThanOrEqual(scale * Math.max(1, x.value)));
        // each step adds (n + 3) roundings to values ≤ 1 and to derivatives ≤ 1, and carries n² of them on
        const product = forward.reduce((sum, x, i) => sum + cotangent[i]! * x.derivative, 0);
        const steepest = 1 / (dialect.start === 'absolute' ? Math.min(...logits.map(Math.abs)) : dialect.temperature); // of the start's logarithm
        const magnitude = Math.max(1, steepest) * cotangent.reduce((sum, g) => sum + Math.abs(g), 0);
        expect(Math.abs(product - gradient[entry]!.toNumber())).toBeLessThanOrEqual(scale * n * n * magnitude);
      }
    }
  });

  it('the implicit gradient is where the unrolled one goes', () => {
    const n = 3;
    const random = new Random(8);
    const logits = Float64Array.from({ length: n * n }, () => random.normal());
    const cotangent = Float64Array.from({ length: n * n }, () => random.normal());
    const sizes: Sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
    const gradient = (iterations: number, derivative: 'unrolled' | 'implicit'): number[] => {
      const dialect = { ...sinkhornPresets['paper']!, iterations, derivative };
      return exactOutputs('sinkhorn-vjp', { logits, cotangent }, sizes, dialect)['logitsGradient']!.map((x) => x.toNumber());
    };
    const limit = gradient(200, 'implicit');
    const distance = (iterations: number): number => Math.max(...gradient(iterations, 'unrolled').map((x, i) => Math.abs(x - limit[i]!)));
    expect(distance(6)).toBeLessThan(distance(3) / 2);
    expect(distance(200)).toBeLessThan(2 ** -45);
    for (let line = 0; line < n; line++) {
      expect(Math.abs(limit[line]! + limit[n + line]! + limit[2 * n + line]!)).toBeLessThan(2 ** -48);
    }
  });
});
