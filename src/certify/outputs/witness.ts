/** A vector that shows how much a matrix enlarges: ‖Hv‖₂/‖v‖₂ from below. It is found by power iterations, of which nothing needs to be true. */
import { addDown, addUp, divDown, mulDown, mulUp, sqrtDown, sqrtUp } from '../../numerics/directed.ts';

const iterations = 200;

export interface Witness {
  readonly vector: number[];
  /** At most ‖Hv‖₂/‖v‖₂, so at most ‖H‖₂. */
  readonly lower: number;
}

export function witnessOf(h: Float64Array, offset: number, n: number): Witness {
  let v = Float64Array.from({ length: n }, (_, i) => 1 + i / (8 * n)); // not orthogonal to the mean, nor to much else
  for (let step = 0; step < iterations; step++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let image = 0;
      for (let j = 0; j < n; j++) image += h[offset + i * n + j]! * v[j]!;
      for (let j = 0; j < n; j++) next[j]! += h[offset + i * n + j]! * image;
    }
    const largest = next.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (!(largest > 0 && largest < Infinity)) break;
    v = next.map((x) => Math.fround(x / largest)); // short numbers; any vector is a witness
  }
  let image = 0;
  let size = 0;
  for (let i = 0; i < n; i++) {
    let low = 0;
    let high = 0;
    for (let j = 0; j < n; j++) {
      low = addDown(low, mulDown(h[offset + i * n + j]!, v[j]!));
      high = addUp(high, mulUp(h[offset + i * n + j]!, v[j]!));
    }
    const least = Math.max(low, -high, 0);
    image = addDown(image, mulDown(least, least));
    size = addUp(size, mulUp(v[i]!, v[i]!));
  }
  return { vector: [...v], lower: size > 0 ? Math.max(0, divDown(sqrtDown(Math.max(0, image)), sqrtUp(size))) : 0 };
}
