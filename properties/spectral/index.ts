/** All claims about norms of mappings and of their products. */
import type { Property } from '../../src/verify/property.ts';
import { closureUnderProducts } from './closure-under-products.ts';
import { exactSideNorm } from './exact-side-norm.ts';
import { mixingContraction } from './mixing-contraction.ts';
import { spectralNorm } from './spectral-norm.ts';

export const spectralProperties: readonly Property[] = [closureUnderProducts, exactSideNorm, mixingContraction, spectralNorm];
