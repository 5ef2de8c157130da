/**
 * The random numbers that all designs share. Sublayer l and token t have projections p_k = spread·(√c·u_lk + √(1−c)·v_ltk), k = 0, 1, …, with u common to the
 * tokens and v each token's own, and u_lk = √r·w_k + √(1−r)·w_lk, so that two sublayers correlate by c·r. All are normal of variance 1 (`Random.normal`). A
 * design takes as many as it needs, beginning with the first; the gate α is the same for all of them.
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
  /** Gates of the sublayers are α·2^(deviation·normal). */
  readonly gateDeviation: number;
}

export const settings: readonly Setting[] = [
  { name: 'independent', what: 'sublayers have nothing in common, tokens share half of the variance', common: 0.5, repeated: 0, gateDeviation: 0 },
  { name: 'correlated', what: 'sublayers are alike, 98 % of the variance is shared by all of them', common: 0.99, repeated: 0.99, gateDeviation: 0 },
  { name: 'trained-like', what: 'tokens share most, sublayers half of that, and gates differ by powers of two', common: 0.8, repeated: 0.5, gateDeviation: 1 },
];

/** The setting of that name. Throws `bad-usage`. */
export function settingNamed(name: string): Setting {
  const found = settings.find((setting) => setting.name === name);
  if (found === undefined) throw new PlumblineError('bad-usage', `There is no setting '${name}'.`, suggest(name, settings.map((setting) => setting.name)));
  return found;
}

export interface Distribution {
  readonly gate: number;
  readonly spread: number;
  readonly seed: number;
}

/** Projections [tokens, count] of a sublayer. The same k gives the same number, whatever the count. */
export function projectionsOf({ common, repeated }: Setting, { spread, seed }: Distribution, layer: number, tokens: number, count: number): Float64Array {
  const everyLayer = new Random(seed, hashText('every layer'));
  const everyToken = new Random(seed, hashText('every token'), layer);
  const shared = Float64Array.from({ length: count }, () => Math.sqrt(repeated) * everyLayer.normal() + Math.sqrt(1 - repeated) * everyToken.normal());
  const projections = new Float64Array(tokens * count);
  for (let token = 0; token < tokens; token++) {
    const own = new Random(seed, hashText('own'), layer, token);
    for (let k = 0; k < count; k++) projections[token * count + k] = spread * (Math.sqrt(common) * shared[k]! + Math.sqrt(1 - common) * own.normal());
  }
  return projections;
}

/** The gate of a sublayer. */
export function gateOf({ gateDeviation }: Setting, { gate, seed }: Distribution, layer: number): number {
  return gate * 2 ** (gateDeviation * new Random(seed, hashText('gate'), layer).normal());
}
