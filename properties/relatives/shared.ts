/** The claims that the relatives have in common with every operation: parity, additivity of gradients, renaming of streams. See the files they come from. */
import { additivity } from '../additivity.ts';
import { parity } from '../parity.ts';
import { relabelling } from '../relabelling.ts';
import { zeroCotangent } from '../zero-cotangent.ts';
import type { Property } from '../../src/verify/property.ts';

export const sharedClaims: readonly Property[] = [
  parity('relatives/mixture-parity', 'permutation-mixture', ['lower-precision']),
  parity('relatives/kronecker-parity', 'kronecker', ['lower-precision']),
  parity('relatives/cayley-parity', 'cayley', ['lower-precision']),
  parity('relatives/hyper-connection-parity', 'hyper-connection', ['lower-precision']),
  parity('relatives/residual-parity', 'plain-residual', ['lower-precision']),
  parity('relatives/mixture-vjp-parity', 'permutation-mixture-vjp', ['lower-precision']),
  parity('relatives/kronecker-vjp-parity', 'kronecker-vjp', ['lower-precision']),
  parity('relatives/cayley-vjp-parity', 'cayley-vjp', ['lower-precision']),
  parity('relatives/hyper-connection-vjp-parity', 'hyper-connection-vjp', ['lower-precision']),
  parity('relatives/residual-vjp-parity', 'plain-residual-vjp', []),
  // not of kronecker: its factors name bits, not streams
  relabelling('relatives/mixture-relabelling', 'permutation-mixture', ['lower-precision']),
  relabelling('relatives/mixture-vjp-relabelling', 'permutation-mixture-vjp', ['lower-precision']),
  relabelling('relatives/cayley-relabelling', 'cayley', ['lower-precision']),
  relabelling('relatives/cayley-vjp-relabelling', 'cayley-vjp', ['lower-precision']),
  additivity('relatives/mixture-vjp-additivity', 'permutation-mixture-vjp', ['cotangent'], ['weightLogitsGradient']),
  additivity('relatives/kronecker-vjp-additivity', 'kronecker-vjp', ['cotangent'], ['factorLogitsGradient']),
  additivity('relatives/cayley-vjp-additivity', 'cayley-vjp', ['cotangent'], ['logitsGradient']),
  additivity('relatives/hyper-connection-vjp-additivity', 'hyper-connection-vjp', ['cotangent'], ['logitsGradient', 'gateGradient']),
  additivity('relatives/residual-additivity', 'plain-residual', ['residual', 'layerOutput'], ['nextResidual']),
  zeroCotangent('relatives/mixture-vjp-zero-cotangent', 'permutation-mixture-vjp'),
  zeroCotangent('relatives/kronecker-vjp-zero-cotangent', 'kronecker-vjp'),
  zeroCotangent('relatives/cayley-vjp-zero-cotangent', 'cayley-vjp'),
  zeroCotangent('relatives/hyper-connection-vjp-zero-cotangent', 'hyper-connection-vjp'),
  zeroCotangent('relatives/residual-vjp-zero-cotangent', 'plain-residual-vjp'),
];
