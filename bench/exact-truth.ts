/**
 * Whether a bound is at least the truth, decided without rounding: f64 are integers times powers of two, so norms are questions about
 * BigInt matrices. ‖M‖₂ ≤ b ⟺ b²I − MᵀM ⪰ 0, by fraction-free elimination (Bareiss). The exact Sinkhorn projection is irrational: it is computed
 * with `bits` fractional bits, to far more than 200 that count.
 */

/** The matrix is `entries`·2^exponent, row-major. */
export interface ExactMatrix {
  readonly n: number;
  readonly entries: readonly bigint[];
  readonly exponent: number;
}

const words = new DataView(new ArrayBuffer(8));

/** x as integer·2^exponent. */
export function dyadic(x: number): { integer: bigint; exponent: number } {
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const digits = bits & 0xfffffffffffffn;
  const magnitude = biased === 0 ? digits : digits | (1n << 52n);
  return { integer: x < 0 ? -magnitude : magnitude, exponent: biased === 0 ? -1074 : biased - 1075 };
}

export function exactMatrix(values: Float64Array, offset: number, n: number): ExactMatrix {
  const parts = Array.from({ length: n * n }, (_, k) => dyadic(values[offset + k]!)).map((part) => (part.integer === 0n ? { integer: 0n, exponent: 2000 } : part));
  const exponent = Math.min(971, ...parts.map((part) => part.exponent));
  return { n, entries: parts.map((part) => (part.integer === 0n ? 0n : part.integer << BigInt(part.exponent - exponent))), exponent };
}

/** Both numbers as integers over the smaller of their powers of two. */
function aligned(a: bigint, aExponent: number, b: number): [bigint, bigint] {
  const { integer, exponent } = dyadic(b);
  const least = Math.min(aExponent, exponent);
  return [a << BigInt(aExponent - least), integer << BigInt(exponent - least)];
}

/** integer·2^exponent ≤ bound. */
export function atMost(integer: bigint, exponent: number, bound: number): boolean {
  if (bound === Infinity) return true;
  const [value, limit] = aligned(integer, exponent, bound);
  return value <= limit;
}

const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const largest = (values: readonly bigint[]): bigint => values.reduce((most, x) => (x > most ? x : most));
const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The largest row or column sum of magnitudes, over 2^exponent. */
export function lineNorm({ n, entries }: ExactMatrix, side: 'rows' | 'columns'): bigint {
  return largest(indices(n).map((i) => indices(n).reduce((sum, k) => sum + magnitude(entries[side === 'rows' ? i * n + k : k * n + i]!), 0n)));
}

/** The largest |line sum − 1|, over 2^exponent; the matrix must have exponent ≤ 0. */
export function lineDeviation({ n, entries, exponent }: ExactMatrix, side: 'rows' | 'columns'): bigint {
  const one = 1n << BigInt(-exponent);
  return largest(indices(n).map((i) => magnitude(indices(n).reduce((sum, k) => sum + entries[side === 'rows' ? i * n + k : k * n + i]!, 0n) - one)));
}

/** ‖M‖₂ ≤ bound. */
export function twoNormAtMost(m: ExactMatrix, bound: number): boolean {
  if (!(bound >= 0 && bound < Infinity)) return bound === Infinity;
  const { integer, exponent } = dyadic(bound);
  return twoNormWithin(m, integer, exponent);
}

/** ‖M − J/n‖₂ ≤ bound: n·M − J is a matrix of integers again. */
export function meanFreeNormAtMost({ n, entries, exponent }: ExactMatrix, bound: number): boolean {
  if (!(bound >= 0 && bound < Infinity)) return bound === Infinity;
  const least = Math.min(exponent, 0);
  const centred = entries.map((x) => BigInt(n) * (x << BigInt(exponent - least)) - (1n << BigInt(-least)));
  const limit = dyadic(bound);
  return twoNormWithin({ n, entries: centred, exponent: least }, BigInt(n) * limit.integer, limit.exponent);
}

/** ‖M‖₂ ≤ integer·2^boundExponent. */
function twoNormWithin({ n, entries, exponent }: ExactMatrix, integer: bigint, boundExponent: number): boolean {
  const least = Math.min(exponent, boundExponent);
  const limit = integer << BigInt(boundExponent - least);
  const scaled = entries.map((x) => x << BigInt(exponent - least));
  return isPositiveSemidefinite(indices(n).map((i) => indices(n).map((j) => (i === j ? limit * limit : 0n) - indices(n).reduce((sum, k) => sum + scaled[k * n + i]! * scaled[k * n + j]!, 0n))));
}

