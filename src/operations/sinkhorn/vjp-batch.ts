/** Gradients and their bounds of a batch: 4×4 matrices two at a time (pair-bound.ts) where they can, others one by one (token-vjp.ts). */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { maxFinite, minSubnormal, unitRoundoff, type Dtype } from '../../tensor/dtype.ts';
import type { Term } from '../operation.ts';
import type { SinkhornVjpDialect } from './dialect.ts';
import { differentiatesInPairs, PairBound } from './pair-bound.ts';
import { TokenVjp } from './token-vjp.ts';

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
  private readonly alone: TokenVjp;

  /** For logits and cotangents [tokens, n, n], and gradients that a kernel stores in a dtype. */
  constructor(logits: Float64Array, cotangent: Float64Array, tokens: number, n: number, dialect: SinkhornVjpDialect, arithmetic: Arithmetic, stored: Dtype) {
    this.logits = logits;
    this.cotangent = cotangent;
    this.size = n * n;
    this.stored = stored;
    this.stores = stored !== arithmetic.compute;
    this.alone = new TokenVjp(n, dialect, arithmetic);
    this.values = new Float64Array(tokens * this.size);
    this.errors = new Float64Array(tokens * this.size);
    this.certified = new Uint8Array(tokens).fill(1);
    if (differentiatesInPairs(n, dialect)) this.lookAtPairs(new PairBound(dialect, arithmetic, 'vjp'), tokens);
    else for (let token = 0; token < tokens; token++) this.lookAlone(token);
  }

  /** The parts of the bound of one entry. */
  explain(token: number, out: number): readonly Term[] {
    const offset = token * this.size;
    this.alone.prepare(this.logits, offset, this.cotangent, offset);
    return this.alone.explain(out, this.storage(Math.abs(this.values[offset + out]!) + this.alone.errorOf(out)));
  }

  private lookAtPairs(pairs: PairBound, tokens: number): void {
    const { logits, cotangent, size } = this;
    const load = (lane: number, token: number): boolean => {
      if (!(token < tokens && pairs.load(lane, logits, token * size))) return false;
      pairs.loadCotangent(lane, cotangent, token * size);
      return true;
    };
    pairs.begin();
    for (let token = 0; token < tokens; token += 2) {
      const first = load(0, token);
      const second = load(1, token + 1);
      if (first || second) {
        pairs.walk();
        pairs.differentiate();
      }
      if (first && pairs.holds(0)) this.take(pairs, 0, token);
      else this.lookAlone(token);
      if (second && pairs.holds(1)) this.take(pairs, 1, token + 1);
      else if (token + 1 < tokens) this.lookAlone(token + 1);
    }
  }

  private take(pairs: PairBound, lane: number, token: number): void {
    const { values, errors, size } = this;
    for (let out = 0, index = token * size; out < size; out++, index++) {
      values[index] = pairs.gradientOf(lane, out);
      errors[index] = pairs.gradientErrorOf(lane, out);
    }
    this.store(token);
  }

  private lookAlone(token: number): void {
    const { logits, cotangent, values, errors, size, alone } = this;
    const offset = token * size;
    const holds = alone.prepare(logits, offset, cotangent, offset);
    values.set(alone.gradient, offset);
    for (let out = 0; out < size; out++) errors[offset + out] = holds ? alone.errorOf(out) : Infinity;
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
