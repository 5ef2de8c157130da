/**
 * Bounds against the truth, decided by integers: no certified bound may be below it. Norms, deviations, ‖H − J/n‖₂, products over depth, the distance to the exact
 * projection (to 2⁻²⁰⁰), and the directed rounding they rest on. The integers themselves are first held against mathjs bignumbers.
 *   node dist/bench/soundness.js [checks = 1000000] [seed = 1]
 */
import type { BigNumber } from 'mathjs';

import * as directed from '../src/numerics/directed.ts';
import { twoNormLower } from '../src/numerics/spectral.ts';
import { magnitudeSumUp, rootUp, stepUp } from '../src/certify/outputs/enclosing.ts';
import { CompositeMeasures, MatrixMeasures } from '../src/certify/outputs/measures.ts';
import { Random } from '../src/index.ts';
import { exactly } from '../src/operations/exact.ts';
import * as truth from './exact-truth.ts';
import { machine, quantile } from './machine.ts';
import { outputFamilies } from './output-families.ts';
import { spread, threadsWanted } from './threads.ts';

type Kind = 'rounding' | 'sums and norms' | '‖H‖₂' | '‖H − J/n‖₂' | 'witness' | 'projection' | 'product over depth';
interface Piece {
  readonly counts: Record<Kind, number>;
  readonly violations: string[];
  /** Projections whose truth was not reached, and which are no check. */
  readonly undecided: number;
  readonly norms: number[];
  readonly composites: number[];
}

const wanted = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const families = Object.entries(outputFamilies);
/** Matrices of one family that a thread takes at a time, and about how many checks they give. */
const [batch, checksPerPiece] = [500, 8700];
const pieces = Math.max(families.length, Math.ceil(wanted / checksPerPiece));

function piece(item: number): Promise<Piece> {
  const [name, family] = families[item % families.length]!;
  const random = new Random(seed, item);
  const n = item % 7 === 6 ? [1, 2, 3, 8][Math.floor(item / 7) % 4]! : 4;
  const single = new MatrixMeasures(n);
  const counts: Piece['counts'] = { 'rounding': 0, 'sums and norms': 0, '‖H‖₂': 0, '‖H − J/n‖₂': 0, 'witness': 0, 'projection': 0, 'product over depth': 0 };
  const found: Piece = { counts, violations: [], undecided: 0, norms: [], composites: [] };
  let undecided = 0;
  const expect = (kind: Kind, holds: boolean, what: string, h: Float64Array): void => {
    counts[kind]++;
    if (!holds) found.violations.push(`${name}, n = ${n}: ${what} of [${h.join(', ')}]`);
  };
  for (let k = 0; k < batch; k++) {
    const h = family(random, n);
    const exact = truth.exactMatrix(h, 0, n);
    const { exponent } = exact;
    single.measure(h, 0);
    const [least, rows, columns, one, infinity, two, meanFree, distance] = single.values as unknown as number[] & { length: 8 };
    expect('sums and norms', truth.atMost(truth.lineNorm(exact, 'columns'), exponent, one!), `‖H‖₁ ≤ ${one}`, h);
    expect('sums and norms', truth.atMost(truth.lineNorm(exact, 'rows'), exponent, infinity!), `‖H‖∞ ≤ ${infinity}`, h);
    expect('sums and norms', h.every((x) => x >= least!), `entries ≥ ${least}`, h);
    if (exponent <= 0) {
      expect('sums and norms', truth.atMost(truth.lineDeviation(exact, 'rows'), exponent, rows!), `row sums within ${rows}`, h);
      expect('sums and norms', truth.atMost(truth.lineDeviation(exact, 'columns'), exponent, columns!), `column sums within ${columns}`, h);
    }
    expect('‖H‖₂', truth.twoNormAtMost(exact, two!), `‖H‖₂ ≤ ${two}`, h);
    expect('‖H − J/n‖₂', truth.meanFreeNormAtMost(exact, meanFree!), `‖H − J/n‖₂ ≤ ${meanFree}`, h);
    if (k % 8 === 0) {
      const lower = twoNormLower(h, 0, n, 200);
      expect('witness', lower === 0 || !truth.twoNormAtMost(exact, directed.nextDown(lower)), `‖H‖₂ ≥ ${lower}`, h);
      if (inRange(lower)) found.norms.push(two! / lower);
    }
    if (k % 50 === 0 && distance! < Infinity && h.every((x) => x > 0)) {
      const right = truth.projectionDistanceAtMost(exact, distance!);
      if (right === undefined) undecided++;
      else expect('projection', right, `|H − P| ≤ ${distance}`, h);
    }
    rounding(h, random, (holds, what) => expect('rounding', holds, what, h));
  }
  const lengths = name.includes('1e300') ? [2, 3] : [2, 3, 5, 8, 17, 60, 122];
  for (const layers of lengths) depth(family, random, n, layers, found, (holds, what, h) => expect('product over depth', holds, what, h));
  return Promise.resolve({ ...found, undecided });
}

