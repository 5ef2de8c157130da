/** The page of `plumbline bench`: times and verdicts by target, and the samples of each workload in the order in which they were taken. */
import type { BenchReport, WorkloadResult } from '../../perf/results.ts';
import type { TargetReport } from '../../verify/results.ts';
import { benchCharts } from '../bench/plot.ts';
import { benchCells, benchTitles, explainBench, isTimed, leftOut, verdictLines } from '../bench/text.ts';
import { inlineSvg } from '../compare/svg.ts';
import { oneLine, plain } from '../failure.ts';
import { count, counted, duration } from '../figures.ts';
import { createStyle } from '../style.ts';
import { html, Markup } from './markup.ts';
import { block, facts, renderPage, table, type Section } from './page.ts';

const style = createStyle(false);

/** The page; `command` is what was typed. */
export function benchPage(report: BenchReport, command: string): string {
  const { results, targets, against, seed, environment, exitCode, durationMs, plumbline } = report;
  const timed = results.filter(isTimed).length;
  const why = explainBench(exitCode);
  const nobody = results.filter(({ target }) => target === undefined);
  return renderPage({
    title: `plumbline bench: ${counted(timed, 'workload')} timed`,
    plumbline,
    summary: html`${block(`$ ${plain(command)}`, 'command that was run', true)}
${why === undefined ? undefined : html`<p class="verdict warn">– ${why}</p>`}
${facts([['against', against], ['seed', String(seed)], ['time', duration(durationMs)], ['exit code', String(exitCode)], ['ran on', Object.entries(environment).map(([name, value]) => `${name} ${value}`).join(' · ')]])}`,
    sections: [
      ...targets.map((target, k) => targetSection(target, k, results.filter((result) => result.target === target.name))),
      { id: 'nobody', heading: 'Served by no target', body: notTimed(nobody) },
    ],
  });
}

function targetSection(target: TargetReport, k: number, results: readonly WorkloadResult[]): Section {
  if (target.status === 'unavailable') return { id: `target-${k}`, heading: target.name, body: html`<p class="warn">– unavailable: ${target.reason ?? ''} ${target.remedy ?? ''}</p>` };
  const timed = results.filter(isTimed);
  const compared = timed.some(({ comparison }) => comparison !== undefined);
  const columns = [...benchTitles.map((heading, column) => ({ heading, number: column > 0, label: heading })), ...(compared ? [{ heading: 'verdict' }] : [])];
  const rows = timed.map((result) => [...benchCells(result), ...(compared ? [verdictOf(result)] : [])]);
  const body = html`<p class="faint">${target.description}</p>
${rows.length === 0 ? undefined : table(`Workloads of ${oneLine(target.name)}`, columns, rows, true)}
${notTimed(results.filter((result) => !isTimed(result)))}
${timed.map((result, i) => samplesOf(result, `target-${k}-${i}`))}`;
  return { id: `target-${k}`, heading: target.name, body };
}

function verdictOf(result: WorkloadResult): Markup {
  const verdict = result.comparison?.judgement.verdict;
  const [mark, tone] = verdict === 'slower' ? ['✗', 'bad'] : verdict === 'faster' || verdict === 'same' ? ['✓', 'good'] : verdict === undefined ? ['', 'faint'] : ['?', 'warn'];
  return html`<span class="${tone}">${mark}</span> ${verdictLines(result, style).map((line) => line.trim()).join(' ')}`;
}

function notTimed(results: readonly WorkloadResult[]): Markup {
  return results.length === 0 ? html`` : html`<ul class="plain">\n${results.map((result) => html`<li>${leftOut(result, style).trim()}</li>\n`)}</ul>`;
}

function samplesOf(result: WorkloadResult, id: string): Markup {
  const charts = benchCharts(result).map((chart, k) => html`<figure>${new Markup(inlineSvg(chart, `${id}-${k}`))}</figure>\n`);
  return html`<h3>Samples of ${oneLine(result.workload)}</h3>\n<p class="faint">${count(result.times!.samples.length)} in the order in which they were taken.</p>\n<div class="charts">\n${charts}</div>`;
}
