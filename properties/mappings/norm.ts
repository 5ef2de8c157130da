/** The factor r of the norm, from the inputs alone, in f64: a sum of squares, a root and a division (relative error below (K + 6)·2⁻⁵³). */
import type { MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import type { Sizes } from '../../src/operations/operation.ts';

/** Mean square of what normalises a column of a token: all nC numbers, or its stream's. */
export function meanSquareOf(streams: Float64Array, token: number, column: number, { streams: n, channels }: Sizes, { norm }: MappingsDialect): number {
  const count = norm === 'per-stream' ? channels : n * channels;
  const from = token * n * channels + (norm === 'per-stream' ? column - (column % channels) : 0);
  let squares = 0;
  for (let k = from; k < from + count; k++) squares += streams[k]! * streams[k]!;
  return squares / count;
}

/** r of a column; 1 without a norm. */
export function factorOf(streams: Float64Array, token: number, column: number, sizes: Sizes, dialect: MappingsDialect): number {
  if (dialect.norm === 'none') return 1;
  const mean = meanSquareOf(streams, token, column, sizes, dialect);
  return dialect.rmsEpsilonPlace === 'inside' ? 1 / Math.sqrt(mean + dialect.rmsEpsilon) : 1 / (Math.sqrt(mean) + dialect.rmsEpsilon);
}
