/** The sublayers that a stack is given, and propagation through them in f64. */
import { effectiveMapping } from '../streams/mixing.ts';
import type { Sizes } from '../../src/operations/operation.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';

/** E_0 … E_{D−1} of one token, row-major; E_0 is applied first. */
export function layersOf(mappings: Float64Array, token: number, { streams: n, depth }: Sizes, dialect: MixingDialect): Float64Array[] {
  return Array.from({ length: depth }, (_, layer) => effectiveMapping(mappings, (token * depth + layer) * n * n, n, dialect));
}

/** A vector after some layers, with the sum of magnitudes that bounds its rounding. */
export interface Propagated {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
}

/** E_{D−1}···E_0·v, or with `backward` E_0ᵀ···E_{D−1}ᵀ·v. Each layer costs n + 1 roundings of `magnitudes`. */
export function propagate(layers: readonly Float64Array[], v: Float64Array, backward: boolean): Propagated {
  const n = v.length;
  let [values, magnitudes] = [v, v.map(Math.abs)];
  for (const layer of backward ? layers.toReversed() : layers) {
    const [nextValues, nextMagnitudes] = [new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const entry = layer[backward ? j * n + i : i * n + j]!;
        nextValues[i]! += entry * values[j]!;
        nextMagnitudes[i]! += Math.abs(entry) * magnitudes[j]!;
      }
    }
    [values, magnitudes] = [nextValues, nextMagnitudes];
  }
  return { values, magnitudes };
}
