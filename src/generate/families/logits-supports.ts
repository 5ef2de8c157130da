/** Logits whose exponentials nearly vanish in places: there Sinkhorn converges slowly, or only thanks to epsilon. */
import { permuteSupport4, supportClasses4 } from '../support-classes.ts';
import type { LogitsFamily } from './family.ts';

/**
 * 0 where a pattern has a one, −scale elsewhere. At n = 4 token t has support class t mod 317: 317 tokens meet all of them, as
 * canonical representatives first and with rows and columns permuted in later rounds. Other n: random patterns.
 */
export const supportPattern: LogitsFamily = (out, offset, n, scale, random, token) => {
  const low = 0 - scale; // not −scale, which may be −0
  if (n !== 4) {
    for (let i = offset; i < offset + n * n; i++) out[i] = random.bits() & 1 ? 0 : low;
    return;
  }
  const classes = supportClasses4();
  const canonical = classes[token % classes.length]!;
  const mask = token < classes.length ? canonical : permuteSupport4(canonical, random.permutation(4), random.permutation(4));
  for (let i = 0; i < 16; i++) out[offset + i] = (mask >>> i) & 1 ? 0 : low;
};

/** Noise of at most 1 in one triangle, −scale in the other: only the diagonal survives, without total support. */
export const triangular: LogitsFamily = (out, offset, n, scale, random) => {
  const upper = random.sign();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[offset + i * n + j] = (j - i) * upper >= 0 ? Math.min(scale, 1) * random.normal() : 0 - scale;
  }
};

/** Two diagonal blocks of noise, coupled by −scale: nearly decomposable, mass moves between the blocks slowly. One block when n is 1. */
export const block: LogitsFamily = (out, offset, n, scale, random) => {
  const split = n === 1 ? 1 : random.integer(1, n - 1);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[offset + i * n + j] = i < split === j < split ? Math.min(scale, 1) * random.normal() : 0 - scale;
  }
};
