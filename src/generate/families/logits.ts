/** The families of logits by name. All of them are finite in every dtype at every scale up to 10⁴. */
import type { LogitsFamily } from './family.ts';
import * as spread from './logits-spread.ts';
import * as structured from './logits-structured.ts';
import * as supports from './logits-supports.ts';

export type { LogitsFamily } from './family.ts';

export const logitsFamilies: Readonly<Record<string, LogitsFamily>> = {
  normal: spread.normal,
  uniform: spread.uniform,
  shifted: spread.shifted,
  'row-shifted': spread.rowShifted,
  'mixed-magnitude': spread.mixedMagnitude,
  subnormal: spread.subnormal,
  spike: spread.spike,
  zeros: spread.zeros,
  'dominated-column': spread.dominatedColumn,
  dyadic: structured.dyadicNumbers,
  integer: structured.integer,
  constant: structured.constant,
  'rank-one': structured.rankOne,
  circulant: structured.circulant,
  'latin-square': structured.latinSquare,
  'permutation-spikes': structured.permutationSpikes,
  'near-permutation': structured.nearPermutation,
  kronecker: structured.kronecker,
  symmetric: structured.symmetric,
  'duplicate-rows': structured.duplicateRows,
  'duplicate-columns': structured.duplicateColumns,
  ties: structured.ties,
  'support-pattern': supports.supportPattern,
  triangular: supports.triangular,
  block: supports.block,
};

/** What a plan without `logits` means. */
export const finiteLogitsFamilies: readonly string[] = Object.keys(logitsFamilies);

/** What a plan without `scales` means: around 0, where truncation begins to show (2 to 10), and around the overflow of f32's exponential (88.7). */
export const logitScales: readonly number[] = [0, 0.1, 1, 2, 4, 10, 30, 60, 88, 89, 1e3, 1e4];
