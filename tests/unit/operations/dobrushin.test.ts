/** The coefficient without branches against its definition, in exact arithmetic. */
import { all, create } from 'mathjs';
import { expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { dobrushin } from '../../../src/operations/sinkhorn/dobrushin.ts';

const math = create(all!, { number: 'BigNumber', precision: 400 });

it.each([1, 2, 3, 4, 8, 16])('is never below its definition, and hardly above: n = %i', (n) => {
  const random = new Random(n);
  for (let round = 0; round < 20; round++) {
    const matrix = Float64Array.from({ length: n * n }, () => random.uniform() * 2 ** -random.below(round === 0 ? 1 : 60));
    for (const side of ['rows', 'columns'] as const) {
      const at = (line: number, e: number): number => (side === 'rows' ? matrix[line * n + e]! : matrix[e * n + line]!);
      let exact = math.bignumber(0);
      let inF64 = 0;
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) {
          let above = math.bignumber(0);
          let sum = 0;
          for (let e = 0; e < n; e++) {
            if (!(at(a, e) > at(b, e))) continue;
            above = above.plus(math.bignumber(at(a, e)).minus(at(b, e)));
            sum += at(a, e) - at(b, e);
          }
          if (above.gt(exact)) exact = above;
          inF64 = Math.max(inF64, sum);
        }
      }
      const found = dobrushin(matrix, n, side);
      expect(exact.lte(found)).toBe(true);
      expect(found).toBeGreaterThanOrEqual(inF64);
      expect(exact.times(math.bignumber(1).plus((n + 2) * 2 ** -50)).gte(found)).toBe(true);
    }
  }
});