/** Exact: Schur complements of a positive semidefinite matrix are so; one with a zero on the diagonal has a zero row there. Destroys `a`. */
function isPositiveSemidefinite(a: bigint[][]): boolean {
  const n = a.length;
  let before = 1n;
  for (let k = 0; k < n; k++) {
    const pivot = a[k]![k]!;
    if (pivot < 0n) return false;
    if (pivot === 0n) {
      if (a[k]!.some((x, j) => j > k && x !== 0n)) return false;
      continue; // the row and column are zero: the rest is what it was
    }
    for (let i = k + 1; i < n; i++) for (let j = k + 1; j < n; j++) a[i]![j] = (a[i]![j]! * pivot - a[i]![k]! * a[k]![j]!) / before;
    before = pivot;
  }
  return true;
}

/** a·b, exactly. */
export function exactProduct(a: ExactMatrix, b: ExactMatrix): ExactMatrix {
  const { n } = a;
  const entries = indices(n * n).map((place) => indices(n).reduce((sum, k) => sum + a.entries[place - (place % n) + k]! * b.entries[k * n + (place % n)]!, 0n));
  return { n, entries, exponent: a.exponent + b.exponent };
}

export function exactTransposed({ n, entries, exponent }: ExactMatrix): ExactMatrix {
  return { n, entries: indices(n * n).map((place) => entries[(place % n) * n + Math.floor(place / n)]!), exponent };
}

/**
 * max |h_ij − P_ij| ≤ bound + 2⁻²⁰⁰ for a positive matrix, P its projection to 2⁻²⁰⁰ at least. Newton's steps with `bits` fractional bits, from the plain
 * iterations' start; undefined when 400 steps do not get there, so that nothing is judged by half a truth.
 */
export function projectionDistanceAtMost(m: ExactMatrix, bound: number, bits = 800): boolean | undefined {
  const { n, entries, exponent } = m;
  const one = 1n << BigInt(bits);
  const h = entries.map((x) => (exponent + bits >= 0 ? x << BigInt(exponent + bits) : x >> BigInt(-exponent - bits)));
  const mul = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(bits);
  const div = (a: bigint, b: bigint): bigint => (a << BigInt(bits)) / b;
  let c = indices(n).map(() => one);
  for (let round = 0; round < 400; round++) {
    const rows = indices(n).map((i) => indices(n).reduce((sum, j) => sum + mul(h[i * n + j]!, c[j]!), 0n));
    const p = indices(n * n).map((place) => div(mul(h[place]!, c[place % n]!), rows[Math.floor(place / n)]!));
    const sums = indices(n).map((j) => indices(n).reduce((sum, i) => sum + p[i * n + j]!, 0n));
    if (sums.every((sum) => magnitude(sum - one) >> BigInt(bits - 600) === 0n)) { // column sums to 2⁻⁶⁰⁰, rows exact: the entries to that over 1 − κ²
      const limit = (bound === Infinity ? one << 2000n : (() => { const { integer, exponent: e } = dyadic(bound); return e + bits >= 0 ? integer << BigInt(e + bits) : (integer >> BigInt(-e - bits)) + 1n; })()) + (one >> 200n);
      return p.every((x, place) => magnitude(x - h[place]!) <= limit);
    }
    const y = round < 4 || round % 3 === 0 ? undefined : step(p, sums, n, one, mul, div);
    c = y === undefined ? c.map((x, j) => div(x, sums[j]!)) : c.map((x, j) => (y[j]! >= 0n ? mul(x, one + y[j]!) : div(x, one - y[j]!)));
  }
  return undefined;
}

/** Newton's step of log c: (diag(s) − PᵀP)y = 1 − s with y_0 = 0, held to [−2, 2]. */
function step(p: readonly bigint[], sums: readonly bigint[], n: number, one: bigint, mul: (a: bigint, b: bigint) => bigint, div: (a: bigint, b: bigint) => bigint): bigint[] | undefined {
  const a = indices(n).slice(1).map((j) => [...indices(n).slice(1).map((k) => (j === k ? sums[j]! : 0n) - indices(n).reduce((sum, i) => sum + mul(p[i * n + j]!, p[i * n + k]!), 0n)), one - sums[j]!]);
  for (let k = 0; k < a.length; k++) {
    if (a[k]![k]! <= 0n) return undefined;
    for (let i = 0; i < a.length; i++) {
      if (i === k) continue;
      const factor = div(a[i]![k]!, a[k]![k]!);
      a[i] = a[i]!.map((x, j) => x - mul(factor, a[k]![j]!));
    }
  }
  const bounded = (y: bigint): bigint => (y > 2n * one ? 2n * one : y < -2n * one ? -2n * one : y);
  return [0n, ...a.map((row, k) => bounded(div(row.at(-1)!, row[k]!)))];
}
