/**
 * The numbers that all designs share. Sublayer l and token t have projections p_k = spread·(√c·u_lk + √(1−c)·v_ltk), k = 0, 1, …, with u common to the
 * tokens and v each token's own, and u_lk = √r·w_k + √(1−r)·w_lk, so that two sublayers correlate by c·r. All are normal of variance 1 (`Random.normal`). With a
 * correlation ρ a token's own numbers go on from sublayer to sublayer: v_l = ρ·v_{l−1} + √(1−ρ²)·v'_l; ρ = 1 repeats the first. A design takes as many numbers as it
 * needs, beginning with the first; the gate α is the same for all of them. `orbit.ts` has the numbers that are searched instead of drawn.
 *
 * Why one distribution separates them: tanh bounds what hyper-connections see of p, |H − I| ≤ α, whatever the spread; the logits of the others are α·p + b,
 * unbounded, and their constraint takes care of that. With α = 0.35 and wide projections the unconstrained product over 60 sublayers reaches the
 * size that the mHC paper reports for a trained 27B model (about 3000), and mHC's stays below 2, as there (about 1.6). Neither number is
 * a constant of nature: `sweep` in the report shows how they depend on α.
 */
import { PlumblineError, suggest } from '../errors.ts';
import { hashText, Random } from '../generate/random.ts';

export interface Setting {
  readonly name: string;
  readonly what: string;
  /** c: the share of the variance that the tokens have in common. */
  readonly common: number;
  /** r: the share of that which the sublayers have in common. */
  readonly repeated: number;
  /** ρ: how far a token's own numbers of a sublayer follow those of the one before; 0 when absent. */
  readonly correlation?: number;
  /** Not drawn, but searched (orbit.ts). */
  readonly searched?: true;
  /** Gates of the sublayers are α·2^(deviation·normal). */
  readonly gateDeviation: number;
}

/** What `plumbline compare` shows when nothing is said. */
export const settings: readonly Setting[] = [
  { name: 'independent', what: 'sublayers have nothing in common, tokens share half of the variance', common: 0.5, repeated: 0, gateDeviation: 0 },
  { name: 'correlated', what: 'sublayers are alike, 98 % of the variance is shared by all of them', common: 0.99, repeated: 0.99, gateDeviation: 0 },
  { name: 'trained-like', what: 'tokens share most, sublayers half of that, and gates differ by powers of two', common: 0.8, repeated: 0.5, gateDeviation: 1 },
];

/** Lag-one correlation of `ar1` when nothing is said. */
export const usualCorrelation = 0.9;

/** Sublayers that follow one another, of tokens that have nothing in common. */
export function autoregressive(correlation: number): Setting {
  return { name: 'ar1', what: `a token's numbers correlate by ${correlation} from one sublayer to the next`, common: 0, repeated: 0, correlation, gateDeviation: 0 };
}

/** Those above, and the hard ones. */
export const allSettings: readonly Setting[] = [
  ...settings,
  { name: 'repeated', what: 'one matrix of numbers for all sublayers of a token', common: 0, repeated: 0, correlation: 1, gateDeviation: 0 },
  autoregressive(usualCorrelation),
  { name: 'orbit', what: 'one matrix for all sublayers, searched so that the line sums of the product drift the most', common: 0, repeated: 0, gateDeviation: 0, searched: true },
];

/** The setting of that name. Throws `bad-usage`. */
export function settingNamed(name: string): Setting {
  const found = allSettings.find((setting) => setting.name === name);
  if (found === undefined) throw new PlumblineError('bad-usage', `There is no setting '${name}'.`, suggest(name, allSettings.map((setting) => setting.name)));
  return found;
}

export interface Distribution {
  readonly gate: number;
  readonly spread: number;
  readonly seed: number;
}

/** The numbers of one sublayer: projections [tokens, count] and the gate. Sublayers are asked for in order, from 0. */
export type Layers = (layer: number) => { readonly projections: Float64Array; readonly gate: number };

/** The sublayers of a setting that is drawn. The same k gives the same number, whatever the count. */
export function drawnLayers(setting: Setting, distribution: Distribution, tokens: number, count: number): Layers {
  const { common, repeated, correlation = 0 } = setting;
  const { spread, seed } = distribution;
  let own = new Float64Array(tokens * count);
  return (layer) => {
    const everyLayer = new Random(seed, hashText('every layer'));
    const everyToken = new Random(seed, hashText('every token'), layer);
    const shared = Float64Array.from({ length: count }, () => Math.sqrt(repeated) * everyLayer.normal() + Math.sqrt(1 - repeated) * everyToken.normal());
    const before = own;
    const [kept, fresh] = layer === 0 ? [0, 1] : [correlation, Math.sqrt(1 - correlation * correlation)];
    own = new Float64Array(tokens * count);
    const projections = new Float64Array(tokens * count);
    for (let token = 0; token < tokens; token++) {
      const random = new Random(seed, hashText('own'), layer, token);
      for (let at = token * count; at < (token + 1) * count; at++) {
        own[at] = kept * before[at]! + fresh * random.normal();
        projections[at] = spread * (Math.sqrt(common) * shared[at - token * count]! + Math.sqrt(1 - common) * own[at]!);
      }
    }
    return { projections, gate: gateOf(setting, distribution, layer) };
  };
}

/** The gate of a sublayer. */
export function gateOf({ gateDeviation }: Setting, { gate, seed }: Distribution, layer: number): number {
  return gate * 2 ** (gateDeviation * new Random(seed, hashText('gate'), layer).normal());
}
