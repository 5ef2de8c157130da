/**
 * The forward bound of a batch, as far as somebody reads it: whether a token has a bound needs its trajectory alone, and the errors of its entries cost as much again
 * as that or more. 4×4 matrices go two at a time (pair-bound.ts) where they can.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from './dialect.ts';
import { PairBound, walksInPairs } from './pair-bound.ts';
import type { TokenForward } from './token-forward.ts';

export class ForwardBatch {
  private readonly logits: Float64Array;
  private readonly values: Float64Array;
  private readonly tokens: number;
  private readonly size: number;
  private readonly bound: TokenForward;
  private readonly pairs: PairBound | undefined;
  private readonly storage: (size: number) => number;
  private knownErrors: Float64Array | undefined;
  private knownCertified: Uint8Array | undefined;

  /** Logits and reference values [tokens, n, n]; `bound` is for this n, dialect and arithmetic, `storage` what rounding a result of a size adds. */
  constructor(
    logits: Float64Array, values: Float64Array, tokens: number, n: number, dialect: SinkhornDialect, arithmetic: Arithmetic,
    bound: TokenForward, storage: (size: number) => number,
  ) {
    this.logits = logits.slice(); // read later
    this.values = values;
    this.tokens = tokens;
    this.size = n * n;
    this.bound = bound;
    this.storage = storage;
    this.pairs = walksInPairs(n, dialect) ? new PairBound(dialect, arithmetic) : undefined;
  }

  /** 1 for tokens with a bound [tokens]. */
  get certified(): Uint8Array {
    this.knownCertified ??= this.look(undefined);
    return this.knownCertified;
  }

  /** Absolute error bounds [tokens, n, n]. */
  get errors(): Float64Array {
    if (this.knownErrors === undefined) {
      const errors = new Float64Array(this.values.length);
      const certified = this.look(errors);
      this.knownCertified ??= certified;
      this.knownErrors = errors;
    }
    return this.knownErrors;
  }

  /** Of one entry, whose token `bound` looked at last. */
  entryError(x: number, out: number): number {
    const computed = this.bound.errorOf(x, out);
    return computed + this.storage(x + computed);
  }

  /** Looks at all tokens, and writes their errors where there is a place for them. */
  private look(errors: Float64Array | undefined): Uint8Array {
    const certified = new Uint8Array(this.tokens);
    if (this.pairs !== undefined) return this.lookAtPairs(this.pairs, errors, certified);
    for (let token = 0; token < this.tokens; token++) this.lookAlone(token, errors, certified);
    return certified;
  }

  private lookAtPairs(pairs: PairBound, errors: Float64Array | undefined, certified: Uint8Array): Uint8Array {
    const { logits, tokens, size } = this;
    pairs.begin();
    for (let token = 0; token < tokens; token += 2) {
      const first = pairs.load(0, logits, token * size);
      const second = token + 1 < tokens && pairs.load(1, logits, (token + 1) * size);
      if (first || second) {
        pairs.walk();
        if (errors !== undefined) pairs.bound();
      }
      if (first && pairs.holds(0)) this.take(pairs, 0, token, errors, certified);
      else this.lookAlone(token, errors, certified);
      if (second && pairs.holds(1)) this.take(pairs, 1, token + 1, errors, certified);
      else if (token + 1 < tokens) this.lookAlone(token + 1, errors, certified);
    }
    return certified;
  }

  private take(pairs: PairBound, lane: number, token: number, errors: Float64Array | undefined, certified: Uint8Array): void {
    const { values, size, storage } = this;
    certified[token] = 1;
    if (errors === undefined) return;
    for (let out = 0, index = token * size; out < size; out++, index++) {
      const x = values[index]!;
      const computed = pairs.errorOf(lane, x, out);
      errors[index] = computed + storage(x + computed);
    }
  }

  private lookAlone(token: number, errors: Float64Array | undefined, certified: Uint8Array): void {
    const { logits, values, size } = this;
    const offset = token * size;
    const holds = this.bound.prepare(logits, offset);
    certified[token] = holds ? 1 : 0;
    if (errors === undefined) return;
    if (!holds) errors.fill(Infinity, offset, offset + size);
    else for (let out = 0; out < size; out++) errors[offset + out] = this.entryError(values[offset + out]!, out);
  }
}
