/** Outputs that must be the same bits, token by token; and what replaces this for kernels that do not promise it. */
import { elementsPerToken, isClaimed, isShared, type Sizes, type Values } from '../src/operations/operation.ts';
import type { Judge } from '../src/verify/judge.ts';
import type { CheckContext } from '../src/verify/property.ts';

/** Tokens `places` of `measured` are tokens `tokens` of `expected`; sizes other than the number of tokens are the same. Shared outputs are sums over different tokens then, and left to `compareShared`. */
export interface Pairing {
  readonly tokens: readonly number[];
  readonly places: readonly number[];
}

/**
 * Requires the same bits if the kernel promises them, otherwise that both are within the bound of one truth: twice the bound apart at most
 * (only certified tokens). `expected` belongs to the context's own inputs.
 */
export function compareBits<D>(
  judge: Judge,
  context: CheckContext<D>,
  measured: Values,
  expected: Values,
  pairing: Pairing,
  promised: boolean,
  what: string,
): void {
  const bounded = promised ? undefined : context.bounded(context.inputs);
  const label = (): string => what;
  for (const port of context.kernel.operation.outputs) {
    const per = elementsPerToken(port, context.sizes);
    const found = measured[port.name]!;
    const wanted = expected[port.name]!;
    pairing.tokens.forEach((token, k) => {
      const from = pairing.places[k]! * per;
      for (let i = 0; i < per; i++) {
        const index = token * per + i;
        if (bounded === undefined) judge.same(token, found[from + i]!, wanted[index]!, port.name, index, label);
        else if (isClaimed(bounded, port, token, index)) judge.atMost(token, found[from + i]! - wanted[index]!, 2 * bounded.errors[port.name]![index]!, port.name, index, () => `${what}, within twice the bound`);
      }
    });
  }
}

/**
 * Shared outputs of two calls about the same tokens: the same bits if `promised`, otherwise within twice the bound of each other (their terms may have
 * been added in another order).
 */
export function compareShared<D>(judge: Judge, context: CheckContext<D>, measured: Values, expected: Values, promised: boolean, what: string): void {
  for (const port of context.kernel.operation.outputs.filter(isShared)) {
    const bounded = promised ? undefined : context.bounded(context.inputs);
    if (context.sizes.tokens === 0) continue;
    measured[port.name]!.forEach((value, index) => {
      const wanted = expected[port.name]![index]!;
      if (bounded === undefined) judge.same(0, value, wanted, port.name, index, () => what);
      else if (isClaimed(bounded, port, 0, index)) judge.atMost(0, value - wanted, 2 * bounded.errors[port.name]![index]!, port.name, index, () => `${what}, within twice the bound`);
    });
  }
}

/** The tokens 0 … count − 1. */
export function everyToken(sizes: Sizes): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < sizes.tokens; token++) tokens.push(token);
  return tokens;
}
