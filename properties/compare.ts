/** Comparisons that several claims share. */
import { isShared, type Bounded, type Values } from '../src/operations/operation.ts';
import type { CheckContext } from '../src/verify/property.ts';
import type { Judge } from '../src/verify/judge.ts';
import { differencesOf, errorsFor } from './sufficient.ts';
import { partsOf } from './tokens.ts';

/** Every output element against the reference, within its bound; tokens that the arithmetic cannot carry are left out. */
export function compareAll<D>(judge: Judge, context: CheckContext<D>, output: Values, bounded: Bounded): void {
  for (const port of context.kernel.operation.outputs) {
    const measured = output[port.name]!;
    const expected = bounded.values[port.name]!;
    const errors = errorsFor(context, bounded, port.name, differencesOf(measured, expected));
    const { certified } = bounded;
    judge.show(port.name, measured, expected);
    const what = (): string => `${port.name} − reference`;
    const terms = (index: number): ReturnType<Bounded['explain']> => bounded.explain(port.name, index);
    for (const { token, from, to } of partsOf(port, context.sizes)) {
      if (!isShared(port) && certified[token] !== 1) continue;
      for (let index = from; index < to; index++) {
        if (errors[index]! < Infinity) judge.atMost(token, measured[index]! - expected[index]!, errors[index]!, port.name, index, what, terms);
      }
    }
  }
}

/**
 * Two kernel outputs that are equal in the reals: each is within its own bound of the truth, so they differ by at most the sum.
 * `expected` and `expectedErrors` are already mapped into the layout of `measured`.
 */
export function compareRuns(
  judge: Judge,
  tokens: number,
  output: string,
  measured: Float64Array,
  errors: Float64Array,
  expected: Float64Array,
  expectedErrors: Float64Array,
  certified: (token: number) => boolean,
  what: string,
): void {
  const per = tokens === 0 ? 0 : measured.length / tokens;
  judge.show(output, measured, expected);
  for (let token = 0; token < tokens; token++) {
    if (!certified(token)) continue;
    for (let k = 0; k < per; k++) {
      const index = token * per + k;
      judge.atMost(token, measured[index]! - expected[index]!, errors[index]! + expectedErrors[index]!, output, index, () => what);
    }
  }
}
