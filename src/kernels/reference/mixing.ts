/** The matrix E that really multiplies the stack of streams: H itself, or Hᵀ where the dialect applies it transposed (MHC.md §1.4). */
import type { MixingDialect } from '../../operations/streams/dialect.ts';

/** Copies E of the n×n matrix that starts at `offset` of `mappings` into `effective`; a second call undoes the transposition. */
export function effectiveMapping(mappings: Float64Array, offset: number, n: number, dialect: MixingDialect, effective: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) effective[i * n + j] = mappings[offset + (dialect.orientation === 'plain' ? i * n + j : j * n + i)]!;
  }
}
