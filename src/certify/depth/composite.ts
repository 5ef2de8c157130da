/**
 * The product E_l ⋯ E_1 of one token's mappings in fixed point: an integer matrix P with P·2^−bits within ±lost·2^−bits of the product, entry by entry. Why not f64: where terms cancel
 * (hyper-connections, orthogonal mappings) γ_{nD}·∏|E| exceeds the product itself by many orders of magnitude, so that nothing could be claimed of just the designs that leave.
 *
 * An f64 is m·2^e with integers m, e. A matrix is taken as integers A over one power, E = A·2^−s, and P′ = ⌊A·P/2^s⌋. The floor loses less than 1, and what P has lost grows by a row
 * of |A| at most: lost′ = ⌈max_i Σ_k|A_ik|·lost/2^s⌉ + 1. Nothing else is rounded until an entry is made an f64, once.
 */
import { magnitudeSumUp } from '../outputs/enclosing.ts';

/** Bits after the point beyond those that growth may take. */
const fine = 256n;
/** Products with more bits than this are not followed: they grow beyond anything that an f64 could say. */
const mostBits = 16_384;

/** A matrix of f64 whose entries are each within `error` of those meant. */
export interface Enclosed {
  readonly matrix: Float64Array;
  readonly error: number;
}

export class Composite {
  readonly bits: bigint;
  private readonly n: number;
  private product: bigint[];
  private lost = 0n;

  constructor(n: number, bits: number) {
    this.n = n;
    this.bits = BigInt(bits);
    this.product = Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1n << this.bits : 0n));
  }

  /** Multiplies the next mapping on, from the left: the finite matrix at `offset`, or its transpose. */
  multiply(mappings: Float64Array, offset: number, transposed: boolean): void {
    const { n, product } = this;
    const { integers, shift } = integersOf(mappings, offset, n, transposed);
    const next: bigint[] = [];
    let largest = 0n;
    for (let i = 0; i < n; i++) {
      let row = 0n;
      for (let k = 0; k < n; k++) row += magnitude(integers[i * n + k]!);
      if (row > largest) largest = row;
      for (let j = 0; j < n; j++) {
        let sum = 0n;
        for (let k = 0; k < n; k++) sum += integers[i * n + k]! * product[k * n + j]!;
        next.push(sum >> shift);
      }
    }
    this.lost = ((largest * this.lost) >> shift) + 2n; // ⌈x⌉ ≤ ⌊x⌋ + 1
    this.product = next;
  }

  /** The product. */
  whole(): Enclosed {
    return this.enclosed(this.product, this.lost, 1);
  }

  /** The product times I − J/n, which takes the mean of the streams away before it (`in`) or after it (`out`): (n·P_ij − Σ)/n with the sum of a row or of a column, subtracted before anything is rounded. */
  meanFree(where: 'in' | 'out'): Enclosed {
    const { n, product, lost } = this;
    const centred = product.map((x, at) => {
      const [start, stride] = where === 'in' ? [at - (at % n), 1] : [at % n, n];
      let sum = 0n;
      for (let k = 0; k < n; k++) sum += product[start + k * stride]!;
      return BigInt(n) * x - sum;
    });
    return this.enclosed(centred, BigInt(2 * n) * lost, n);
  }

  /** Integers over `divisor`·2^bits. `Number` of an integer is within half an ulp (ECMAScript), dividing adds another half, and the shift takes less than 2⁻⁵¹². */
  private enclosed(integers: readonly bigint[], lost: bigint, divisor: number): Enclosed {
    const beyond = this.bits > 512n ? this.bits - 512n : 0n;
    const scale = 2 ** -Number(this.bits - beyond);
    const matrix = Float64Array.from(integers, (x) => (Number(x >> beyond) * scale) / divisor);
    let largest = 0;
    for (const x of matrix) largest = Math.max(largest, Math.abs(x));
    const error = largest * 2 ** -51 + (Number((lost >> beyond) + 2n) * scale * 2 + 2 ** -1000);
    return { matrix, error: Number.isFinite(largest) ? error : Infinity };
  }
}

function magnitude(x: bigint): bigint {
  return x < 0n ? -x : x;
}

const number = new DataView(new ArrayBuffer(8));

/** Entries times one power of two that makes them integers. */
function integersOf(mappings: Float64Array, offset: number, n: number, transposed: boolean): { integers: bigint[]; shift: bigint } {
  const fractions: bigint[] = [];
  const exponents: number[] = [];
  for (let at = 0; at < n * n; at++) {
    number.setFloat64(0, mappings[offset + (transposed ? (at % n) * n + Math.floor(at / n) : at)]!);
    const bits = number.getBigUint64(0);
    const biased = Number((bits >> 52n) & 0x7ffn);
    const fraction = (bits & 0xf_ffff_ffff_ffffn) | (biased === 0 ? 0n : 1n << 52n);
    fractions.push(bits >> 63n === 1n ? -fraction : fraction);
    exponents.push(fraction === 0n ? 0 : Math.max(biased, 1) - 1075);
  }
  const least = exponents.reduce((low, exponent) => Math.min(low, exponent), 0);
  return { integers: fractions.map((fraction, at) => fraction << BigInt(exponents[at]! - least)), shift: BigInt(-least) };
}

/** Bits that keep the products of [layers, tokens, n, n] exact to 2⁻²⁵⁶: what rounding loses grows no faster than the largest row sums. Undefined where that takes too many. */
export function bitsFor(mappings: Float64Array, layers: number, tokens: number, n: number, transposed: boolean): number | undefined {
  let most = 0;
  for (let token = 0; token < tokens; token++) {
    let growth = 0;
    for (let layer = 0; layer < layers; layer++) {
      let norm = 1;
      for (let i = 0, at = (layer * tokens + token) * n * n; i < n; i++) norm = Math.max(norm, magnitudeSumUp(mappings, transposed ? at + i : at + i * n, n, transposed ? n : 1));
      growth += Math.log2(norm);
    }
    most = Math.max(most, growth);
  }
  const bits = Number(fine) + 64 * Math.ceil((most + Math.log2(layers) + 8) / 64);
  return bits <= mostBits ? bits : undefined;
}
