/** One failing property in full: what was claimed, what was found, what was allowed and why, the smallest case, and how to see it again. */
import { stripVTControlCharacters } from 'node:util';

import type { Term } from '../operations/operation.ts';
import type { Matters } from '../verify/matters.ts';
import type { Reproduction, Spread } from '../verify/repeat.ts';
import type { Counterexample, PropertyResult } from '../verify/results.ts';
import { count, counted, figure } from './figures.ts';
import type { Style } from './style.ts';

const mostTerms = 6;

/** Lines without a trailing newline. A pure function of the result, so that every reporter shows the same. */
export function formatFailure(result: PropertyResult, style: Style): string {
  const { counterexample } = result;
  const lines = [`${style.red('✗')} ${style.bold(result.property)} on ${style.bold(result.target)}`, field('claim', `${result.claim} (${result.class})`, style)];
  if (counterexample === undefined) {
    lines.push(field('reason', plain(result.reason ?? 'none given'), style));
    return lines.join('\n');
  }
  lines.push(field('found', describeOutcome(counterexample), style));
  lines.push(...comparison(counterexample, style));
  const { reproduction } = counterexample;
  if (reproduction !== undefined && reproduction.failed < reproduction.replays) lines.push(field('replays', describeReplays(reproduction), style));
  if (reproduction?.spread !== undefined) lines.push(field('spread', describeSpread(reproduction.spread), style));
  if (result.explanation !== undefined) lines.push(field('kernel', plain(result.explanation), style));
  for (const text of result.notes ?? []) lines.push(field('note', style.yellow(plain(text)), style));
  if (counterexample.window !== '') lines.push('', indented(plain(counterexample.window), 2));
  lines.push('', field('case', `${counted(counterexample.problems, 'problem')}, shrunk in ${counted(counterexample.kernelCalls, 'kernel call')}${stoppedBecause(counterexample)}`, style));
  const matters = counterexample.matters && describeMatters(counterexample.matters);
  if (counterexample.typed !== '') lines.push(indented(plain(counterexample.typed), 4));
  if (matters !== undefined) lines.push(field('matters', plain(matters), style));
  lines.push('', field('replay', style.cyan(counterexample.replay), style));
  return lines.join('\n');
}

/** The numbers of a failure in one line: `measured 3.1e-4 > bound 1.2e-7, margin 2600`; its outcome where nothing was measured. */
export function summariseFailure(result: PropertyResult): string {
  const worst = result.counterexample?.worst;
  const outcome = result.counterexample?.outcome;
  if (worst !== undefined && outcome === 'wrong-values') return `measured ${figure(worst.measured)}, bound ${figure(worst.bound)}, margin ${figure(worst.margin)}${flakiness(result.counterexample!)}`;
  const message = oneLine(result.counterexample?.message ?? result.reason ?? '');
  return outcome === undefined ? message : `${outcome}${message === '' ? '' : `: ${message}`}${flakiness(result.counterexample!)}`;
}

/** `failed in 3 of 20 replays; 95 % interval 3.2 % to 37.9 %` */
export function describeReplays({ replays, failed, interval: [low, high] }: Reproduction): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return `${failed === 0 ? `did not fail again in ${replays} replays` : `failed in ${failed} of ${replays} replays`}; 95 % interval ${percent(low)} to ${percent(high)}`;
}

