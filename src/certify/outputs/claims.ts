/** From what was measured to what is claimed: quantity, sentence, domain, place. */
import { boundOf } from '../bound.ts';
import type { Claim } from '../certificate.ts';
import type { Draft } from '../confirm.ts';
import type { MethodId } from '../methods.ts';
import type { Worst } from './measure-outputs.ts';
import { indexOf, type Outputs } from './read-outputs.ts';
import { witnessOf } from './witness.ts';

export type Orientation = 'plain' | 'transposed';

interface Wording {
  readonly quantity: string;
  readonly says: (bound: string) => string;
}

/** The sentences are those that the checker asks for, word by word, as is the domain: a certificate cannot say more than its bound. */
const wordings = {
  'entry-range': { quantity: 'min H_ij', says: (b) => `Every entry is at least ${b}.` },
  'row-sum-deviation': { quantity: 'max |Σ_j H_ij − 1|', says: (b) => `Every row sums to 1 within ${b}.` },
  'column-sum-deviation': { quantity: 'max |Σ_i H_ij − 1|', says: (b) => `Every column sums to 1 within ${b}.` },
  'one-norm': { quantity: '‖H‖₁', says: (b) => `The magnitudes of a column sum to at most ${b}.` },
  'infinity-norm': { quantity: '‖H‖∞', says: (b) => `The magnitudes of a row sum to at most ${b}.` },
  'two-norm': { quantity: '‖H‖₂', says: (b) => `No mapping lets the norm of a signal or of a gradient grow by more than a factor of ${b}.` },
  'two-norm-witness': { quantity: 'max ‖H‖₂', says: (b) => `One mapping lets the norm of some signal grow by a factor of at least ${b}.` },
  'mean-free-norm': { quantity: '‖H − J/n‖₂', says: (b) => `No mapping multiplies the norm of the mean-free part of the streams by more than ${b}.` },
  'projection-distance': { quantity: 'max |H_ij − P_ij|', says: (b) => `No entry is further than ${b} from the exact Sinkhorn projection of its matrix.` },
  'composite-infinity-norm': { quantity: '‖∏H‖∞', says: (b) => `From the first layer to the last, the largest magnitude over the streams grows by at most a factor of ${b}.` },
  'composite-one-norm': { quantity: '‖∏H‖₁', says: (b) => `From the last layer to the first, the largest gradient over the streams grows by at most a factor of ${b}.` },
  'composite-two-norm': { quantity: '‖∏H‖₂', says: (b) => `Over all layers, the norm of a signal or of a gradient grows by at most a factor of ${b}.` },
  'composite-mean-free-norm': { quantity: '‖∏H − J/n‖₂', says: (b) => `Over all layers, the norm of the mean-free part of the streams is multiplied by at most ${b}.` },
} as const satisfies Partial<Record<MethodId, Wording>>;

export const ieeeAssumption = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';

/** What is claimed of a worst value, before the checker confirms it. */
export function draftOf(worst: Worst, outputs: Outputs, layers: number | undefined, orientation: Orientation): Draft {
  const { measure, value } = worst;
  const downwards = measure === 'entry-range';
  const composite = measure.startsWith('composite-');
  return {
    ...common(measure, outputs, composite ? { orientation } : undefined),
    relation: downwards ? '>=' : '<=',
    bound: boundOf(value, downwards ? 'down' : 'up'),
    place: composite ? { token: worst.index } : placeOf(worst.index, outputs, layers),
  };
}

/** That ‖H‖₂ is not much smaller than it is bounded: a vector that the worst matrix enlarges. */
export function witnessDraft(worst: Worst, outputs: Outputs, layers: number | undefined): Draft {
  const n = outputs.shape.at(-1)!;
  const { vector, lower } = witnessOf(outputs.values, worst.index * n * n, n);
  const base = common('two-norm-witness', outputs, undefined);
  return { ...base, relation: '>=', bound: boundOf(lower, 'down'), parameters: { ...base.parameters, index: worst.index, vector }, place: placeOf(worst.index, outputs, layers) };
}

function common(method: keyof typeof wordings, outputs: Outputs, over: { orientation: Orientation } | undefined): Omit<Draft, 'relation' | 'bound' | 'place'> {
  const { file, tensor, shape } = outputs;
  const { quantity, says } = wordings[method];
  const where = `tensor '${tensor}' ${JSON.stringify(shape)} in ${file}`;
  const domain = over === undefined ? `the matrices of ${where}` : `the products over the first dimension of ${where}, every matrix ${over.orientation}`;
  return {
    id: `outputs/${method}`, strength: 'these-outputs', plain: says, quantity, method, domain,
    parameters: { file, tensor, shape: [...shape], ...(over === undefined ? {} : { orientation: over.orientation }) },
    assumptions: [ieeeAssumption],
  };
}

/** Layer and token, or the index of the matrix in its tensor. */
export function placeOf(index: number, { shape }: Outputs, layers: number | undefined): NonNullable<Claim['place']> {
  const outer = shape.slice(0, -2);
  if (layers !== undefined) {
    const tokens = outer.slice(1).reduce((product, size) => product * size, 1);
    return { layer: Math.floor(index / tokens), token: index % tokens };
  }
  return outer.length <= 1 ? { matrix: index } : { matrix: `[${indexOf(index, outer).join(', ')}]` };
}
