/** What the pairs of a comparison took, and what that says. */
import { medianInterval, quantile, type Interval } from './statistics/interval.ts';
import { shiftInterval } from './statistics/rank-sum.ts';

export class PairSamples {
  /** Roles in the order of each block. */
  readonly orders: (readonly number[])[] = [];
  /** The copy of each role, by block. */
  readonly copiesOf: (readonly number[])[] = [];
  private readonly taken: number[][];

  /** `copyCount`: copies of each side. */
  constructor(
    roles: number,
    private readonly copyCount: number,
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
   * How far apart the copies of the two sides are; undefined where each is there once. Bounds are each wrong with probability ≤ `error`.
   *
   * Where the codes are equally fast, which copies are of which side is a matter of names. Whatever one number a copy is known by, and whatever is taken off that depends on both sides alike, their
   * ranks are then exchangeable, so that the test is exact. A copy is known by the lower quartile of its logarithms, each less the lower quartile of its round, which has a turn of every copy of
   * both sides: what disturbs a call makes it longer, and comes and goes. By medians, with nothing taken off, 3 % more work was proved in 132 of 180 runs, so in 170 (bench/README.md).
   * The control's samples are left out, so that both sides have as many.
   */
  copies(error: number): Interval | undefined {
    if (this.copyCount === 1) return undefined;
    const logs = [0, 1].map((role) => Float64Array.from(this.taken[role]!, Math.log));
    for (let start = 0; start < this.count; start += this.copyCount) {
      const round = logs.map((side) => side.subarray(start, start + this.copyCount));
      const common = lowerQuartile(round.flatMap((side) => [...side]));
      for (const side of round) for (let k = 0; k < side.length; k++) side[k]! -= common;
    }
    const [a, b] = logs.map((side, role) => {
      const own: number[][] = Array.from({ length: this.copyCount }, () => []);
      this.copiesOf.forEach((copies, k) => own[copies[role]!]!.push(side[k]!));
      return own.filter((of) => of.length > 0).map(lowerQuartile);
    });
    return shiftInterval([[a!, b!]], error);
  }

  samples(): { baseline: readonly number[]; candidate: readonly number[]; control: readonly number[] } {
    return { baseline: this.taken[0]!, candidate: this.taken[1]!, control: this.taken[2] ?? [] };
  }
}

function lowerQuartile(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.25);
}
