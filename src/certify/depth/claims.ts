/** From figures over depth to what is claimed of given outputs: quantity, sentence, domain. The sentences are those that the checker asks for, word by word. */
import { boundOf } from '../bound.ts';
import type { Draft } from '../confirm.ts';
import { ieeeAssumption, type Orientation } from '../outputs/claims.ts';
import { textOfDepths } from './depths.ts';
import { depthMeasures, type DepthMeasure, type Figures } from './measures.ts';

interface Wording {
  readonly quantity: string;
  readonly says: (bound: string, depths: string) => string;
}

const each = (depths: string): string => `At every depth of ${depths} and for every token`;
const wordings: Readonly<Record<DepthMeasure, Wording>> = {
  'forward-gain': { quantity: '‖∏H‖∞', says: (b, d) => `${each(d)}, the largest magnitude over the streams has grown by at most a factor of ${b}.` },
  'backward-gain': { quantity: '‖∏H‖₁', says: (b, d) => `${each(d)}, the largest gradient over the streams has grown by at most a factor of ${b}.` },
  'forward-amax': { quantity: 'mean ‖∏H‖∞', says: (b, d) => `At every depth of ${d}, the Amax gain of signals, the largest absolute row sum averaged over the tokens, is at most ${b}.` },
  'backward-amax': { quantity: 'mean ‖∏H‖₁', says: (b, d) => `At every depth of ${d}, the Amax gain of gradients, the largest absolute column sum averaged over the tokens, is at most ${b}.` },
  'two-norm': { quantity: '‖∏H‖₂', says: (b, d) => `${each(d)}, the norm of a signal or of a gradient has grown by at most a factor of ${b}.` },
  'stream-sum': { quantity: 'max |1ᵀ∏H − 1ᵀ|', says: (b, d) => `${each(d)}, the sum of the streams has moved by at most ${b} times the sum of their magnitudes.` },
  'equal-streams': { quantity: 'max |∏H·1 − 1|', says: (b, d) => `${each(d)}, streams that were equal are still what they were within ${b} of their magnitude.` },
  'mean-free-norm': { quantity: '‖∏H·(I − J/n)‖₂', says: (b, d) => `At the deepest of ${d} and for every token, the norm of the mean-free part of the streams has been multiplied by at most ${b}.` },
  'second-singular-value': { quantity: 'σ₂(∏H)', says: (b, d) => `At the deepest of ${d} and for every token, the second singular value of the product is at most ${b}: of all but one direction no more than that is left.` },
  'gain-reached': { quantity: 'max(‖∏H‖∞, ‖∏H‖₁)', says: (b, d) => `At some depth of ${d} and for some token, a signal or a gradient has grown by a factor of at least ${b} over the streams.` },
};

/** A chain as it lies in the file. */
export interface StoredChain {
  readonly file: string;
  /** `setting/design`. */
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly orientation: Orientation;
  readonly bits: number;
}

export interface DraftedClaims {
  readonly drafts: readonly Draft[];
  /** Why some are not made. */
  readonly missing: readonly string[];
}

/** The claims of one chain. `figures` are those of depths 1, 2, …; the worst of the depths is claimed, of the mean-free part and σ₂ the deepest. */
export function depthDrafts(stored: StoredChain, figures: readonly Figures[], depths: readonly number[]): DraftedClaims {
  const missing: string[] = [];
  const text = textOfDepths(depths);
  const drafts = depthMeasures.flatMap((measure): Draft[] => {
    const deepest = measure === 'mean-free-norm' || measure === 'second-singular-value';
    if (deepest && stored.shape.at(-1) === 1) return []; // one stream is its own mean
    const value = deepest ? figures[depths.at(-1)! - 1]![measure] : Math.max(...depths.map((depth) => figures[depth - 1]![measure]));
    if (!(value < Infinity)) {
      missing.push(`${stored.tensor}, ${wordings[measure].quantity}: it grows beyond what is followed.`);
      return [];
    }
    return [draft(measure, value, stored, text)];
  });
  return { drafts, missing };
}

function draft(measure: DepthMeasure, value: number, { file, tensor, shape, orientation, bits }: StoredChain, depths: string): Draft {
  const { quantity, says } = wordings[measure];
  const below = measure === 'gain-reached';
  return {
    id: `depth/${tensor}/${measure}`, strength: 'these-outputs', method: `depth-${measure}`, quantity, relation: below ? '>=' : '<=', bound: boundOf(value, below ? 'down' : 'up'), plain: (b) => says(b, depths),
    parameters: { file, tensor, shape: [...shape], orientation, depths, bits }, assumptions: [ieeeAssumption],
    domain: `the products of the first mappings, at depths ${depths}, of tensor '${tensor}' ${JSON.stringify(shape)} in ${file}, every matrix ${orientation}`,
  };
}
