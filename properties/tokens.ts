/** Whole tokens as the unit of a claim: picking and joining them, and randomness that stays with a token when others are dropped. */
import { elementsOf, elementsPerToken, isShared, type Port, type Sizes, type Values } from '../src/operations/operation.ts';
import { hashText, Random } from '../src/generate/random.ts';
import type { CheckContext } from '../src/verify/property.ts';

/** The tokens `picks` of every port, in that order; shared ports as they are. */
export function pickTokens(ports: readonly Port[], values: Values, sizes: Sizes, picks: readonly number[]): Values {
  const picked: Record<string, Float64Array> = {};
  for (const port of ports) {
    const per = elementsPerToken(port, sizes);
    const from = values[port.name]!;
    if (isShared(port)) {
      picked[port.name] = from;
      continue;
    }
    const to = new Float64Array(per * picks.length);
    picks.forEach((token, place) => to.set(from.subarray(token * per, (token + 1) * per), place * per));
    picked[port.name] = to;
  }
  return picked;
}

/** The elements `from` … `to` − 1 of a port that one claim is about. */
export interface Part {
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

/** The parts of a port: each token's; all of it, counted to token 0, where it is shared. */
export function partsOf(port: Port, sizes: Sizes): Part[] {
  if (isShared(port)) return sizes.tokens === 0 ? [] : [{ token: 0, from: 0, to: elementsOf(port, sizes) }];
  const per = elementsPerToken(port, sizes);
  return Array.from({ length: sizes.tokens }, (_, token) => ({ token, from: token * per, to: (token + 1) * per }));
}

/**
 * Randomness for one token of a check. It follows from the recipe's seed and the token's index in the original batch, so the shrinker
 * can drop other tokens and this one keeps its permutation, mask or poison.
 */
export function tokenRandom<D>(context: CheckContext<D>, purpose: string, token: number): Random {
  return new Random(context.recipe.seed, hashText(purpose), context.recipe.tokens?.[token] ?? token);
}

/** `inputs` with the listed ports mapped element by element. */
export function mapPorts(inputs: Values, ports: readonly string[], map: (value: number, index: number, port: string) => number): Values {
  const mapped: Record<string, Float64Array> = { ...inputs };
  for (const port of ports) mapped[port] = inputs[port]!.map((value, index) => map(value, index, port));
  return mapped;
}

/** True when all inputs of a token are finite in the kernel's dtypes; 10¹⁰ is not in f16, and 0·∞ is NaN. */
export function hasFiniteInputs<D>(context: CheckContext<D>, token: number): boolean {
  return context.kernel.operation.inputs.every((port) => {
    const per = elementsPerToken(port, context.sizes);
    return context.inputs[port.name]!.subarray(token * per, (token + 1) * per).every(Number.isFinite);
  });
}
