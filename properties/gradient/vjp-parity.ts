/** Claim: every entry of the gradient is within the derived bound (operations/sinkhorn/vjp-bound.ts) of the declared derivative. Class: exact. */
import { parity } from '../parity.ts';

export const vjpParity = parity('gradient/vjp-parity', 'sinkhorn-vjp', ['fewer-iterations', 'larger-epsilon', 'transposed', 'lower-precision']);
