/**
 * Reference and forward bound of a batch, as far as somebody reads them: whether a token has a bound needs its trajectory alone, and the errors of its entries cost as much again
 * as that or more. 4×4 matrices go two at a time (pair-bound.ts) where they can.
 */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { Term } from '../operation.ts';
import type { SinkhornDialect } from './dialect.ts';
import { pairBoundOf, walksInPairs, type PairBound } from './pair-bound.ts';
import { QuickForward } from './quick-forward.ts';
import { sinkhornReference } from './reference.ts';
import { TokenForward } from './token-forward.ts';

/** A quick look is worth the compilation of one for batches. */
const fewest = 16;

export class ForwardBatch {
  private readonly logits: Float64Array;
  private readonly tokens: number;
  private readonly n: number;
  private readonly size: number;
  private readonly dialect: SinkhornDialect;
  private readonly arithmetic: Arithmetic;
  private readonly storage: (size: number) => number;
  private readonly pairs: PairBound | undefined;
  private readonly quick: QuickForward | undefined;
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
    this.quick = this.pairs !== undefined && tokens >= fewest ? new QuickForward(this.logits, tokens, dialect, arithmetic) : undefined;
  }

  /** The f64 reference [tokens, n, n]. */
  get values(): Float64Array {
    this.knownValues ??= this.quick?.values ?? sinkhornReference(this.logits, this.tokens, this.n, this.dialect);
    return this.knownValues;
  }

  /** 1 for tokens with a bound [tokens]. */
  get certified(): Uint8Array {
    if (this.knownCertified !== undefined) return this.knownCertified;
    const { quick, pairs } = this;
    if (quick === undefined || pairs === undefined) this.knownCertified = this.look(undefined);
    else {
      this.knownCertified = quick.sure.slice();
      this.lookAtPairs(pairs, this.unless((token) => quick.sure[token] === 1), undefined, this.knownCertified);
    }
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
    const { quick, pairs, values } = this;
    const certified = quick?.sure.slice() ?? new Uint8Array(this.tokens);
    const rest = this.unless((token) => quick?.covers(token, values, needed, errors) === true);
    this.lookAtPairs(pairs, quick?.coversMore(rest, this.logits, values, needed, errors) ?? rest, errors, certified, needed);
    this.knownCertified ??= certified;
    return errors;
  }

  /** The tokens for which a condition does not hold. */
  private unless(condition: (token: number) => boolean): number[] {
    const rest: number[] = [];
    for (let token = 0; token < this.tokens; token++) if (!condition(token)) rest.push(token);
    return rest;
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

  /** Looks at all tokens, and writes their errors where there is a place for them. */
  private look(errors: Float64Array | undefined): Uint8Array {
    const certified = new Uint8Array(this.tokens);
    if (this.pairs !== undefined) this.lookAtPairs(this.pairs, this.unless(() => false), errors, certified);
    else for (let token = 0; token < this.tokens; token++) this.lookAlone(token, errors, certified);
    return certified;
  }

  /** Looks at the listed tokens; at their errors as far as they are needed, where that is given. */
  private lookAtPairs(pairs: PairBound, list: readonly number[], errors: Float64Array | undefined, certified: Uint8Array, needed?: Float64Array): void {
    const { logits, size } = this;
    pairs.begin();
    for (let k = 0; k < list.length; k += 2) {
      const [token, next] = [list[k]!, list[k + 1]];
      const first = pairs.load(0, logits, token * size);
      const second = next !== undefined && pairs.load(1, logits, next * size);
      if (first || second) {
        pairs.walk();
        if (needed !== undefined) {
          this.aim(pairs, 0, token, needed, first && pairs.holds(0));
          this.aim(pairs, 1, next ?? token, needed, second && pairs.holds(1));
        }
        if (errors !== undefined) pairs.bound();
      }
      if (first && pairs.holds(0)) this.take(pairs, 0, token, errors, certified);
      else this.lookAlone(token, errors, certified);
      if (next === undefined) continue;
      if (second && pairs.holds(1)) this.take(pairs, 1, next, errors, certified);
      else this.lookAlone(next, errors, certified);
    }
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
