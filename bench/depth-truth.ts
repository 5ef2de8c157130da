/** Figures over depth against integers: which of them are on the wrong side of the truth. */
import * as truth from './exact-truth.ts';
import type { ChainShape, DepthMeasure, Figures } from '../src/certify/depth/measures.ts';
import { nextDown } from '../src/numerics/directed.ts';

/** The exact products of each token after each layer, from [layers, tokens, n, n]. Tokens and n are powers of two, so that dividing by them is exact. */
export function exactProducts(stack: Float64Array, { layers, tokens, n, transposed }: ChainShape): truth.ExactMatrix[][] {
  const products: truth.ExactMatrix[][] = [];
  for (let layer = 0; layer < layers; layer++) {
    products.push(Array.from({ length: tokens }, (_, token) => {
      const own = truth.exactMatrix(stack, (layer * tokens + token) * n * n, n);
      const applied = transposed ? truth.exactTransposed(own) : own;
      return layer === 0 ? applied : truth.exactProduct(applied, products[layer - 1]![token]!);
    }));
  }
  return products;
}

/** n·P·(I − J/n). */
function withoutMean(product: truth.ExactMatrix): truth.ExactMatrix {
  const { n } = product;
  return truth.exactProduct(product, { n, entries: Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? BigInt(n - 1) : -1n)), exponent: 0 });
}

function sumOfNorms(products: readonly truth.ExactMatrix[], side: 'rows' | 'columns'): { sum: bigint; exponent: number } {
  const exponent = Math.min(...products.map((product) => product.exponent));
  return { sum: products.reduce((sum, product) => sum + (truth.lineNorm(product, side) << BigInt(product.exponent - exponent)), 0n), exponent };
}

/** The measures that say too little (or, of what is reached, too much) about the products at one depth. */
export function wrong(products: readonly truth.ExactMatrix[], figures: Figures): DepthMeasure[] {
  const all = (test: (product: truth.ExactMatrix) => boolean): boolean => products.every(test);
  const { n } = products[0]!;
  const mean = (side: 'rows' | 'columns', bound: number): boolean => {
    const { sum, exponent } = sumOfNorms(products, side);
    return truth.atMost(sum, exponent, bound * products.length);
  };
  const norm = (side: 'rows' | 'columns', bound: number) => (product: truth.ExactMatrix): boolean => truth.atMost(truth.lineNorm(product, side), product.exponent, bound);
  const deviation = (side: 'rows' | 'columns', bound: number) => (product: truth.ExactMatrix): boolean => truth.atMost(truth.lineDeviation(product, side), product.exponent, bound);
  const holds: Readonly<Record<DepthMeasure, boolean>> = {
    'forward-gain': all(norm('rows', figures['forward-gain'])),
    'backward-gain': all(norm('columns', figures['backward-gain'])),
    'forward-amax': mean('rows', figures['forward-amax']),
    'backward-amax': mean('columns', figures['backward-amax']),
    'two-norm': all((product) => truth.twoNormAtMost(product, figures['two-norm'])),
    'stream-sum': all(deviation('columns', figures['stream-sum'])),
    'equal-streams': all(deviation('rows', figures['equal-streams'])),
    'mean-free-norm': all((product) => truth.twoNormAtMost(withoutMean(product), n * figures['mean-free-norm'])),
    'second-singular-value': all((product) => [product, truth.exactTransposed(product)].some((one) => truth.twoNormAtMost(withoutMean(one), n * figures['second-singular-value']))),
    'gain-reached': !all(norm('rows', nextDown(figures['gain-reached']))) || !all(norm('columns', nextDown(figures['gain-reached']))) || figures['gain-reached'] === 0,
  };
  return (Object.keys(holds) as DepthMeasure[]).filter((measure) => !holds[measure]);
}
