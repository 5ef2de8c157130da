/** The page of a run of `plumbline verify`. */
import type { PropertyResult, Report, ResultStatus, TargetReport } from '../../verify/results.ts';
import { oneLine, plain } from '../failure.ts';
import { count, counted, duration, figure, hasMargin, isMarginal } from '../figures.ts';
import type { ReporterContext } from '../reporter.ts';
import { explainExit } from '../summary.ts';
import { createWritten } from '../written.ts';
import { failureArticle } from './failure.ts';
import { histogram, strip } from './margins.ts';
import { html, type Markup } from './markup.ts';
import { block, facts, figureOf, renderPage, table, type Section } from './page.ts';

/** Failures that are shown in full; a page of thousands is read by nobody. */
const mostFailures = 200;

export const createHtmlReporter = createWritten({ what: 'HTML report', defaultFile: '.plumbline/report.html', format: (report, { command }: ReporterContext) => verifyPage(report, command) });

/** The page; `command` is what was typed. */
export function verifyPage(report: Report, command?: string): string {
  const failures = report.results.filter(({ status }) => status === 'failed');
  return renderPage({
    title: `plumbline verify: ${headline(report)}`,
    summary: summaryOf(report, command),
    plumbline: report.plumbline,
    sections: [
      { id: 'verdicts', heading: 'Verdicts', body: verdicts(report) },
      { id: 'failures', heading: failures.length === 1 ? 'The failure' : `The ${count(failures.length)} failures`, body: failuresOf(failures) },
      ...report.targets.map((target, k) => targetSection(target, k, report.results.filter((result) => result.target === target.name))),
      { id: 'words', heading: 'How to read this', body: words },
    ],
  });
}

const described: Readonly<Record<ResultStatus, readonly [mark: string, tone: string]>> = {
  passed: ['✓', 'good'], failed: ['✗', 'bad'], errored: ['✗', 'bad'], incomplete: ['–', 'warn'], skipped: ['–', 'warn'], unsupported: ['–', 'faint'],
};

function headline({ totals, results }: Report): string {
  const planned = results.length - totals.unsupported;
  if (planned === 0) return 'nothing ran';
  if (totals.failed > 0) return `${count(totals.failed)} of ${counted(planned, 'claim')} failed`;
  if (totals.passed === planned) return `${counted(planned, 'claim')} held`;
  return `${count(totals.passed)} of ${counted(planned, 'claim')} held, the others were not decided`;
}

function summaryOf(report: Report, command: string | undefined): Markup {
  const why = explainExit(report);
  const problems = report.results.reduce((sum, result) => sum + result.problems, 0);
  const environment = Object.entries(report.environment).map(([name, value]) => `${name} ${value}`).join(' · ');
  return html`${command === undefined ? undefined : block(`$ ${plain(command)}`, 'command that was run', true)}
${why === undefined ? undefined : html`<p class="verdict warn">– ${why}</p>`}
${facts([
    ['seed', String(report.seed)], ['effort', report.effort], ['problems', `${count(problems)} in ${duration(report.durationMs)}`],
    ['exit code', String(report.exitCode)], ['ran on', environment],
  ])}`;
}

function verdicts({ targets, results, explanations = [] }: Report): Markup {
  const rows = targets.map(({ name, status }, k) => {
    const own = results.filter((result) => result.target === name);
    const having = (...statuses: ResultStatus[]): string => count(own.filter((result) => statuses.includes(result.status)).length);
    if (status === 'unavailable') return [html`<a href="#target-${k}">${name}</a>`, html`<span class="warn">– unavailable</span>`, '', '', '', ''];
    const failed = own.filter((result) => result.status === 'failed').length;
    const undecided = own.filter((result) => ['errored', 'incomplete', 'skipped'].includes(result.status)).length;
    const verdict = failed > 0 ? html`<span class="bad">✗ failed</span>` : undecided > 0 || own.length === 0 ? html`<span class="warn">– not decided</span>` : html`<span class="good">✓ held</span>`;
    const largest = own.filter((result) => result.status === 'passed' && hasMargin(result)).reduce((most, { margin }) => Math.max(most, margin), -1);
    return [html`<a href="#target-${k}">${name}</a>`, verdict, having('passed'), String(failed), String(undecided), largest < 0 ? '' : figure(largest)];
  });
  const columns = [
    { heading: 'target' }, { heading: 'verdict' }, { heading: 'held', number: true, label: 'held' }, { heading: 'failed', number: true, label: 'failed' },
    { heading: 'not decided', number: true, label: 'not decided' }, { heading: 'largest margin that held', number: true, label: 'largest margin that held' },
  ];
  const why = explanations.map(({ target, operation, sentence }) => html`<li>The ${operation} of ${target} ${plain(sentence)}.</li>\n`);
  return html`${table('Claims by target', columns, rows, true)}${why.length === 0 ? undefined : html`<ul class="plain">${why}</ul>`}`;
}

