/** The forms that most claims about Sinkhorn take: the result is a known number, or two results are the same up to a rearrangement. */
import type { Bounded, Values } from '../../src/operations/operation.ts';
import { coveringErrors, differencesOf, neededBeyond, stillNeeded } from '../sufficient.ts';
import type { CheckContext } from '../../src/verify/property.ts';
import type { Judge, Judgement } from '../../src/verify/judge.ts';

/** What may separate a result from its expectation besides the kernel's own bound: relative to the entry, and absolute. */
export interface Slack {
  readonly relative: number;
  readonly absolute: number;
}
export const noSlack: Slack = { relative: 0, absolute: 0 };

/** Whether a comparison with this slack says anything. */
function claims(slack: Slack | undefined): slack is Slack {
  return slack !== undefined && slack.relative < 1 && slack.absolute < Infinity;
}

/** What the slacks of all tokens add to each bound, whatever the errors are; Infinity where nothing is claimed. */
export function slackParts(slacks: readonly (Slack | undefined)[], expected: Float64Array): Float64Array {
  const parts = new Float64Array(expected.length).fill(Infinity);
  const per = slacks.length === 0 ? 0 : expected.length / slacks.length;
  for (const [token, slack] of slacks.entries()) {
    if (!claims(slack)) continue;
    for (let index = token * per; index < (token + 1) * per; index++) parts[index] = slack.relative * Math.abs(expected[index]!) + slack.absolute;
  }
  return parts;
}

/** A known result of one token, [n·n], with the relative error of evaluating it in f64. */
export interface Known extends Slack {
  readonly values: Float64Array;
}

/** The n×n matrices of one port and token. */
export function tokenMatrix<D>(context: CheckContext<D>, port: string, token: number): Float64Array {
  const size = context.sizes.streams ** 2;
  return context.inputs[port]!.subarray(token * size, (token + 1) * size);
}

/** Runs the kernel and compares with a known result; `expected` gives undefined for tokens without the structure that the claim needs. */
export async function checkKnown<D>(context: CheckContext<D>, output: string, what: string, expected: (token: number) => Known | undefined): Promise<Judgement> {
  const measured = (await context.run(context.inputs))[output]!;
  const bounded = context.bounded(context.inputs);
  const { tokens, streams } = context.sizes;
  const size = streams ** 2;
  const judge = context.judge();
  const shown = measured.slice();
  judge.show(output, measured, shown);
  const label = (): string => what;
  const all: (Known | undefined)[] = [];
  for (let token = 0; token < tokens; token++) {
    const known = expected(token);
    all.push(known);
    if (known !== undefined) shown.set(known.values, token * size);
  }
  const errors = coveringErrors(bounded, output, neededBeyond(context, differencesOf(measured, shown), slackParts(all, shown)));
  for (let token = 0; token < tokens; token++) {
    const known = bounded.certified[token] === 1 ? all[token] : undefined;
    if (known === undefined || !claims(known)) {
      if (all[token] !== undefined) shown.set(measured.subarray(token * size, (token + 1) * size), token * size);
      continue;
    }
    for (let k = 0; k < size; k++) {
      const index = token * size + k;
      const bound = errors[index]! + known.relative * Math.abs(known.values[k]!) + known.absolute;
      judge.atMost(token, measured[index]! - known.values[k]!, bound, output, index, label);
    }
  }
  return judge.finish();
}

/** Another run of the kernel and where each of its outputs must reappear. */
export interface Rearranged {
  readonly other: Values;
  /** Output element `index` of the other run equals element `source[index]` of the first. */
  readonly source: Int32Array;
  /** undefined: no claim for this token. */
  readonly slack: (token: number) => Slack | undefined;
}

/** Runs the kernel on the case's inputs and on others, and requires equality up to a rearrangement. */
export async function checkRearranged<D>(context: CheckContext<D>, output: string, what: string, { other, source, slack }: Rearranged): Promise<Judgement> {
  const first = (await context.run(context.inputs))[output]!;
  const second = (await context.run(other))[output]!;
  const [a, b] = [context.bounded(context.inputs), context.bounded(other)];
  const judge = context.judge();
  const expected = gather(first, source);
  judge.show(output, second, expected);
  const slacks: (Slack | undefined)[] = [];
  for (let token = 0; token < context.sizes.tokens; token++) slacks.push(slack(token));
  const needed = neededBeyond(context, differencesOf(second, expected), slackParts(slacks, expected));
  const expectedErrors = gather(coveringErrors(a, output, needed === undefined ? undefined : scatterLargest(needed, source)), source);
  const errors = coveringErrors(b, output, stillNeeded(needed, expectedErrors));
  compareWithin(judge, context.sizes.tokens, output, second, expected, expectedErrors, b, errors, (token) => (a.certified[token] === 1 ? slacks[token] : undefined), what);
  return judge.finish();
}

/** Two runs whose truths are within the slack of each other: they differ by at most their bounds, `errors` and `expectedErrors`, and the slack. */
export function compareWithin(
  judge: Judge, tokens: number, output: string, measured: Float64Array, expected: Float64Array, expectedErrors: Float64Array, { certified }: Bounded, errors: Float64Array,
  slackOf: (token: number) => Slack | undefined, what: string,
): void {
  const per = tokens === 0 ? 0 : measured.length / tokens;
  const label = (): string => what;
  for (let token = 0; token < tokens; token++) {
    const slack = certified[token] === 1 ? slackOf(token) : undefined;
    if (!claims(slack)) continue;
    for (let index = token * per; index < (token + 1) * per; index++) {
      const size = Math.abs(expected[index]!) + expectedErrors[index]!;
      const bound = errors[index]! + expectedErrors[index]! + slack.relative * size + slack.absolute;
      judge.atMost(token, measured[index]! - expected[index]!, bound, output, index, label);
    }
  }
}

/** result[k] = values[source[k]]. */
export function gather(values: Float64Array, source: Int32Array): Float64Array {
  const gathered = new Float64Array(source.length);
  for (let k = 0; k < source.length; k++) gathered[k] = values[source[k]!]!;
  return gathered;
}

/** result[k] is the largest value whose source is k; NaN where one of them is. */
function scatterLargest(values: Float64Array, source: Int32Array): Float64Array {
  const largest = new Float64Array(values.length);
  for (let k = 0; k < source.length; k++) largest[source[k]!] = Math.max(largest[source[k]!]!, values[k]!);
  return largest;
}

/** For every element of [tokens, n, n] where it comes from; `entry(token, i, j)` names the row and column within the token. */
export function sources(tokens: number, n: number, entry: (token: number, i: number, j: number) => readonly [number, number]): Int32Array {
  const source = new Int32Array(tokens * n * n);
  for (let index = 0; index < source.length; index++) {
    const token = Math.floor(index / (n * n));
    const [i, j] = entry(token, Math.floor(index / n) % n, index % n);
    source[index] = token * n * n + i * n + j;
  }
  return source;
}

/** Whether values survived the rounding to a port's dtype, token by token. */
export function exactTokens(wanted: Float64Array, rounded: Float64Array, tokens: number): boolean[] {
  const per = tokens === 0 ? 0 : wanted.length / tokens;
  return Array.from({ length: tokens }, (_, token) => {
    for (let index = token * per; index < (token + 1) * per; index++) if (wanted[index] !== rounded[index]) return false;
    return true;
  });
}
