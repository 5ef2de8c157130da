/** A sum of gradient entries times known factors that should be zero, with its bound. */
import { evaluationError } from '../evaluation.ts';
import type { Bounded, Values } from '../../src/operations/operation.ts';
import type { Judge } from '../../src/verify/judge.ts';

export class Balance {
  readonly judge: Judge;
  private readonly output: Values;
  private readonly bounded: Bounded;
  private claimed = true;
  /** Whether an entry that has a bound is infinite or NaN. */
  private broken = false;
  private difference = 0;
  private bound = 0;
  private magnitude = 0;
  private terms = 0;

  constructor(output: Values, bounded: Bounded, judge: Judge) {
    this.output = output;
    this.bounded = bounded;
    this.judge = judge;
  }

  start(): void {
    this.claimed = true;
    this.broken = false;
    this.difference = this.bound = this.magnitude = this.terms = 0;
  }

  /** Adds an entry times a factor; its bound counts `share` times. Nothing is claimed of a zero times an entry without a bound, which may be NaN (the slope of a norm at zero). */
  gradient(port: string, index: number, factor: number, share = 1): void {
    const error = this.bounded.errors[port]![index]!;
    if (!(error < Infinity)) {
      this.claimed &&= factor === 0;
      return;
    }
    const value = this.output[port]![index]!;
    this.broken ||= !Number.isFinite(value);
    this.term(factor * value);
    this.bound += Math.abs(factor) * share * error;
  }

  /** Allows for what the entries' bounds do not cover. */
  allow(amount: number): void {
    this.bound += amount;
  }

  /** The largest that an entry of the exact gradient can be. */
  most(port: string, index: number): number {
    return Math.abs(this.output[port]![index]!) + this.bounded.errors[port]![index]!;
  }

  /** Adds a number of the check's own. */
  term(value: number): void {
    this.difference += value;
    this.magnitude += Math.abs(value);
    this.terms++;
  }

  /** Requires zero, if every entry has a bound; `roundings` of the factors besides those of the sum. An entry that has a bound and is not finite satisfies nothing. */
  finish(token: number, port: string, index: number, what: () => string, roundings = 0): void {
    const bound = this.bound + evaluationError(this.terms + 2 + roundings, this.magnitude);
    if (this.claimed && (this.broken || bound !== Infinity)) this.judge.atMost(token, this.broken ? NaN : this.difference, bound, port, index, what);
  }
}