/** `of logits only [1, 2] of 16 are needed; streams can hold anything that was tried; the smallest n that failed is 2 (1 held)`; undefined where nothing was found out. */
export function describeMatters({ free, needed, elements = [], sizes, first }: Matters): string | undefined {
  const parts = [
    ...needed.map((input) => {
      const own = elements.find((one) => one.input === input);
      return own === undefined || own.needed.length === 0 ? `${input} is needed as a whole` : own.needed.length === own.of ? `all of ${input} is needed` : `of ${input} only [${own.needed.join(', ')}] of ${count(own.of)} ${own.needed.length === 1 ? 'is' : 'are'} needed`;
    }),
    ...(free.length === 0 ? [] : [`${free.join(', ')} can hold anything that was tried`]),
    ...sizes.filter(({ smallest, held }) => smallest > 1 || held.length > 0).map(({ size, smallest, held }) => `the smallest ${size === 'streams' ? 'n' : 'depth'} that failed is ${smallest}${held.length === 0 ? '' : ` (${held.join(', ')} held)`}`),
    ...(first === undefined ? [] : [`${first.output} is the first output off${first.after.length === 0 ? '' : `, ${first.after.join(', ')} ${first.after.length === 1 ? 'is' : 'are'} right`}`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Answers to the same inputs, against what rounding explains. */
export function describeSpread({ calls, output, index, difference, bound, margin }: Spread): string {
  const most = `answers of ${calls} calls with the same inputs differ by up to ${figure(difference)} (${output}[${count(index)}]), ${figure(margin)} times the ${figure(bound)} that another order of additions can change`;
  return margin > 1 ? `${most}: more than rounding changes from call to call` : most;
}

/** The same in few words, for a line: nothing for a failure that comes every time with the same bits. */
function flakiness({ reproduction }: Counterexample): string {
  if (reproduction === undefined) return '';
  const { failed, replays, spread } = reproduction;
  const again = failed < replays ? `, failed in ${failed} of ${replays} replays` : '';
  return spread === undefined ? again : `${again}, differs from call to call by ${figure(spread.margin)} times the reassociation bound`;
}

/** The first line of a text, without terminal control sequences and not too long. */
export function oneLine(text: string): string {
  const first = plain(text).split('\n', 1)[0]!.trim();
  return first.length > 200 ? `${first.slice(0, 199)}…` : first;
}

function comparison({ worst, terms }: Counterexample, style: Style): string[] {
  if (worst === undefined) return [];
  const where = worst.index >= 0 ? `${worst.output}[${count(worst.index)}] of token ${worst.token}` : `${worst.output}, token ${worst.token}`;
  const lines = [
    field('measured', `${style.red(figure(worst.measured))}  ${plain(worst.what)}  (${where})`, style),
    field('bound', `${figure(worst.bound)}  margin ${style.red(figure(worst.margin))}`, style),
  ];
  if (terms.length > 0) {
    lines.push(field('', `= ${formatTerms(terms)}`, style));
  }
  return lines;
}

/** The message of a comparison only repeats what was compared. */
export function describeOutcome({ outcome, message, worst }: Counterexample): string {
  return message === '' || message === worst?.what ? outcome : `${outcome}: ${plain(message)}`;
}

function stoppedBecause({ shrinkingStopped }: Counterexample): string {
  return shrinkingStopped === undefined ? '' : ` and stopped: ${oneLine(shrinkingStopped)}`;
}

/** The terms that make the bound; those below a thousandth of the largest are only counted. */
export function formatTerms(terms: readonly Term[]): string {
  const largest = Math.max(...terms.map(({ value }) => value));
  const shown = terms.filter(({ value }) => !(value < largest / 1000)).slice(0, mostTerms);
  const rest = terms.length - shown.length;
  return `${shown.map(({ name, value }) => `${figure(value)} ${name}`).join(' + ')}${rest > 0 ? ` + ${rest} smaller` : ''}`;
}

function field(name: string, text: string, style: Style): string {
  const [first, ...rest] = text.split('\n');
  return [`  ${style.dim(name.padEnd(9))} ${first}`, ...rest.map((line) => `${' '.repeat(12)}${line}`)].join('\n').trimEnd();
}

function indented(text: string, by: number): string {
  return text.split('\n').map((line) => `${' '.repeat(by)}${line}`.trimEnd()).join('\n');
}

/** Messages come from kernels: what they print must not steer the terminal. Tabs and line ends stay. */
export function plain(text: string): string {
  const isText = (character: string): boolean => (character >= ' ' && character !== '\u007f') || character === '\n' || character === '\t';
  return Array.from(stripVTControlCharacters(text)).filter(isText).join('');
}
