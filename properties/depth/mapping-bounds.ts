/** The mappings of one Sinkhorn call with what is known of each a priori: the material of the depth claims about `sinkhorn`. */
import { aPriori, type APriori } from '../a-priori.ts';
import { chains, type Chain } from './chains.ts';
import { lineSums } from '../../src/numerics/spectral.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import type { CheckContext } from '../../src/verify/property.ts';

export interface Mappings {
  readonly output: Float64Array;
  readonly known: readonly APriori[];
  readonly chains: readonly Chain[];
  /**
   * True when Eᵀ, the mapping of gradients, has exact column sums (E exact rows): then gradients keep their stream sum; otherwise signals do.
   */
  readonly gradientsConserve: boolean;
  /** M = E or Eᵀ, whichever has exact column sums, is the stored matrix (false) or its transpose (true). */
  readonly transposed: boolean;
  /** The token of a chain whose exact side is furthest from 1: the one to look at when the chain fails. */
  readonly culprit: (chain: Chain) => number;
}

/** Runs the kernel once on the case's logits. */
export async function mappings(context: CheckContext<SinkhornDialect>): Promise<Mappings> {
  const { tokens, streams: n } = context.sizes;
  const { dialect } = context.kernel;
  const output = (await context.run(context.inputs))['residualMapping']!;
  const bounded = context.bounded(context.inputs);
  const usable = Array.from({ length: tokens }, (_, token) => token).filter((token) => bounded.certified[token] === 1);
  const known = Array.from({ length: tokens }, (_, token) => aPriori(context.kernel, context.inputs['logits']!, token * n * n, n, bounded));
  const deviation = Float64Array.from({ length: tokens }, (_, token) => {
    const worst = Math.max(...lineSums(output, token * n * n, n, dialect.lastNormalised).map((sum) => Math.abs(sum - 1)));
    return Number.isNaN(worst) ? Infinity : worst;
  });
  const exactRows = dialect.lastNormalised === 'rows';
  return {
    output,
    known,
    chains: chains(context, usable),
    gradientsConserve: exactRows === (dialect.orientation === 'plain'),
    transposed: exactRows,
    culprit: ({ layers }) => layers.reduce((worst, token) => (deviation[token]! > deviation[worst]! ? token : worst), layers[0]!),
  };
}
