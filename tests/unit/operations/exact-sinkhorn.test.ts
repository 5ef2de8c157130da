import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { exactly, exactOutputs } from '../../../src/operations/exact.ts';
import { operations } from '../../../src/operations/index.ts';
import type { Sizes, Values } from '../../../src/operations/operation.ts';
import type { SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { attacked, attackedBackwards, decisive } from './sinkhorn-variants.ts';

const rounds = 6;
const decisiveRounds = 25;

/** Logits of growing width, with ties, shifts and a dominated column; then those that decide the variants. */
function draw(n: number, round: number, dialect: SinkhornDialect): Values {
  const random = new Random(n, round, 31);
  if (round >= rounds) {
    const logits = decisive(n, round - rounds, dialect, () => random.normal() * [0.3, 2][round % 2]!);
    return { logits, cotangent: Float64Array.from({ length: n * n }, () => random.normal()) };
  }
  const scale = [0, 0.3, 1, 4, 10, 30][round % 6]!;
  const logits = Float64Array.from({ length: n * n }, (_, i) => random.normal() * scale + (round % 4 === 1 ? 90 : 0) - (round % 5 === 2 && i % n === 0 ? 40 : 0));
  return { logits, cotangent: Float64Array.from({ length: n * n }, () => random.normal()) };
}

describe.each(['sinkhorn', 'sinkhorn-vjp'] as const)('%s against bignumbers', (id) => {
  const operation = operations[id];
  const dtypes = Object.fromEntries(operation.outputs.map(({ name }) => [name, 'f64' as const]));

  it.each(id === 'sinkhorn' ? attacked : (attackedBackwards as [string, SinkhornDialect][]))('the f64 reference keeps its bound, and so does double-double: %s', (_, dialect) => {
    let claims = 0;
    for (const n of [1, 2, 3, 4, 7]) {
      for (let round = 0; round < rounds + (n === 2 || n === 3 ? decisiveRounds : 0); round++) {
        const sizes: Sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
        const inputs = draw(n, round, dialect);
        const { values, errors, certified } = operation.bounded(inputs, sizes, dialect, resolveArithmetic('ieee-f64'), dtypes);
        if (certified[0] !== 1) continue;
        claims++;
        const truth = exactOutputs(id, inputs, sizes, dialect);
        const precise = operation.precise(inputs, sizes, dialect);
        for (const { name } of operation.outputs) {
          truth[name]!.forEach((exact, e) => {
            const bound = errors[name]![e]!;
            expect(exactly(values[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(bound);
            expect(exactly(precise[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(bound);
          });
        }
      }
    }
    expect(claims).toBeGreaterThan(10);
  });
});
