/** One failing claim in full, for a page: found, allowed and why, the window around the failing element, the inputs, how the sums converge, and how to see it again. */
import type { Convergence } from '../../verify/convergence.ts';
import type { Counterexample, PropertyResult } from '../../verify/results.ts';
import { inlineSvg, type Series } from '../compare/svg.ts';
import { describeMatters, describeOutcome, describeReplays, describeSpread, formatTerms, oneLine, plain } from '../failure.ts';
import { count, counted, figure } from '../figures.ts';
import { html, type Markup } from './markup.ts';
import { block, facts, figureOf } from './page.ts';

/** `id` is unique in the page. */
export function failureArticle(result: PropertyResult, id: string): Markup {
  const { counterexample, property, target, claim, explanation, reason } = result;
  const head = html`<h3 id="${id}"><span class="bad">✗ failed</span> ${property} on ${target}</h3>\n<p>${claim} <span class="faint">(${result.class})</span></p>`;
  if (counterexample === undefined) return html`<article class="failed" aria-labelledby="${id}">${head}${facts([['reason', plain(reason ?? 'none given')]])}</article>\n`;
  const { window, typed, replay, file, convergence } = counterexample;
  const matters = counterexample.matters && describeMatters(counterexample.matters);
  const where = `${oneLine(property)} on ${oneLine(target)}`;
  return html`<article class="failed" aria-labelledby="${id}">
${head}
${explanation === undefined ? undefined : html`<p><strong>The kernel ${plain(explanation)}.</strong></p>`}
${(result.notes ?? []).map((text) => html`<p class="warn">– ${plain(text)}</p>`)}
${facts([['found', describeOutcome(counterexample)], ...comparison(counterexample), ['smallest case', caseOf(counterexample)], ...(matters === undefined ? [] : [['what matters', plain(matters)] as const]), ...repetition(counterexample), ['file', html`<code>${file}</code>`]])}
${window === '' ? undefined : html`<p>Output around the failing element, and what was expected there:</p>\n${block(plain(window), `output of ${where}`)}`}
${typed === '' ? undefined : html`<p>Inputs of the smallest case:</p>\n${block(plain(typed), `inputs of ${where}`, true)}`}
${convergence === undefined ? undefined : convergenceFigure(convergence, `${id}-convergence`)}
<p>To see it again:</p>
${block(replay, `replay command of ${where}`, true)}
</article>
`;
}

function comparison({ worst, terms }: Counterexample): (readonly [string, string | Markup])[] {
  if (worst === undefined) return [];
  const where = worst.index >= 0 ? `${worst.output}[${count(worst.index)}] of token ${worst.token}` : `${worst.output}, token ${worst.token}`;
  return [
    ['measured', html`<strong class="bad">${figure(worst.measured)}</strong> ${plain(worst.what)} (${where})`],
    ['bound', html`${figure(worst.bound)}${terms.length === 0 ? undefined : ` = ${formatTerms(terms)}`}`],
    ['margin', html`<strong class="bad">${figure(worst.margin)}</strong> times what the declared arithmetic allows`],
  ];
}

/** Nothing for a failure that comes every time with the same bits. */
function repetition({ reproduction }: Counterexample): (readonly [string, string | Markup])[] {
  if (reproduction === undefined) return [];
  return [
    ...(reproduction.failed < reproduction.replays ? [['replays', html`<strong class="warn">${describeReplays(reproduction)}</strong>`] as const] : []),
    ...(reproduction.spread === undefined ? [] : [['run to run', describeSpread(reproduction.spread)] as const]),
  ];
}

function caseOf({ problems, kernelCalls, shrinkingStopped }: Counterexample): string {
  return `${counted(problems, 'problem')}, shrunk in ${counted(kernelCalls, 'kernel call')}${shrinkingStopped === undefined ? '' : ` and stopped: ${oneLine(shrinkingStopped)}`}`;
}

/** Deviations of exactly 0 have no logarithm and leave a gap. */
function convergenceFigure({ reference, kernel }: Convergence, id: string): Markup {
  const points = (of: 'rows' | 'columns'): Series['points'] => reference.map((sums, k) => [k + 1, sums[of]]);
  const level = (of: 'rows' | 'columns'): Series[] => (kernel === undefined ? [] : [{ name: `kernel, ${of}`, points: [[1, kernel[of]], [Math.max(2, reference.length), kernel[of]]] }]);
  const series: Series[] = [{ name: 'reference, rows', points: points('rows') }, { name: 'reference, columns', points: points('columns') }, ...level('rows'), ...level('columns')];
  const chart = { title: 'Sums against iterations', xLabel: 'iterations', yLabel: 'largest |sum − 1|', yLog: true, series };
  return figureOf(inlineSvg(chart, id), 'How far the sums of rows and columns are from 1 on these inputs: the f64 reference of the declared dialect after each iteration, and what the kernel returned.');
}
