/** What is measured of the products of a chain at every depth, each rounded outwards: the worst token, and the average over tokens where the paper averages. */
import { deviationUp, magnitudeSumUp, stepUp, u } from '../outputs/enclosing.ts';
import { TwoNorm } from '../outputs/two-norm.ts';
import { bitsFor, Composite, type Enclosed } from './composite.ts';

export const depthMeasures = ['forward-gain', 'backward-gain', 'forward-amax', 'backward-amax', 'two-norm', 'stream-sum', 'equal-streams', 'mean-free-norm', 'second-singular-value', 'gain-reached'] as const;
export type DepthMeasure = (typeof depthMeasures)[number];

/** Of all tokens at one depth; Infinity where nothing bounds. `gain-reached` is from below, the others from above. */
export type Figures = Readonly<Record<DepthMeasure, number>>;

export interface ChainShape {
  readonly layers: number;
  readonly tokens: number;
  readonly n: number;
  readonly transposed: boolean;
}

export interface MeasuredChain {
  readonly bits: number;
  /** Figures at depths 1 … layers. */
  readonly figures: readonly Figures[];
  /** Products [tokens, n, n] at the depths asked for, to the nearest f64. */
  readonly composites: ReadonlyMap<number, Float64Array>;
}

/** Undefined where the products grow beyond what is followed. */
export function measureDepth(mappings: Float64Array, shape: ChainShape, kept: readonly number[]): MeasuredChain | undefined {
  const { layers, tokens, n, transposed } = shape;
  const bits = bitsFor(mappings, layers, tokens, n, transposed);
  if (bits === undefined) return undefined;
  const norm = new TwoNorm(n);
  const totals = Array.from({ length: layers }, () => new Totals());
  const composites = new Map(kept.map((depth) => [depth, new Float64Array(tokens * n * n)]));
  for (let token = 0; token < tokens; token++) {
    const composite = new Composite(n, bits);
    for (let layer = 0; layer < layers; layer++) {
      composite.multiply(mappings, (layer * tokens + token) * n * n, transposed);
      const whole = composite.whole();
      totals[layer]!.add(measureProduct(whole, composite.meanFree('in'), composite.meanFree('out'), n, norm));
      composites.get(layer + 1)?.set(whole.matrix, token * n * n);
    }
  }
  return { bits, figures: totals.map((total) => total.figures(tokens)), composites };
}

/** The largest gain, signals or gradients, of one token at any of the ascending depths; an upper bound. */
export function largestGain(mappings: Float64Array, shape: Omit<ChainShape, 'tokens'>, token: number, tokens: number, depths: readonly number[], bits: number): number {
  const { n, transposed } = shape;
  const composite = new Composite(n, bits);
  let most = 0;
  for (let layer = 0, next = 0; layer < depths.at(-1)!; layer++) {
    composite.multiply(mappings, (layer * tokens + token) * n * n, transposed);
    if (layer + 1 !== depths[next]) continue;
    next++;
    const { matrix, error } = composite.whole();
    most = Math.max(most, stepUp((lineNorm(matrix, n, 'rows') + n * error) * slack), stepUp((lineNorm(matrix, n, 'columns') + n * error) * slack));
  }
  return most;
}

/** What the checker's coarser sums may add to a line of at most 16 numbers, so that a bound is confirmed as it is: 2·16 steps of 2u. */
const slack = 1 + 128 * u;

type Product = Omit<Figures, 'forward-amax' | 'backward-amax'>;

function measureProduct({ matrix, error }: Enclosed, before: Enclosed, after: Enclosed, n: number, norm: TwoNorm): Product {
  const lost = n * error; // ‖Δ‖₁, ‖Δ‖∞, ‖Δ‖₂ ≤ n·max |Δ_ij|
  const outwards = (value: number, more = lost): number => stepUp((value + more) * slack);
  const [rows, columns] = [lineNorm(matrix, n, 'rows'), lineNorm(matrix, n, 'columns')];
  let [rowOff, columnOff] = [0, 0];
  for (let i = 0; i < n; i++) {
    rowOff = Math.max(rowOff, deviationUp(matrix, i * n, n, 1));
    columnOff = Math.max(columnOff, deviationUp(matrix, i, n, n));
  }
  const meanFree = outwards(norm.upper(before.matrix, 0), n * before.error);
  const reached = (Math.max(rows, columns) - lost) * (1 - 256 * u);
  // the sums themselves carry the steps of the checker, not only their distance from 1
  const sums = n * 16 * u;
  return {
    'forward-gain': outwards(rows),
    'backward-gain': outwards(columns),
    'two-norm': outwards(norm.upper(matrix, 0)),
    'stream-sum': outwards(columnOff, lost + sums * columns),
    'equal-streams': outwards(rowOff, lost + sums * rows),
    'mean-free-norm': meanFree,
    // Courant and Fischer: σ₂ is the least norm over all subspaces of codimension 1, of the product or of its transpose
    'second-singular-value': Math.min(finite(meanFree), finite(outwards(norm.upper(after.matrix, 0), n * after.error))),
    'gain-reached': reached > 0 && reached < Infinity ? reached : 0,
  };
}

/** The largest sum of magnitudes of a line, rounded up. */
function lineNorm(matrix: Float64Array, n: number, side: 'rows' | 'columns'): number {
  let most = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, side === 'rows' ? magnitudeSumUp(matrix, i * n, n, 1) : magnitudeSumUp(matrix, i, n, n));
  return most;
}

const finite = (value: number): number => (Number.isNaN(value) ? Infinity : value);

/** The tokens of one depth taken together. */
class Totals {
  private forward = 0;
  private backward = 0;
  private worst: Record<string, number> = {};

  add(product: Product): void {
    this.forward = stepUp(this.forward + product['forward-gain']);
    this.backward = stepUp(this.backward + product['backward-gain']);
    for (const [name, value] of Object.entries(product)) this.worst[name] = Math.max(this.worst[name] ?? 0, finite(value));
  }

  figures(tokens: number): Figures {
    const mean = (sum: number): number => finite(stepUp((sum / tokens) * (1 + 16 * tokens * u)));
    return { ...(this.worst as unknown as Product), 'forward-amax': mean(this.forward), 'backward-amax': mean(this.backward) };
  }
}
