import { expect, it } from 'vitest';

import { operations } from '../../../src/operations/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { tensor } from '../../../src/tensor/tensor.ts';
import { convergenceOf } from '../../../src/verify/convergence.ts';
import type { Examination } from '../../../src/verify/examine.ts';
import type { ResolvedKernel } from '../../../src/verify/property.ts';

const sizes = { tokens: 2, streams: 3, channels: 1, depth: 1 };
const logits = Float64Array.from({ length: 18 }, (_, k) => 3 * Math.sin(k * k));
const dialect = sinkhornPresets['tilekernels']!;
const after = (iterations: number): Float64Array => operations.sinkhorn.reference({ logits }, sizes, { ...dialect, iterations })['residualMapping']!;
const kernel = (operation: keyof typeof operations = 'sinkhorn', declared: object = dialect): ResolvedKernel => ({ operation: operations[operation], dialect: declared }) as unknown as ResolvedKernel;
const returning = (values: Float64Array): Examination => ({ case: { inputs: { logits }, sizes }, outputs: { residualMapping: tensor(values, [values.length], 'f64') } }) as unknown as Examination;

it('a kernel that stops early lies on the point of the reference where it stopped', () => {
  const { reference, kernel: found } = convergenceOf(kernel(), returning(after(7)))!;
  expect(reference).toHaveLength(dialect.iterations);
  expect(found).toEqual(reference[6]);
  expect(found).not.toEqual(reference.at(-1));
  // rows were normalised before columns: their sums are what converges
  const rows = reference.map((sums) => sums.rows);
  expect(rows.slice(0, 8)).toEqual(rows.slice(0, 8).toSorted((a, b) => b - a));
  expect(Math.max(...reference.map(({ columns }) => columns))).toBeLessThan(rows[0]!);
});

it('rows are not columns, and every token counts', () => {
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const off = convergenceOf(kernel(), returning(Float64Array.from([...identity, 1, 0.5, 0, 0, 0.5, 0, 0, 0, 1])))!.kernel!;
  expect(off).toEqual({ rows: 0.5, columns: 0 });
  expect(convergenceOf(kernel(), returning(Float64Array.from([...identity, ...identity.with(4, Number.NaN)])))!.kernel).toEqual({ rows: Number.NaN, columns: Number.NaN });
});

it('says nothing of what has another size, of other operations, and without iterations', () => {
  expect(convergenceOf(kernel(), returning(new Float64Array(9)))!.kernel).toBeUndefined();
  expect(convergenceOf(kernel('cayley'), returning(after(1)))).toBeUndefined();
  expect(convergenceOf(kernel('sinkhorn', {}), returning(after(1)))).toBeUndefined();
});
