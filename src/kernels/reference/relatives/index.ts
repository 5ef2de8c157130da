/** Kernels of the relatives of mHC. */
export { cayleyKernel, cayleyVjpKernel } from './cayley.ts';
export { hyperConnectionKernel, hyperConnectionVjpKernel } from './hyper-connection.ts';
export { kroneckerKernel, kroneckerVjpKernel } from './kronecker.ts';
export { permutationMixtureKernel, permutationMixtureVjpKernel } from './permutation-mixture.ts';
export { plainResidualKernel, plainResidualVjpKernel } from './plain-residual.ts';
