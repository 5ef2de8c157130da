/**
 * Sums of products in twice the working precision without allocation: Dot2 of Ogita, Rump & Oishi, "Accurate sum and dot
 * product", SIAM J. Sci. Comput. 26(6), 2005. With k products the error is at most u²·|Σ| + (γ_k² + 8u²)·Σ|products|, u = 2⁻⁵³;
 * 8u² is what a product of two double-doubles loses.
 */
import { productError, sumError, type DoubleDouble } from './double-double.ts';

export class Accumulator {
  private sum = 0;
  private rest = 0;

  clear(): void {
    this.sum = 0;
    this.rest = 0;
  }

  /** Adds a·b. */
  addProduct(a: number, b: number): void {
    this.addDoubleProduct(a, 0, b, 0);
  }

  /** Adds (aHi + aLo)·(bHi + bLo). */
  addDoubleProduct(aHi: number, aLo: number, bHi: number, bLo: number): void {
    const product = aHi * bHi;
    const sum = this.sum + product;
    this.rest += productError(aHi, bHi, product) + (aHi * bLo + aLo * bHi) + sumError(this.sum, product, sum);
    this.sum = sum;
  }

  /** The nearest f64 to what was added. */
  get hi(): number {
    return this.sum + this.rest;
  }

  /** What `hi` leaves out. */
  get lo(): number {
    return sumError(this.sum, this.rest, this.hi);
  }

  value(): DoubleDouble {
    return { hi: this.hi, lo: this.lo };
  }
}
