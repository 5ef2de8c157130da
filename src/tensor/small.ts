/** Small arrays in great number. V8 allocates each Float64Array of more than eight numbers outside of its heap, which costs ten times a view of memory that is there. */

const pieceLength = 8192;
let piece = new Float64Array(0);
let used = 0;

/** Zeros, as `new Float64Array(length)`, but cut from a larger piece, which lives as long as any part of it. */
export function smallArray(length: number): Float64Array {
  if (length > pieceLength / 8) return new Float64Array(length);
  if (used + length > piece.length) {
    piece = new Float64Array(pieceLength);
    used = 0;
  }
  const cut = new Float64Array(piece.buffer, 8 * used, length);
  used += length;
  return cut;
}
