/**
 * Reference and forward bound of a batch, as far as somebody reads them: whether a token has a bound needs its trajectory alone, and the errors of its entries cost as much again
 * as that or more. 4×4 matrices go two at a time (pair-bound.ts) where they can.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { Term } from '../operation.ts';
import type { SinkhornDialect } from './dialect.ts';
import { pairBoundOf, walksInPairs, type PairBound } from './pair-bound.ts';
import { sinkhornReference } from './reference.ts';
import { TokenForward } from './token-forward.ts';

export class ForwardBatch {
  private readonly logits: Float64Array;
  private readonly tokens: number;
  private readonly n: number;
  private readonly size: number;
  private readonly dialect: SinkhornDialect;
  private readonly arithmetic: Arithmetic;
  private readonly storage: (size: number) => number;
  private readonly pairs: PairBound | undefined;
  private knownAlone: TokenForward | undefined;
  private knownValues: Float64Array | undefined;
  private knownErrors: Float64Array | undefined;
  private knownCertified: Uint8Array | undefined;

  /** For logits [tokens, n, n]; `storage` is what rounding a result of a size adds. */
  constructor(logits: Float64Array, tokens: number, n: number, dialect: SinkhornDialect, arithmetic: Arithmetic, storage: (size: number) => number) {
    this.logits = logits.slice(); // read later
    this.tokens = tokens;
    this.n = n;
    this.size = n * n;
    this.dialect = dialect;
    this.arithmetic = arithmetic;
    this.storage = storage;
    this.pairs = walksInPairs(n, dialect) ? pairBoundOf(dialect, arithmetic, 'forward') : undefined;
  }

  /** The f64 reference [tokens, n, n]. */
  get values(): Float64Array {
    this.knownValues ??= sinkhornReference(this.logits, this.tokens, this.n, this.dialect);
    return this.knownValues;
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

  /** `Bounded.covering`. Where pairs are bounded the sum of an entry's bound ends early (pair-adjoint.ts); Math.expm1 of a smaller number may be larger by an ULP, and nothing else. */
  covering(needed: Float64Array): Float64Array {
    if (this.knownErrors !== undefined) return this.knownErrors;
    if (this.pairs === undefined) return this.errors;
    const errors = new Float64Array(this.values.length);
    const certified = this.look(errors, needed);
    this.knownCertified ??= certified;
    return errors;
  }

  /** The parts of the bound of one entry. */
  explain(token: number, out: number): readonly Term[] {
    const { size, logits, values, alone, storage } = this;
    alone.prepare(logits, token * size);
    const x = values[token * size + out]!;
    const total = this.entryError(x, out);
    return alone.explain(x, out, storage(x + total));
  }

  /** For one token at a time. */
  private get alone(): TokenForward {
    this.knownAlone ??= new TokenForward(this.n, this.dialect, this.arithmetic);
    return this.knownAlone;
  }

  /** Of one entry of the token that was looked at alone last. */
  private entryError(x: number, out: number): number {
    const computed = this.alone.errorOf(x, out);
    return computed + this.storage(x + computed);
  }

  /** Looks at all tokens, and writes their errors where there is a place for them; as far as they are needed where that is given. */
  private look(errors: Float64Array | undefined, needed?: Float64Array): Uint8Array {
    const certified = new Uint8Array(this.tokens);
    if (this.pairs !== undefined) return this.lookAtPairs(this.pairs, errors, certified, needed);
    for (let token = 0; token < this.tokens; token++) this.lookAlone(token, errors, certified);
    return certified;
  }

  private lookAtPairs(pairs: PairBound, errors: Float64Array | undefined, certified: Uint8Array, needed: Float64Array | undefined): Uint8Array {
    const { logits, tokens, size } = this;
    pairs.begin();
    for (let token = 0; token < tokens; token += 2) {
      const first = pairs.load(0, logits, token * size);
      const second = token + 1 < tokens && pairs.load(1, logits, (token + 1) * size);
      if (first || second) {
        pairs.walk();
        if (needed !== undefined) {
          this.aim(pairs, 0, token, needed, first && pairs.holds(0));
          this.aim(pairs, 1, token + 1, needed, second && pairs.holds(1));
        }
        if (errors !== undefined) pairs.bound();
      }
      if (first && pairs.holds(0)) this.take(pairs, 0, token, errors, certified);
      else this.lookAlone(token, errors, certified);
      if (second && pairs.holds(1)) this.take(pairs, 1, token + 1, errors, certified);
      else if (token + 1 < tokens) this.lookAlone(token + 1, errors, certified);
    }
    return certified;
  }

  private aim(pairs: PairBound, lane: number, token: number, needed: Float64Array, holds: boolean): void {
    const { values, size } = this;
    for (let out = 0, index = token * size; out < size; out++, index++) {
      if (holds) pairs.aim(lane, values[index]!, out, needed[index]!);
      else pairs.aim(lane, 1, out, 0);
    }
  }

  private take(pairs: PairBound, lane: number, token: number, errors: Float64Array | undefined, certified: Uint8Array): void {
    certified[token] = 1;
    if (errors === undefined) return;
    const { values, size, storage } = this;
    for (let out = 0, index = token * size; out < size; out++, index++) {
      const x = values[index]!;
      const computed = pairs.errorOf(lane, x, out);
      errors[index] = computed + storage(x + computed);
    }
  }

  private lookAlone(token: number, errors: Float64Array | undefined, certified: Uint8Array): void {
    const { logits, size } = this;
    const offset = token * size;
    const holds = this.alone.prepare(logits, offset);
    certified[token] = holds ? 1 : 0;
    if (errors === undefined) return;
    const { values } = this;
    if (!holds) errors.fill(Infinity, offset, offset + size);
    else for (let out = 0; out < size; out++) errors[offset + out] = this.entryError(values[offset + out]!, out);
  }
}
