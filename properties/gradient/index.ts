/** All claims about the gradient through Sinkhorn. */
import { adjoint } from './adjoint.ts';
import { constantLogitsGradient, rankOneGradient, twoStreamsGradient } from './closed-forms.ts';
import { columnSums } from './column-sums.ts';
import { constantCotangent, cotangentShift } from './cotangent-shift.ts';
import { gradientPermutation, gradientRowShift } from './equivariance.ts';
import { halfContraction } from './half-contraction.ts';
import { gradientAdditivity, homogeneity } from './linearity.ts';
import { rowSums } from './row-sums.ts';
import { semidefinite, symmetry } from './symmetry.ts';
import { twoClassesGradient } from './two-classes.ts';
import { vjpParity } from './vjp-parity.ts';
import type { Property } from '../../src/verify/property.ts';

export const gradientProperties: readonly Property[] = [
  vjpParity, adjoint, rowSums, columnSums, constantCotangent, cotangentShift, gradientAdditivity, homogeneity, symmetry, semidefinite, halfContraction,
  gradientPermutation, gradientRowShift, constantLogitsGradient, rankOneGradient, twoStreamsGradient, twoClassesGradient,
];
