/** Gradients and their bounds of a batch: 4×4 matrices two at a time (pair-bound.ts) where they can, others one by one (token-vjp.ts). */
import { arithmeticPresets, type Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite, minSubnormal, unitRoundoff, type Dtype } from '../../tensor/dtype.ts';
import type { Term } from '../operation.ts';
import type { SinkhornVjpDialect } from './dialect.ts';
import { differentiatesInPairs, PairBound } from './pair-bound.ts';
import { TokenVjp } from './token-vjp.ts';

/** Gradients [tokens, n, n] of logits for cotangents, both of that shape, without bounds. */
export function referenceVjp(logits: Float64Array, cotangent: Float64Array, tokens: number, n: number, dialect: SinkhornVjpDialect): Float64Array {
  const size = n * n;
  const values = new Float64Array(tokens * size);
  const f64 = arithmeticPresets['ieee-f64']!;
  let alone: TokenVjp | undefined;
  const pairs = differentiatesInPairs(n, dialect) ? new PairBound(dialect, f64, 'vjp') : undefined;
  eachToken(pairs, logits, cotangent, tokens, size, () => pairs!.backward(), (token, lane) => {
    const offset = token * size;
    if (lane === undefined) {
      alone ??= new TokenVjp(n, dialect, f64);
      alone.prepare(logits, offset, cotangent, offset);
      values.set(alone.gradient, offset);
    } else {
      for (let out = 0; out < size; out++) values[offset + out] = pairs!.gradientOf(lane, out);
    }
  });
  return values;
}

/** Walks over the tokens, two at a time where there are pairs, and calls `look` for both; `take` hears of each, with its lane where that holds. */
function eachToken(
  pairs: PairBound | undefined, logits: Float64Array, cotangent: Float64Array, tokens: number, size: number, look: () => void, take: (token: number, lane: number | undefined) => void,
): void {
  if (pairs === undefined) {
    for (let token = 0; token < tokens; token++) take(token, undefined);
    return;
  }
  const load = (lane: number, token: number): boolean => {
    if (!(token < tokens && pairs.load(lane, logits, token * size))) return false;
    pairs.loadCotangent(lane, cotangent, token * size);
    return true;
  };
  pairs.begin();
  for (let token = 0; token < tokens; token += 2) {
    const [first, second] = [load(0, token), load(1, token + 1)];
    if (first || second) {
      pairs.walk();
      look();
    }
    take(token, first && pairs.holds(0) ? 0 : undefined);
    if (token + 1 < tokens) take(token + 1, second && pairs.holds(1) ? 1 : undefined);
  }
}

export class VjpBatch {
  /** Gradients [tokens, n, n], and their absolute error bounds once they are stored. */
  readonly values: Float64Array;
  readonly errors: Float64Array;
  /** 1 for tokens with a bound [tokens]. */
  readonly certified: Uint8Array;

  private readonly logits: Float64Array;
  private readonly cotangent: Float64Array;
  private readonly size: number;
  private readonly stored: Dtype;
  private readonly stores: boolean;
  private readonly make: () => TokenVjp;
  private known: TokenVjp | undefined;
  private readonly pairs: PairBound | undefined;

  /** For logits and cotangents [tokens, n, n], and gradients that a kernel stores in a dtype. */
  constructor(logits: Float64Array, cotangent: Float64Array, tokens: number, n: number, dialect: SinkhornVjpDialect, arithmetic: Arithmetic, stored: Dtype) {
    this.logits = logits;
    this.cotangent = cotangent;
    this.size = n * n;
    this.stored = stored;
    this.stores = stored !== arithmetic.compute;
    this.make = () => new TokenVjp(n, dialect, arithmetic);
    this.values = new Float64Array(tokens * this.size);
    this.errors = new Float64Array(tokens * this.size);
    this.certified = new Uint8Array(tokens).fill(1);
    this.pairs = differentiatesInPairs(n, dialect) ? new PairBound(dialect, arithmetic, 'vjp') : undefined;
    eachToken(this.pairs, logits, cotangent, tokens, this.size, () => this.pairs!.differentiate(), (token, lane) => this.take(token, lane));
  }

  /** For one token at a time. */
  private get alone(): TokenVjp {
    this.known ??= this.make();
    return this.known;
  }

  /** The parts of the bound of one entry. */
  explain(token: number, out: number): readonly Term[] {
    const offset = token * this.size;
    this.alone.prepare(this.logits, offset, this.cotangent, offset);
    return this.alone.explain(out, this.storage(Math.abs(this.values[offset + out]!) + this.alone.errorOf(out)));
  }

  private take(token: number, lane: number | undefined): void {
    const { logits, cotangent, values, errors, size, pairs } = this;
    const offset = token * size;
    if (lane === undefined) {
      const { alone } = this;
      const holds = alone.prepare(logits, offset, cotangent, offset);
      values.set(alone.gradient, offset);
      for (let out = 0; out < size; out++) errors[offset + out] = holds ? alone.errorOf(out) : Infinity;
    } else {
      for (let out = 0; out < size; out++) {
        values[offset + out] = pairs!.gradientOf(lane, out);
        errors[offset + out] = pairs!.gradientErrorOf(lane, out);
      }
    }
    this.store(token);
  }

  /** Adds what storing a token's gradient may round, and takes the bound away where a narrow dtype may not hold what the arithmetic does. */
  private store(token: number): void {
    const { values, errors, size } = this;
    const offset = token * size;
    let largest = 0;
    for (let index = offset; index < offset + size; index++) {
      const value = Math.abs(values[index]!);
      errors[index] = errors[index]! + this.storage(value + errors[index]!);
      largest = Math.max(largest, value + errors[index]!);
    }
    if (largest < maxFinite[this.stored] / 2) return;
    this.certified[token] = 0;
    errors.fill(Infinity, offset, offset + size);
  }

  private storage(value: number): number {
    return this.stores ? value * unitRoundoff[this.stored] + minSubnormal[this.stored] : 0;
  }
}
