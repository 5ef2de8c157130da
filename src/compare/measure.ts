/**
 * What is measured of a chain of mappings E_0 … E_{D−1}, per token and then averaged over the tokens of a sequence, as the mHC paper does (§5.4):
 *
 *   Amax gain, forward   the largest absolute row sum of a matrix, its ∞-norm; backward: the largest absolute column sum, its 1-norm
 *   single-layer         of each E_l, averaged over the layers; composite: of E_{D−1}···E_0
 *   least sums           the smallest absolute row and column sum of the composite: the attenuation that the largest ones hide
 *   gradient ratio       ‖g_0‖/‖g_D‖ with g_0 = E_0ᵀ···E_{D−1}ᵀ·g_D for a normal g_D, the same for every design
 *   σ₂                   ‖composite − J/n‖₂ rounded up: how much of a difference between streams is left (numerics/spectral.ts)
 *   mean leak            the largest |column sum − 1| of the composite: how far the sum of the streams drifts
 */
import { Random } from '../generate/random.ts';
import { infNormUpper, lineSums, meanFreeNormUpper, oneNormUpper } from '../numerics/spectral.ts';

/** Channels of the gradient that is sent back. */
const gradientChannels = 8;

export interface ChainFigures {
  readonly depth: number;
  readonly forward: number;
  readonly backward: number;
  readonly leastRowSum: number;
  readonly leastColumnSum: number;
  readonly singleForward: number;
  readonly singleBackward: number;
  readonly gradientRatio: number;
  /** Undefined for one stream, which has no differences. */
  readonly meanFree: number | undefined;
  readonly meanLeak: number;
}

/** Figures at the given depths (ascending) of the chain that `mappings` gives sublayer by sublayer, [tokens, n, n] each. Depth 0 is not asked for. */
export function measureChain(mappings: (layer: number) => Float64Array, tokens: number, n: number, depths: readonly number[], seed: number): ChainFigures[] {
  const composites = new Float64Array(tokens * n * n);
  for (let token = 0; token < tokens; token++) for (let i = 0; i < n; i++) composites[(token * n + i) * n + i] = 1;
  const figures: ChainFigures[] = [];
  let [singleForward, singleBackward] = [0, 0];
  for (let layer = 0; layer < (depths.at(-1) ?? 0); layer++) {
    const e = mappings(layer);
    for (let token = 0; token < tokens; token++) {
      singleForward += infNormUpper(e, token * n * n, n);
      singleBackward += oneNormUpper(e, token * n * n, n);
      multiplyInto(composites, e, token * n * n, n);
    }
    const depth = layer + 1;
    const single = { singleForward: singleForward / (depth * tokens), singleBackward: singleBackward / (depth * tokens) };
    if (depths.includes(depth)) figures.push({ depth, ...single, ...measureComposites(composites, tokens, n, seed) });
  }
  return figures;
}

export type CompositeFigures = Omit<ChainFigures, 'depth' | 'singleForward' | 'singleBackward'>;

/** Figures of composites [tokens, n, n]. */
export function measureComposites(composites: Float64Array, tokens: number, n: number, seed: number): CompositeFigures {
  const totals = { forward: 0, backward: 0, leastRowSum: 0, leastColumnSum: 0, gradientRatio: 0, meanFree: 0, meanLeak: 0 };
  for (let token = 0; token < tokens; token++) {
    const at = token * n * n;
    totals.forward += infNormUpper(composites, at, n);
    totals.backward += oneNormUpper(composites, at, n);
    const magnitudes = composites.slice(at, at + n * n).map(Math.abs);
    totals.leastRowSum += Math.min(...lineSums(magnitudes, 0, n, 'rows'));
    totals.leastColumnSum += Math.min(...lineSums(magnitudes, 0, n, 'columns'));
    totals.gradientRatio += gradientRatio(composites, at, n, new Random(seed, token, 3));
    if (n > 1) totals.meanFree += meanFreeNormUpper(composites, at, n);
    totals.meanLeak += Math.max(...lineSums(composites, at, n, 'columns').map((sum) => Math.abs(sum - 1)));
  }
  const mean = Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / tokens])) as typeof totals;
  return { ...mean, meanFree: n > 1 ? mean.meanFree : undefined };
}

/** ‖compositeᵀ·g‖/‖g‖ for a normal g [n, gradientChannels]. */
function gradientRatio(composites: Float64Array, at: number, n: number, random: Random): number {
  const g = new Float64Array(n * gradientChannels);
  random.fillNormal(g, 0, g.length, 1);
  let [before, after] = [0, 0];
  for (const value of g) before += value * value;
  for (let j = 0; j < n; j++) {
    for (let c = 0; c < gradientChannels; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += composites[at + i * n + j]! * g[i * gradientChannels + c]!;
      after += sum * sum;
    }
  }
  return Math.sqrt(after / before);
}

/** composite ← E·composite of the token at `at`. */
function multiplyInto(composites: Float64Array, e: Float64Array, at: number, n: number): void {
  const before = composites.slice(at, at + n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += e[at + i * n + k]! * before[k * n + j]!;
      composites[at + i * n + j] = sum;
    }
  }
}
