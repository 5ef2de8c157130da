/**
 * Numbers that are searched instead of drawn: one matrix of projections for all sublayers (a fixed point, the shortest orbit), climbed to from a random start so that the line
 * sums of its power E^D drift from 1 as far as they will. What is found is an example, no bound: another climb may find a worse one.
 *
 * Why a fixed point: for a mapping with exact rows 1ᵀE^D moves towards n times the stationary distribution of E, so that what one sublayer moves from one stream to another adds up over
 * depth, and only the theorem's factor n stops it. Independent sublayers average that out.
 */
import { hashText, Random } from '../generate/random.ts';
import type { Design } from './designs.ts';
import { drawnLayers, gateOf, type Distribution, type Layers, type Setting } from './inputs.ts';
import { mappingsOf, streamsOf } from './mappings.ts';

/** Rounds of the climb, and candidates of a token in each. */
const rounds = 48;
const candidates = 16;
/** Projections stay within so many spreads: what is drawn rarely goes further. */
const reach = 3;

/** The sublayers of a setting for a design, asked for in order. `depth` is the power whose drift the search looks at. */
export function layersOf(design: Design, setting: Setting, distribution: Distribution, tokens: number, streams: number, depth: number): Layers {
  const n = streamsOf(design, streams);
  if (setting.searched !== true) return drawnLayers(setting, distribution, tokens, design.count(n));
  const projections = worstFixedPoint(design, setting, distribution, tokens, n, depth);
  return (layer) => ({ projections, gate: gateOf(setting, distribution, layer) });
}

/** Projections [tokens, count], one climb for each token. */
function worstFixedPoint(design: Design, setting: Setting, distribution: Distribution, tokens: number, n: number, depth: number): Float64Array {
  const count = design.count(n);
  const { spread, seed, gate } = distribution;
  const best = drawnLayers({ ...setting, correlation: 1 }, distribution, tokens, count)(0).projections.slice();
  if (count === 0) return best;
  const drift = (projections: Float64Array, copies: number): Float64Array => drifts(mappingsOf(design, { projections, gate, statics: design.start(n) }, copies, n), n, depth);
  const score = drift(best, tokens);
  const random = new Random(seed, hashText('orbit'));
  const tried = new Float64Array(tokens * candidates * count);
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < tried.length; at++) {
      const place = Math.floor(at / (candidates * count)) * count + (at % count);
      const size = [0, 0.1, 0.5, 2][random.below(4)]!; // most numbers of a good candidate should stay, some should leap
      tried[at] = Math.max(-reach, Math.min(reach, best[place]! / spread + size * random.normal())) * spread;
    }
    const found = drift(tried, tokens * candidates);
    found.forEach((value, k) => {
      const token = Math.floor(k / candidates);
      if (!(value > score[token]!)) return;
      score[token] = value;
      best.set(tried.subarray(k * count, (k + 1) * count), token * count);
    });
  }
  return best;
}

/** The largest |sum of a line of E^depth − 1|, rows and columns, for each matrix; by squarings. */
function drifts(mappings: Float64Array, n: number, depth: number): Float64Array {
  return Float64Array.from({ length: mappings.length / (n * n) }, (_, token) => {
    let square: Float64Array = mappings.slice(token * n * n, (token + 1) * n * n);
    let power: Float64Array | undefined;
    for (let left = depth; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) power = power === undefined ? square : product(power, square, n);
      if (left > 1) square = product(square, square, n);
    }
    let most = 0;
    for (let i = 0; i < n; i++) {
      let [row, column] = [0, 0];
      for (let j = 0; j < n; j++) {
        row += power![i * n + j]!;
        column += power![j * n + i]!;
      }
      most = Math.max(most, Math.abs(row - 1), Math.abs(column - 1));
    }
    return most;
  });
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) out[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
  return out;
}
