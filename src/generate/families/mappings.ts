/**
 * Residual mappings, for the operations that take them as inputs. Most families draw every sublayer anew; at depth the
 * correlated ones matter more: deviations that independent layers average out add up when the layers are alike.
 */
import { sinkhornReference } from '../../operations/sinkhorn/reference.ts';
import { sinkhornPresets } from '../../operations/sinkhorn/dialect.ts';
import type { Random } from '../random.ts';
import { balance } from './balance.ts';
import type { MappingFamily } from './family.ts';

type LayerFill = (out: Float64Array, offset: number, n: number, random: Random) => void;

/** Every sublayer from the same distribution, independently. */
function eachLayer(fill: LayerFill): MappingFamily {
  return (out, offset, n, depth, random) => {
    for (let layer = 0; layer < depth; layer++) fill(out, offset + layer * n * n, n, random);
  };
}

/** The exact projection of normal logits of scale 1. */
const projected: LayerFill = (out, offset, n, random) => {
  for (let i = offset; i < offset + n * n; i++) out[i] = Math.exp(random.normal());
  balance(out, offset, n);
};

const permutation: LayerFill = (out, offset, n, random) => {
  out.fill(0, offset, offset + n * n);
  random.permutation(n).forEach((j, i) => (out[offset + i * n + j] = 1));
};

/** A permutation that keeps all but 2⁻³ to 2⁻¹² of its weight; the rest goes to a projected matrix. */
const nearPermutation: LayerFill = (out, offset, n, random) => {
  projected(out, offset, n, random);
  mix(out, offset, n, random.permutation(n), 2 ** -random.integer(3, 12));
};

/** The average of 1, 2, 4, 8 or 16 permutations: entries are multiples of 1/16, so products with small integers are exact. */
const dyadic: LayerFill = (out, offset, n, random) => {
  out.fill(0, offset, offset + n * n);
  const count = 2 ** random.integer(0, 4);
  for (let k = 0; k < count; k++) random.permutation(n).forEach((j, i) => (out[offset + i * n + j]! += 1 / count));
};

/** Stream i from stream i + 1. Not symmetric for n ≥ 3, so it tells H from Hᵀ. */
const cyclicShift: LayerFill = (out, offset, n) => {
  out.fill(0, offset, offset + n * n);
  for (let i = 0; i < n; i++) out[offset + i * n + ((i + 1) % n)] = 1;
};

const identity: LayerFill = (out, offset, n) => {
  out.fill(0, offset, offset + n * n);
  for (let i = 0; i < n; i++) out[offset + i * n + i] = 1;
};

const uniform: LayerFill = (out, offset, n) => {
  out.fill(1 / n, offset, offset + n * n);
};

/** Two groups of streams that do not mix. */
const blockDiagonal: LayerFill = (out, offset, n, random) => {
  const split = n === 1 ? 1 : random.integer(1, n - 1);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[offset + i * n + j] = i < split === j < split ? Math.exp(random.normal()) : 0;
  }
  balance(out, offset, n);
};

/** Columns sum to 1, rows to anything. */
const columnStochastic: LayerFill = (out, offset, n, random) => stochastic(out, offset, n, n, 1, random);

/** Rows sum to 1, columns to anything. */
const rowStochastic: LayerFill = (out, offset, n, random) => stochastic(out, offset, n, 1, n, random);

/** Normal numbers of both signs: no mapping of mHC, but the operations are linear and must be right for it. Variance 1/n keeps deep products in range. */
const arbitrary: LayerFill = (out, offset, n, random) => random.fillNormal(out, offset, offset + n * n, 1 / Math.sqrt(n));

/** What 20 iterations with epsilon leave of logits of scale 3, 6 or 10: columns are exact, rows visibly not. */
const shipped: MappingFamily = (out, offset, n, depth, random) => {
  const logits = new Float64Array(depth * n * n);
  random.fillNormal(logits, 0, logits.length, random.pick([3, 6, 10]));
  iterate20(out, offset, n, depth, logits);
};

/** The same logits of scale 30 in every sublayer, but for noise of scale 0.3, after 20 iterations: the row deviations add up. */
const correlatedShipped: MappingFamily = (out, offset, n, depth, random) => {
  iterate20(out, offset, n, depth, alikeLogits(n, depth, 30, random));
};

/** The exact projections of logits that are the same in every sublayer, but for noise of scale 0.3. */
const correlated: MappingFamily = (out, offset, n, depth, random) => {
  const logits = alikeLogits(n, depth, 1, random);
  for (let i = 0; i < logits.length; i++) out[offset + i] = Math.exp(logits[i]!);
  for (let layer = 0; layer < depth; layer++) balance(out, offset + layer * n * n, n);
};

/** Every sublayer is nearly the same permutation. */
const correlatedNearPermutation: MappingFamily = (out, offset, n, depth, random) => {
  const order = random.permutation(n);
  const rest = 2 ** -random.integer(3, 12);
  for (let layer = 0; layer < depth; layer++) {
    projected(out, offset + layer * n * n, n, random);
    mix(out, offset + layer * n * n, n, order, rest);
  }
};

export const mappingFamilies: Readonly<Record<string, MappingFamily>> = {
  sinkhorn: eachLayer(projected),
  shipped,
  permutation: eachLayer(permutation),
  'near-permutation': eachLayer(nearPermutation),
  dyadic: eachLayer(dyadic),
  'cyclic-shift': eachLayer(cyclicShift),
  identity: eachLayer(identity),
  uniform: eachLayer(uniform),
  'block-diagonal': eachLayer(blockDiagonal),
  'column-stochastic-only': eachLayer(columnStochastic),
  'row-stochastic-only': eachLayer(rowStochastic),
  arbitrary: eachLayer(arbitrary),
  independent: eachLayer(projected),
  correlated,
  'correlated-shipped': correlatedShipped,
  'correlated-near-permutation': correlatedNearPermutation,
};

/** Families whose rows and columns sum to 1 up to the rounding of f64 (before the kernel's dtype rounds them again). */
export const doublyStochasticMappings: readonly string[] = [
  'sinkhorn', 'permutation', 'near-permutation', 'dyadic', 'cyclic-shift', 'identity', 'uniform', 'block-diagonal',
  'independent', 'correlated', 'correlated-near-permutation',
];

/** What a plan without `mappings` means. Some of these are not doubly stochastic: a claim about such matrices must name its families. */
export const finiteMappingFamilies: readonly string[] = Object.keys(mappingFamilies);

function alikeLogits(n: number, depth: number, scale: number, random: Random): Float64Array {
  const logits = new Float64Array(depth * n * n);
  random.fillNormal(logits, 0, n * n, scale);
  for (let i = logits.length - 1; i >= 0; i--) logits[i] = logits[i % (n * n)]! + 0.3 * random.normal();
  return logits;
}

function iterate20(out: Float64Array, offset: number, n: number, depth: number, logits: Float64Array): void {
  out.set(sinkhornReference(logits, depth, n, sinkhornPresets['tilekernels']!), offset);
}

function mix(out: Float64Array, offset: number, n: number, order: readonly number[], rest: number): void {
  for (let i = offset; i < offset + n * n; i++) out[i]! *= rest;
  order.forEach((j, i) => (out[offset + i * n + j]! += 1 - rest));
}

function stochastic(out: Float64Array, offset: number, n: number, along: number, across: number, random: Random): void {
  for (let line = 0; line < n; line++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += out[offset + line * across + k * along] = Math.exp(random.normal());
    for (let k = 0; k < n; k++) out[offset + line * across + k * along]! /= sum;
  }
}