/** + − × ÷ √ of pairs of entries, rounded outwards. */
function rounding(h: Float64Array, random: Random, expect: (holds: boolean, what: string) => void): void {
  const [a, b] = [h[random.below(h.length)]!, h[random.below(h.length)]!];
  const [x, y] = [truth.dyadic(a), truth.dyadic(b)];
  const least = Math.min(x.exponent, y.exponent);
  const sum = (x.integer << BigInt(x.exponent - least)) + (y.integer << BigInt(y.exponent - least));
  const product = x.integer * y.integer;
  expect(truth.atMost(sum, least, directed.addUp(a, b)), `addUp(${a}, ${b})`);
  expect(truth.atMost(-sum, least, -directed.addDown(a, b)), `addDown(${a}, ${b})`);
  expect(truth.atMost(product, x.exponent + y.exponent, directed.mulUp(a, b)), `mulUp(${a}, ${b})`);
  expect(truth.atMost(-product, x.exponent + y.exponent, -directed.mulDown(a, b)), `mulDown(${a}, ${b})`);
  expect(stepUp(Math.abs(a)) >= directed.nextUp(Math.abs(a)), `stepUp(${a})`);
  expect(truth.atMost((sum < 0n ? -sum : sum), least, magnitudeSumUp(Float64Array.of(Math.abs(a), a < 0 === b < 0 ? Math.abs(b) : 0), 0, 2, 1)) || a < 0 !== b < 0, `magnitudeSumUp(${a}, ${b})`);
  const square = (root: number): [bigint, number] => { const { integer, exponent } = truth.dyadic(root); return [integer * integer, exponent * 2]; };
  for (const [what, root] of [['rootUp', rootUp(Math.abs(a))], ['sqrtUp', directed.sqrtUp(Math.abs(a))]] as const) expect(atLeast(square(root), Math.abs(a)), `${what}(${Math.abs(a)})`);
  expect(truth.atMost(...square(directed.sqrtDown(Math.abs(a))), Math.abs(a)), `sqrtDown(${Math.abs(a)})`);
  if (b === 0) return;
  // q ≥ a/b ⟺ q·b ≥ a for b > 0
  for (const [what, q, sign] of [['divUp', directed.divUp(a, b), 1n], ['divDown', directed.divDown(a, b), -1n]] as const) {
    if (!Number.isFinite(q)) continue;
    const { integer, exponent } = truth.dyadic(q);
    const back = integer * y.integer * (y.integer < 0n ? -sign : sign);
    const numerator = y.integer < 0n ? -a : a;
    expect(sign === 1n ? atLeast([back, exponent + y.exponent], numerator) : atLeast([back, exponent + y.exponent], -numerator), `${what}(${a}, ${b})`);
  }
}

function atLeast([integer, exponent]: [bigint, number], bound: number): boolean {
  return truth.atMost(-integer, exponent, -bound);
}

function depth(family: (random: Random, n: number) => Float64Array, random: Random, n: number, layers: number, found: Piece, expect: (holds: boolean, what: string, h: Float64Array) => void): void {
  const whole = new CompositeMeasures(n);
  const transposed = layers % 2 === 1;
  const stack = new Float64Array(layers * n * n);
  for (let layer = 0; layer < layers; layer++) stack.set(family(random, n), layer * n * n);
  whole.measure(stack, 0, layers, n * n, transposed);
  const [infinity, one, two, meanFree] = whole.values as unknown as number[];
  const at = (layer: number): truth.ExactMatrix => (transposed ? truth.exactTransposed(truth.exactMatrix(stack, layer * n * n, n)) : truth.exactMatrix(stack, layer * n * n, n));
  let product = at(0);
  for (let layer = 1; layer < layers; layer++) product = truth.exactProduct(at(layer), product);
  expect(truth.atMost(truth.lineNorm(product, 'rows'), product.exponent, infinity!), `‖∏H‖∞ ≤ ${infinity} (${layers})`, stack);
  expect(truth.atMost(truth.lineNorm(product, 'columns'), product.exponent, one!), `‖∏H‖₁ ≤ ${one} (${layers})`, stack);
  expect(truth.twoNormAtMost(product, two!), `‖∏H‖₂ ≤ ${two} (${layers})`, stack);
  expect(truth.meanFreeNormAtMost(product, meanFree!), `‖∏H − J/n‖₂ ≤ ${meanFree} (${layers})`, stack);
  if (layers !== 122) return;
  const f64 = Float64Array.from(product.entries, (x) => nearest(x, product.exponent));
  const lower = twoNormLower(f64, 0, n, 200);
  // products that cancel are bounded by what their magnitudes do, which says little of them
  if (inRange(lower) && stack.every((x) => x >= 0)) found.composites.push(two! / lower);
}