function failuresOf(failures: readonly PropertyResult[]): Markup {
  const more = failures.length - mostFailures;
  return html`${failures.slice(0, mostFailures).map((result, k) => failureArticle(result, `failure-${k}`))}${more > 0 ? html`<p class="warn">${counted(more, 'more failure')}: the tables below name them, and the JSON report has them in full.</p>` : undefined}`;
}

function targetSection(target: TargetReport, k: number, results: readonly PropertyResult[]): Section {
  const asked = results.filter(({ status }) => status !== 'unsupported');
  const other = results.length - asked.length;
  const about = Object.entries(target.about ?? {}).map(([name, value]) => `${name} ${value}`).join(' · ');
  const chart = histogram(asked, `margins-${k}`, `Largest margins of the claims of ${oneLine(target.name)}`);
  const body = target.status === 'unavailable'
    ? html`<p class="warn">– unavailable: ${target.reason ?? 'no reason given'}</p>${target.remedy === undefined ? undefined : html`<p>${target.remedy}</p>`}`
    : html`<p class="faint">${target.description}${about === '' ? undefined : html`<br>${about.slice(0, 1000)}`}</p>
${(target.notes ?? []).map((text) => html`<p class="warn">– ${plain(text)}</p>`)}
${chart === undefined ? undefined : figureOf(chart.text, 'Claims by their largest margin, measured error / bound. Right of the bound the kernel leaves its declaration.')}
${asked.length === 0 ? undefined : table(`Claims of ${oneLine(target.name)}`, claimColumns, asked.map(claimRow), true)}
${other === 0 ? undefined : html`<p class="faint">${counted(other, 'claim')} not about these kernels.</p>`}`;
  return { id: `target-${k}`, heading: target.name, body };
}

const claimColumns = [
  { heading: 'claim' }, { heading: 'verdict' }, { heading: 'operation' }, { heading: 'margin', label: 'margin' },
  { heading: 'error', number: true, label: 'error' }, { heading: 'cases', number: true, label: 'cases' }, { heading: 'problems', number: true, label: 'problems' },
];

function claimRow(result: PropertyResult): (string | Markup)[] {
  const { property, claim, operation, status, margin, worst, cases, problems, reason, fault } = result;
  const [mark, tone] = isMarginal(result) ? ['✓', 'warn'] : described[status];
  const why = status === 'passed' || status === 'failed' ? '' : oneLine(reason ?? '');
  return [
    html`${property}<span class="claim">${claim}</span>`,
    html`<span class="${tone}">${mark} ${isMarginal(result) ? 'held, marginal' : status === 'passed' ? 'held' : status}</span>${why === '' ? undefined : html`<span class="claim">${why}</span>`}${fault === undefined ? undefined : html`<details><summary>stack</summary>${block(plain(fault), `stack of ${oneLine(property)} on ${oneLine(result.target)}`, true)}</details>`}`,
    operation,
    hasMargin(result) ? html`<span class="margin">${figure(margin)}${strip(result)}</span>` : '',
    worst === undefined ? '' : figure(Math.abs(worst.measured)),
    cases === 0 ? '' : count(cases),
    cases === 0 ? '' : count(problems),
  ];
}

const words = html`<p><strong>Margin</strong> is measured error divided by bound. The bound is derived from the arithmetic that the kernel declares; nobody chose a tolerance. A margin above 1 is a proof that the kernel leaves its declaration, and
not an opinion. A claim that holds with more than half of its bound is called marginal: it holds.</p>
<p>In a strip, the scale is logarithmic from 1e-4 to 100 and the upright line is the bound. The thick part goes from the median to the 90th percentile over the problems of the fixed cases, the thin part to their largest, and the
dot is the largest margin of all cases.</p>
<p><strong>Bitwise</strong> claims compare bits, <strong>exact</strong> ones hold at any number of iterations up to rounding, <strong>limit</strong> ones hold for the exact projection, with the convergence theorem in the bound. "Doubly stochastic" is
a statement about convergence: after a number of iterations one side is normalised to rounding, and the other is off by an amount that depends on the logits.</p>`;
