/** The pages of `plumbline compare`: the same tables and charts as its other forms. */
import type { CompareReport } from '../../compare/compare.ts';
import type { TrainingReport } from '../../compare/train/campaign.ts';
import { version } from '../../verify/version.ts';
import { definitions, compareCharts, gainSections, inputsOf } from '../compare/gains.ts';
import { inlineSvg, type Chart } from '../compare/svg.ts';
import type { Table } from '../compare/text.ts';
import { trainingCharts, trainingHead, trainingNotes, trainingTable } from '../compare/training.ts';
import { plain } from '../failure.ts';
import { html, Markup } from './markup.ts';
import { block, renderPage, table, type Section } from './page.ts';

/** Gains of designs over depth. */
export function comparePage(report: CompareReport, command: string): string {
  return renderPage({
    title: 'plumbline compare: designs over depth',
    plumbline: version,
    summary: html`${block(`$ ${plain(command)}`, 'command that was run', true)}\n<p>${inputsOf(report)}</p>`,
    sections: [charts(compareCharts(report)), { id: 'tables', heading: 'Tables', body: html`${gainSections(report).map(([heading, rows]) => tableOf(heading, rows))}` }, notes(definitions)],
  });
}

/** What came out of training them. */
export function trainingPage(report: TrainingReport, command: string): string {
  return renderPage({
    title: 'plumbline compare: designs in training',
    plumbline: version,
    summary: html`${block(`$ ${plain(command)}`, 'command that was run', true)}\n<p>${trainingHead(report)}</p>`,
    sections: [{ id: 'tables', heading: 'Table', body: tableOf('Designs, trained at an equal budget', trainingTable(report)) }, charts(trainingCharts(report)), notes(trainingNotes)],
  });
}

function charts(all: readonly Chart[]): Section {
  return { id: 'charts', heading: 'Charts', body: html`<div class="charts">\n${all.map((chart, k) => html`<figure>${new Markup(inlineSvg(chart, `chart-${k}`))}</figure>\n`)}</div>` };
}

function notes(lines: readonly string[]): Section {
  return { id: 'words', heading: 'What the columns are', body: html`<ul class="plain">\n${lines.map((line) => html`<li>${line}</li>\n`)}</ul>` };
}

function tableOf(caption: string, [header, ...rows]: Table): Markup {
  return table(caption, header!.map((heading, k) => ({ heading: heading === '' ? 'design' : heading, number: k > 0 })), rows);
}
