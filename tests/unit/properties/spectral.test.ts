import { expect, test } from 'vitest';

import { aPriori } from '../../../properties/a-priori.ts';
import { spectralProperties } from '../../../properties/spectral/index.ts';
import { Random } from '../../../src/generate/random.ts';
import { dobrushinUpper, infNormUpper, lineSums } from '../../../src/numerics/spectral.ts';
import { operations } from '../../../src/operations/index.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { normalisedLines } from '../../../properties/small-matrices.ts';
import { distinct } from '../operations/sinkhorn-variants.ts';
import { testClaims } from './claims.ts';
import { right } from './wrong-kernels.ts';

testClaims(spectralProperties, () => undefined);

const dialects: [string, SinkhornDialect][] = distinct(sinkhornPresets).filter(([, dialect]) => spectralProperties[0]!.notApplicable?.({ dialect } as never) === undefined).flatMap(([name, dialect]) => [
  [name, dialect],
  [`${name}, T = 3`, { ...dialect, iterations: 3 }],
]);

test.each(dialects)('what is said of %s before looking holds for the f64 reference', (_name, dialect) => {
  const kernel = resolveKernel(operations.sinkhorn, { dialect: { ...dialect }, arithmetic: 'ieee-f32', run: right.sinkhorn.run }, 'f64') as never;
  const random = new Random(7);
  let bit = 0;
  for (let k = 0; k < 400; k++) {
    const n = random.integer(1, 5);
    const scale = random.pick([0, 0.1, 1, 3, 10]);
    const logits = Float64Array.from({ length: n * n }, () => Math.fround(scale * random.normal()));
    const result = sinkhornReference(logits, 1, n, dialect);
    const sizes = { tokens: 1, streams: n, channels: 1, depth: 1 };
    const bounded = operations.sinkhorn.bounded({ logits }, sizes, dialect, (kernel as { arithmetic: never }).arithmetic, { residualMapping: 'f32' });
    if (bounded.certified[0] === 0) continue;
    const { low, high, free, contraction, contractionError } = aPriori(kernel, logits, 0, n, bounded);
    const sums = lineSums(result, 0, n, dialect.lastNormalised);
    expect(Math.max(...sums)).toBeLessThanOrEqual(high);
    expect(Math.min(...sums)).toBeGreaterThanOrEqual(low);
    const other = lineSums(result, 0, n, dialect.lastNormalised === 'rows' ? 'columns' : 'rows');
    expect(Math.max(...other)).toBeLessThanOrEqual(free);
    expect(dobrushinUpper(normalisedLines(result, 0, n, dialect.lastNormalised), 0, n, dialect.lastNormalised)).toBeLessThanOrEqual(contraction + contractionError);
    if (free < infNormUpper(new Float64Array(n * n).fill(1), 0, n)) bit++;
  }
  expect(bit, 'matrices whose free side is bounded below n').toBeGreaterThan(100);
});
