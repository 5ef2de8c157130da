/** The comparison of designs as tables, as Markdown, and as a plot. */
import type { CompareReport } from '../../compare/compare.ts';
import type { ChainFigures } from '../../compare/measure.ts';
import { renderSvg, type Chart } from './svg.ts';
import { alignedTable, gain, markdownTable, type Table } from './text.ts';

/** What the columns are; the footnote of both forms. */
export const definitions: readonly string[] = [
  'Amax gain (mHC paper §5.4), forward / backward: largest absolute row / column sum of a matrix, averaged over the tokens of a sequence. No unit.',
  'composite: the product of all sublayers; single: of one sublayer, averaged. The gain is a maximum and hides attenuation: see the least sums.',
  'least sums: the smallest absolute row / column sum of the composite. gradient: ‖gradient at the first streams‖ / ‖at the last‖, for a normal gradient.',
  'σ₂: ‖composite − J/n‖₂, what is left of differences between streams (an upper enclosure). mean leak: largest |column sum − 1| of the composite.',
];

type Section = readonly [heading: string, table: Table];

/** All tables of a comparison, with what each shows. */
export function gainSections(report: CompareReport): Section[] {
  const sections: Section[] = [];
  for (const { name, what, designs } of report.settings) {
    const gains: Table = [
      ['composite gain', ...report.depths.map((depth) => `${depth}`)],
      ...designs.map(({ design, figures }) => [design, ...figures.map(({ forward, backward }) => `${gain(forward)} / ${gain(backward)}`)]),
    ];
    sections.push([`${name}: ${what}. Composite gain forward / backward by number of sublayers`, gains]);
    const at = shownDepth(report.depths);
    const rows = designs.map(({ design, figures }) => [design, ...detail(figures.find(({ depth }) => depth === at)!)]);
    sections.push([`${name}, ${at} sublayers`, [['', 'single gain', 'least sums', 'gradient', 'σ₂', 'mean leak'], ...rows]]);
  }
  const gates = [...new Set(report.sweep.map(({ gate }) => gate))];
  if (gates.length > 0) {
    for (const { name } of report.settings) {
      const points = report.sweep.filter(({ setting }) => setting === name);
      const rows = [...new Set(points.map(({ design }) => design))].map((design) => [design, ...points.filter((point) => point.design === design).map(({ forward, backward }) => gain(Math.max(forward, backward)))]);
      sections.push([`${name}: larger composite gain after ${points[0]!.depth} sublayers, by gate α`, [['α', ...gates.map(String)], ...rows]]);
    }
  }
  return sections;
}

/** 60 sublayers, the paper's, where they were asked for; the deepest otherwise. */
function shownDepth(depths: readonly number[]): number {
  return depths.includes(60) ? 60 : depths.at(-1)!;
}

function detail({ singleForward, singleBackward, leastRowSum, leastColumnSum, gradientRatio, meanFree, meanLeak }: ChainFigures): string[] {
  return [`${gain(singleForward)} / ${gain(singleBackward)}`, `${gain(leastRowSum)} / ${gain(leastColumnSum)}`, gain(gradientRatio), gain(meanFree), gain(meanLeak)];
}

/** The inputs of a comparison in one line. */
export function inputsOf({ seed, tokens, streams, gate, spread }: CompareReport): string {
  return `seed ${seed} · ${tokens} tokens · ${streams} streams · gate α ${gate} · projections of spread ${spread}`;
}

export function formatCompare(report: CompareReport): string {
  const blocks = gainSections(report).map(([heading, table]) => `${heading}\n${alignedTable(table)}`);
  return `${[`plumbline compare · ${inputsOf(report)}`, ...blocks, definitions.map((line) => `  ${line}`).join('\n')].join('\n\n')}\n`;
}

export function compareMarkdown(report: CompareReport): string {
  const blocks = gainSections(report).map(([heading, table]) => `**${heading}**\n\n${markdownTable(table)}`);
  return `${['## plumbline compare', inputsOf(report), ...blocks, ...definitions].join('\n\n')}\n`;
}

/** Largest gain that a linear axis shows beside gains near 1. */
const small = 10;

/** A logarithmic chart of gains, and a linear one of those that stay small, where only some do. */
export function gainCharts(whole: Chart): Chart[] {
  const below = whole.series.map((one, mark) => ({ ...one, mark })).filter(({ points }) => points.every(([, value]) => value <= small));
  return below.length > 0 && below.length < whole.series.length ? [whole, { ...whole, title: `The same, designs that stay below ${small}`, yLog: false, series: below }] : [whole];
}

/** Gain over depth, the larger of both directions: one chart per setting, and another of the designs whose gain stays small. */
export function comparePlot(report: CompareReport): string {
  return renderSvg(compareCharts(report), `plumbline compare · ${inputsOf(report)}`);
}

/** Its charts. */
export function compareCharts(report: CompareReport): Chart[] {
  return report.settings.flatMap(({ name, designs }) => {
    const series = designs.map(({ design, figures }) => ({ name: design, points: figures.map(({ depth, forward, backward }) => [depth, Math.max(forward, backward)] as const) }));
    return gainCharts({ title: `Composite gain, ${name} sublayers`, xLabel: 'sublayers', yLabel: 'Amax gain, larger direction', xLog: true, yLog: true, series });
  });
}
