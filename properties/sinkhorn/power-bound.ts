/**
 * x^κ from above, 0 ≤ κ ≤ 1, for a slowly moving x ≥ 1. x^κ is concave, so it lies below its tangent at any anchor a: x^κ ≤ a^κ·(1 + κ·(x/a − 1)), and not far
 * below: κ(1 − κ)/2·(x/a − 1)²·… is less than 0.1 % of it within 1/16 of the anchor. 1 is always an anchor; another moves along, and each move costs a logarithm
 * and an exponential. Results are off by fewer than 8 roundings, which the caller adds.
 */
export class PowerBound {
  private readonly kappa: number;
  private anchor = 1;
  private power = 1;

  constructor(kappa: number) {
    this.kappa = kappa;
  }

  /** At least x^κ; not a number where nothing is known. */
  of(x: number): number {
    const { kappa } = this;
    if (x <= 1 + near) return 1 + kappa * (x - 1);
    const moved = x / this.anchor - 1;
    if (Math.abs(moved) <= near) return this.power * (1 + kappa * moved);
    this.anchor = x;
    this.power = Math.exp(kappa * Math.log(x) * (1 + 2 ** -50));
    return this.power;
  }
}

const near = 1 / 16;
