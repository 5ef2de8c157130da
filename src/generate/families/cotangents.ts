/** Cotangents. A constant cotangent makes most gradients of mHC vanish, right or wrong, so none of these is constant. */
import type { MatrixFamily } from './family.ts';

/** Independent normal numbers; symmetric in nothing. */
const normal: MatrixFamily = (out, offset, rows, columns, random) => random.fillNormal(out, offset, offset + rows * columns, 1);

/** A single one. Picks one row of one column of the Jacobian. */
const oneHot: MatrixFamily = (out, offset, rows, columns, random) => {
  out.fill(0, offset, offset + rows * columns);
  if (rows * columns > 0) out[offset + random.below(rows * columns)] = 1;
};

/** a·bᵀ with normal a and b. */
const rankOne: MatrixFamily = (out, offset, rows, columns, random) => {
  rowConstant(out, offset, rows, columns, random);
  for (let i = 0; i < rows; i++) {
    const factor = random.normal();
    for (let j = 0; j < columns; j++) out[offset + i * columns + j]! *= factor;
  }
};

const large: MatrixFamily = (out, offset, rows, columns, random) => random.fillNormal(out, offset, offset + rows * columns, 1e10);

/** 1·bᵀ: the same row everywhere. What conserves the mean of the streams passes it unchanged; Sinkhorn's limit annihilates it. */
const rowConstant: MatrixFamily = (out, offset, rows, columns, random) => {
  normal(out, offset, Math.min(rows, 1), columns, random);
  for (let row = 1; row < rows; row++) out.copyWithin(offset + row * columns, offset, offset + columns);
};

/** a·1ᵀ: the same column everywhere. */
const columnConstant: MatrixFamily = (out, offset, rows, columns, random) => {
  for (let i = 0; i < rows; i++) out.fill(random.normal(), offset + i * columns, offset + (i + 1) * columns);
};

/** −8 … 8. */
const integers: MatrixFamily = (out, offset, rows, columns, random) => {
  for (let i = offset; i < offset + rows * columns; i++) out[i] = random.integer(-8, 8);
};

export const cotangentFamilies: Readonly<Record<string, MatrixFamily>> = {
  normal,
  'one-hot': oneHot,
  'rank-one': rankOne,
  large,
  'row-constant': rowConstant,
  'column-constant': columnConstant,
  integers,
};

/** What a plan without `cotangents` means. `large` is 10¹⁰, which f16 cannot store. */
export const finiteCotangentFamilies: readonly string[] = Object.keys(cotangentFamilies);
