/**
 * A box of logits, and what the first half of the first iteration makes of it, enclosed for every L in the box.
 *
 * The start normalises the lines of the first side: X_ij = φ_i·p_ij (+ ε), p the softmax of the line, φ_i = s/D(s) of its sum s (1 for a softmax), so with l over the line's entries
 *   p_ij = 1/(1 + Σ_{l≠j} e^(L_il − L_ij)), monotone in every logit: its extremes over the box are at corners;
 * the factors φ_i scale whole lines, which no cross ratio X_ij·X_kl/(X_il·X_kj) sees: its largest value is θ = max e^(L_ij + L_kl − L_il − L_kj), and a start X = p + ε has at most
 * θ·(1 + ε/p_min)², or what its entries' extremes allow. Everything is rounded outwards; exp is `numerics/exponential.ts`.
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from '../../numerics/directed.ts';
import { expDown, expUp } from '../../numerics/exponential.ts';

/** Logits [n·n], row-major, low ≤ L ≤ high; −Infinity and Infinity say that there is no limit. */
export interface Box {
  readonly n: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** How a dialect starts, as far as bounds need it. */
export interface StartForm {
  readonly first: 'rows' | 'columns';
  /** s/D(s) of the first half-step's sums. */
  readonly share: { readonly low: number; readonly high: number };
  /** What is added to every entry afterwards. */
  readonly added: number;
}

/** The matrix after the start, for every L in the box. */
export interface Entering {
  readonly n: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Sums of the lines that the start normalised. */
  readonly sums: { readonly low: number; readonly high: number };
  /** Upper bound of all cross ratios; Infinity when there is none. */
  readonly theta: number;
  /** Lower bound of the entries before ε is added. */
  readonly smallest: number;
}

/** `spans` may give sharper bounds of the four-logit sums than the box: [(i·n + k)·n·n + j·n + l] bounds L_ij + L_kl − L_il − L_kj. */
export function enter({ n, low, high }: Box, { first, share, added }: StartForm, spans?: Float64Array): Entering {
  const [line, entry] = first === 'rows' ? [n, 1] : [1, n];
  const least = new Float64Array(n * n);
  const most = new Float64Array(n * n);
  let smallest = Infinity;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const own = i * line + j * entry;
      let [few, many] = [1, 1];
      for (let l = 0; l < n; l++) {
        const other = i * line + l * entry;
        if (l === j) continue;
        few = addDown(few, expDown(addDown(low[other]!, -high[own]!)));
        many = addUp(many, expUp(addUp(high[other]!, -low[own]!)));
      }
      const p = divDown(1, many);
      smallest = Math.min(smallest, p);
      least[own] = addDown(mulDown(p, share.low), added);
      most[own] = addUp(mulUp(divUp(1, few), share.high), added);
    }
  }
  const sums = { low: addDown(share.low, mulDown(n, added)), high: addUp(share.high, mulUp(n, added)) };
  return { n, low: least, high: most, sums, theta: crossRatio({ n, low, high }, least, most, added, smallest, spans), smallest };
}

function crossRatio({ n, low, high }: Box, least: Float64Array, most: Float64Array, added: number, smallest: number, spans: Float64Array | undefined): number {
  let span = 0;
  let direct = 1;
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) {
        for (let l = 0; l < n; l++) {
          if (i === k || j === l) continue;
          const [ij, kl, il, kj] = [i * n + j, k * n + l, i * n + l, k * n + j];
          const sum = addUp(addUp(high[ij]!, high[kl]!), -addDown(low[il]!, low[kj]!));
          span = Math.max(span, spans === undefined ? sum : Math.min(sum, spans[(i * n + k) * n * n + j * n + l]!));
          if (added > 0) direct = Math.max(direct, divUp(mulUp(most[ij]!, most[kl]!), mulDown(least[il]!, least[kj]!)));
        }
      }
    }
  }
  const theta = expUp(span);
  if (added === 0) return theta;
  const growth = addUp(1, divUp(added, smallest));
  return Math.min(direct, smallest > 0 ? mulUp(theta, mulUp(growth, growth)) : Infinity);
}
