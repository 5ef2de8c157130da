/**
 * Claim: every entry is within the derived forward error of the declared dialect (MATHS.md §6.3).
 *
 * The bound is instance-wise: operations/sinkhorn/forward-bound.ts propagates every local rounding through the 2T linearised half-steps. Class: exact (any T, any ε).
 */
import { parity } from '../parity.ts';

export const referenceParity = parity('sinkhorn/reference-parity', 'sinkhorn', ['fewer-iterations', 'larger-epsilon', 'transposed', 'lower-precision']);
