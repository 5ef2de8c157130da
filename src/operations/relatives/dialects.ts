/** The dialects of the relatives that have several, and those that a kernel has when it declares none. */
import { cayley, type CayleyDialect } from './cayley.ts';
import { hyperConnection, type HyperConnectionDialect } from './hyper-connection.ts';
import { kronecker, type KroneckerDialect } from './kronecker.ts';
import { permutationMixture, type PermutationMixtureDialect } from './permutation-mixture.ts';

export interface RelativeDialects {
  readonly cayley: CayleyDialect;
  readonly 'hyper-connection': HyperConnectionDialect;
  readonly kronecker: KroneckerDialect;
  readonly 'permutation-mixture': PermutationMixtureDialect;
}

export const relativeDialects: RelativeDialects = {
  cayley: cayley.presets[cayley.defaultPreset]!,
  'hyper-connection': hyperConnection.presets[hyperConnection.defaultPreset]!,
  kronecker: kronecker.presets[kronecker.defaultPreset]!,
  'permutation-mixture': permutationMixture.presets[permutationMixture.defaultPreset]!,
};