/** Where the lower bound, which squares, does not underflow; the bounds themselves are checked everywhere. */
function inRange(norm: number): boolean {
  return norm > 2 ** -400 && norm < 2 ** 400;
}

/** The f64 near integer·2^exponent, by its leading 60 bits. */
function nearest(integer: bigint, exponent: number): number {
  const size = (integer < 0n ? -integer : integer).toString(2).length;
  const dropped = Math.max(0, size - 60);
  return Number(integer >> BigInt(dropped)) * 2 ** Math.max(-1074, exponent + dropped);
}

/** The integers against mathjs: ‖H‖₂ as trace(G^m)^(1/2m), m = 2⁶⁰; the f64 next to it on both sides must be told apart. */
function selfCheck(): number {
  let compared = 0;
  for (const [name, family] of families) {
    if (name === 'zero' || name.includes('1e300') || name === 'subnormal') continue; // their powers leave mathjs' exponents
    for (let k = 0; k < 3; k++) {
      const h = family(new Random(7, k), 4);
      const exact = truth.exactMatrix(h, 0, 4);
      const norm = largestSingularValue(h, 4);
      if (norm === 0) continue;
      if (!truth.twoNormAtMost(exact, directed.nextUp(norm)) || truth.twoNormAtMost(exact, directed.nextDown(norm))) throw new Error(`the integers and mathjs disagree about ‖H‖₂ of ${name}: [${h.join(', ')}]`);
      compared++;
    }
  }
  return compared;
}

function largestSingularValue(matrix: Float64Array, n: number): number {
  const h = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => exactly(matrix[i * n + j]!)));
  const dot = (a: readonly BigNumber[], b: readonly BigNumber[]): BigNumber => a.reduce((sum, x, k) => sum.plus(x.times(b[k]!)), exactly(0));
  const norm = (g: BigNumber[][], squarings: number): BigNumber => {
    const trace = g.reduce((sum, row, i) => sum.plus(row[i]!), exactly(0));
    if (squarings === 0 || trace.isZero()) return trace;
    const scaled = g.map((row) => row.map((x) => x.div(trace)));
    return trace.times(norm(scaled.map((a) => scaled.map((b) => dot(a, b))), squarings - 1).sqrt());
  };
  const columns = h.map((_, j) => h.map((row) => row[j]!));
  return norm(columns.map((a) => columns.map((b) => dot(a, b))), 60).sqrt().toNumber();
}

const started = performance.now();
const compared = selfCheck();
const results = await spread(import.meta.url, pieces, piece, ({ violations }) => violations.slice(0, 3).forEach((one) => console.log(`BELOW THE TRUTH: ${one}`)));
const kinds = Object.keys(results[0]!.counts) as Kind[];
const total = (kind: Kind): number => results.reduce((sum, { counts }) => sum + counts[kind], 0);
const below = results.reduce((sum, { violations }) => sum + violations.length, 0);
const sorted = (name: 'norms' | 'composites'): number[] => results.flatMap((one) => one[name]).sort((a, b) => a - b);
const [norms, composites] = [sorted('norms'), sorted('composites')];
const percent = (ratio: number): string => `${(100 * (ratio - 1)).toPrecision(3)} %`;
console.log(`# ${machine()}, ${threadsWanted()} threads, ${((performance.now() - started) / 1000).toFixed(0)} s; seed ${seed}, ${families.length} families; integers against mathjs: ${compared} matrices`);
console.table(Object.fromEntries(kinds.map((kind) => [kind, { checks: total(kind) }])));
console.log(`${kinds.reduce((sum, kind) => sum + total(kind), 0)} checks, ${below} bounds below the truth; ${results.reduce((sum, { undecided }) => sum + undecided, 0)} projections not decided`);
console.log(`‖H‖₂ over its lower bound: median ${percent(quantile(norms, 0.5))}, 99 % ${percent(quantile(norms, 0.99))}, worst ${percent(norms.at(-1)!)} (${norms.length} matrices)`);
console.log(`‖∏H‖₂ over 122 layers: median ${percent(quantile(composites, 0.5))}, worst ${percent(composites.at(-1)!)} (${composites.length} products of non-negative mappings)`);
process.exitCode = below === 0 ? 0 : 1;
