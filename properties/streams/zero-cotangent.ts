/** Claims: reading and mixing pass no gradient back when none comes in. See `../zero-cotangent.ts`. */
import { zeroCotangent } from '../zero-cotangent.ts';

export const readVjpZeroCotangent = zeroCotangent('streams/read-vjp-zero-cotangent', 'stream-read-vjp');
export const writeVjpZeroCotangent = zeroCotangent('streams/write-vjp-zero-cotangent', 'stream-write-vjp');
