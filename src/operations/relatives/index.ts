export { cayley, cayleyVjp } from './cayley.ts';
export { hyperConnection, hyperConnectionVjp } from './hyper-connection.ts';
export { kronecker, kroneckerVjp } from './kronecker.ts';
export { permutationMixture, permutationMixtureVjp } from './permutation-mixture.ts';
export { plainResidual, plainResidualVjp } from './plain-residual.ts';
