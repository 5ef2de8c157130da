/** What the pairs of a comparison took, and what that says. */
import { median, medianInterval, type Interval } from './statistics/interval.ts';
import { shiftInterval } from './statistics/rank-sum.ts';

export class PairSamples {
  /** Roles in the order of each block. */
  readonly orders: (readonly number[])[] = [];
  /** The copy of each role, by block. */
  readonly copiesOf: (readonly number[])[] = [];
  private readonly taken: number[][];

  /** `copies`: how many each side has, and the error of their test. */
  constructor(
    roles: number,
    private readonly sides: { readonly count: number; readonly error: number } | undefined,
  ) {
    this.taken = Array.from({ length: roles }, () => []);
  }

  get count(): number {
    return this.orders.length;
  }

  /** A block: milliseconds of each role. */
  add(block: readonly number[], order: readonly number[], copies: readonly number[]): void {
    block.forEach((ms, role) => this.taken[role]!.push(ms));
    this.orders.push(order);
    this.copiesOf.push(copies);
  }

  /** The effect of the candidate and that of the control, by their pairs with the baseline. */
  effects(rank: number): [Interval, Interval | undefined] {
    const against = (role: number): Interval => medianInterval(this.taken[role]!.map((ms, k) => Math.log(ms / this.taken[0]![k]!)), rank);
    return [against(1), this.taken.length > 2 ? against(2) : undefined];
  }

  /**
   * How far apart the copies of the two sides are, each by the median of its logarithms. The control's samples are left out, so that both sides have as many. Nothing is taken off for
   * what blocks have in common, since that would set copies of one side against those of the other; left in, it only widens.
   */
  copies(): Interval | undefined {
    if (this.sides === undefined) return undefined;
    const { count, error } = this.sides;
    const [a, b] = [0, 1].map((role) => {
      const own: number[][] = Array.from({ length: count }, () => []);
      this.copiesOf.forEach((copies, k) => own[copies[role]!]!.push(Math.log(this.taken[role]![k]!)));
      return own.filter((logs) => logs.length > 0).map(median);
    });
    return shiftInterval(a!, b!, error);
  }

  samples(): { baseline: readonly number[]; candidate: readonly number[]; control: readonly number[] } {
    return { baseline: this.taken[0]!, candidate: this.taken[1]!, control: this.taken[2] ?? [] };
  }
}
