/** Claim: the stream operations and their gradients are within the bound of MATHS.md §6.8 (γ times the magnitudes of the terms). See `../parity.ts`. */
import { parity } from '../parity.ts';

export const readParity = parity('streams/read-parity', 'stream-read', ['lower-precision']);
export const writeParity = parity('streams/write-parity', 'stream-write', ['transposed', 'lower-precision']);
export const readVjpParity = parity('streams/read-vjp-parity', 'stream-read-vjp', ['lower-precision']);
export const writeVjpParity = parity('streams/write-vjp-parity', 'stream-write-vjp', ['transposed', 'lower-precision']);
