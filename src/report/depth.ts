/** Stability over depth for people: what is claimed of the outputs, by setting and design, beside and never among what was only observed; plots; theorems; shares of networks. */
import type { Claim } from '../certify/certificate.ts';
import type { ChainReport, DepthEnd } from '../certify/depth/certify-depth.ts';
import type { DepthMeasure } from '../certify/depth/measures.ts';
import { gainCharts } from './compare/gains.ts';
import { renderSvg, type Chart } from './compare/svg.ts';
import { alignedTable, gain } from './compare/text.ts';
import { oneLine } from './failure.ts';
import type { Style } from './style.ts';
import { textPlot } from './text-plot.ts';

export interface DepthHeading {
  /** `1..122`. */
  readonly depths: string;
  readonly deepest: number;
  /** Seed, sizes, distribution, kernels. */
  readonly inputs: string;
}

const columns: readonly (readonly [measure: DepthMeasure, heading: string])[] = [
  ['forward-gain', 'signal ≤'], ['backward-gain', 'gradient ≤'], ['two-norm', 'norm ≤'], ['forward-amax', 'Amax fwd ≤'], ['backward-amax', 'Amax bwd ≤'],
  ['stream-sum', 'sum moves ≤'], ['equal-streams', 'equal move ≤'], ['mean-free-norm', 'mean-free × ≤'], ['second-singular-value', 'σ₂ ≤'], ['gain-reached', 'reached ≥'],
];

const legend = [
  'signal, gradient: largest growth over the streams of any token at any of the depths, ‖∏H‖∞ and ‖∏H‖₁; norm: ‖∏H‖₂; Amax: the same as signal and gradient, averaged over the tokens (mHC §5.4).',
  'sum moves, equal move: how far the sum of the streams, and streams that are equal, drift; mean-free: ‖∏H·(I − J/n)‖₂, what a signal without mean becomes, and σ₂, both at the deepest; reached: a gain that some token really has.',
];

/** Lines without a trailing newline. */
export function formatDepth({ certificate, chains, campaigns }: DepthEnd, heading: DepthHeading, style: Style): string {
  const { claims, notClaimed, digest } = certificate;
  const lines = [`${style.bold(`plumbline certify --depth ${heading.depths}`)} · ${heading.inputs}`, style.dim(`  ${digest}`)];
  const theorems = claims.filter(({ strength }) => strength === 'all-inputs');
  if (theorems.length > 0) lines.push('', style.bold('FOR ALL INPUTS of the stated domain'), ...theorems.flatMap((claim) => sentence(claim, style)), ...about(theorems, style));
  lines.push('', style.bold(`FOR THESE OUTPUTS, and no others: depths ${heading.depths}, every token, ${heading.deepest} layers of each tensor 'setting/design'`));
  for (const of of bySetting(chains)) lines.push(`  ${of[0]!.setting.name}: ${of[0]!.setting.what}`, style.green(alignedTable(claimedTable(of), '    ')));
  lines.push(...legend.map((line) => style.dim(`  ${line}`)));
  if (campaigns.length > 0) {
    lines.push('', style.bold('STATISTICAL, at the stated confidence'));
    for (const { setting, networks, exceeding, largest, draft } of campaigns) {
      const claim = claims.find(({ id }) => id === draft.id);
      if (claim !== undefined) lines.push(...sentence(claim, style), style.dim(`    ${setting}: ${exceeding} of ${networks} networks exceed it; seen, not claimed: a largest gain of ${gain(largest)}`));
    }
    lines.push(...about(claims.filter(({ strength }) => strength === 'statistical'), style));
  }
  lines.push('', style.bold('OBSERVED, not claimed: means over the tokens'));
  for (const of of bySetting(chains)) lines.push(`  ${of[0]!.setting.name}`, alignedTable(observedTable(of), '    '), ...plots(of).map((plot) => plot.replaceAll(/^/gm, '  ')));
  lines.push(style.dim('  Amax gain forward / backward by depth; then at the deepest the least absolute row / column sum, which the largest ones hide, and ‖gradient at the first layer‖/‖at the last‖ for a normal one.'));
  lines.push('', style.bold('NOT CLAIMED'), ...notClaimed.map((one) => `  ${style.yellow(oneLine(one))}`));
  return lines.join('\n');
}

function sentence({ id, plain, bound, method }: Claim, style: Style): string[] {
  return [`  ${style.green(oneLine(`${id.split('/').at(-2)}: ${plain}`))}`, style.dim(`    ≤ ${bound.decimal} (${bound.hex}, rounded ${bound.rounded}; ${method})`)];
}

function about(claims: readonly Claim[], style: Style): string[] {
  const domains = [...new Set(claims.map(({ domain }) => domain))].map((domain) => `  about ${oneLine(domain)}`);
  const assumed = [...new Set(claims.flatMap(({ assumptions }) => assumptions))].map((assumption) => `  assumes ${oneLine(assumption)}`);
  return [...domains, ...assumed].map((line) => style.dim(line));
}

function bySetting(chains: readonly ChainReport[]): ChainReport[][] {
  return [...new Set(chains.map(({ setting }) => setting))].map((setting) => chains.filter((chain) => chain.setting === setting));
}

function claimedTable(chains: readonly ChainReport[]): string[][] {
  const cell = ({ claims }: ChainReport, measure: DepthMeasure): string => {
    const claim = claims.find(({ method }) => method === `depth-${measure}`);
    return claim === undefined ? '–' : threeDigits(Number(claim.bound.decimal), claim.bound.rounded);
  };
  return [['', ...columns.map(([, heading]) => heading)], ...chains.map((chain) => [chain.design, ...columns.map(([measure]) => cell(chain, measure))])];
}

function observedTable(chains: readonly ChainReport[]): string[][] {
  const depths = chains[0]!.observed.map(({ depth }) => depth);
  const rows = chains.map(({ design, observed }) => {
    const last = observed.at(-1)?.figures;
    const gains = depths.map((_, k) => (observed[k] === undefined ? '–' : `${gain(observed[k].figures.forward)} / ${gain(observed[k].figures.backward)}`));
    return [design, ...gains, last === undefined ? '–' : `${gain(last.leastRowSum)} / ${gain(last.leastColumnSum)}`, gain(last?.gradientRatio)];
  });
  return [['', ...depths.map((depth) => `depth ${depth}`), 'least sums', 'gradient'], ...rows];
}

function plots(chains: readonly ChainReport[]): string[] {
  const series = (value: (figures: ChainReport['figures'][number]) => number) => chains.map(({ design, figures }) => ({ name: design, points: figures.map((one, k) => [k + 1, value(one)] as const) }));
  return [textPlot('largest gain over depth', series((one) => Math.max(one['forward-gain'], one['backward-gain'])))];
}

/** Three digits, rounded the way of the bound: what is printed never says more than what was proved. Near 1 the digits are those of the distance. */
export function threeDigits(value: number, rounded: 'up' | 'down'): string {
  const off = value - 1; // exact between 1/2 and 2
  if (off !== 0 && Math.abs(off) < 0.005) return off > 0 ? `1 + ${digitsOf(off, rounded)}` : `1 − ${digitsOf(-off, rounded === 'up' ? 'down' : 'up')}`;
  return digitsOf(value, rounded);
}

function digitsOf(value: number, rounded: 'up' | 'down'): string {
  if (value === 0) return '0';
  const [mantissa, exponent] = value.toExponential(2).split('e') as [string, string];
  let hundredths = Math.round(Number(mantissa) * 100);
  const nearest = Number(`${hundredths}e${Number(exponent) - 2}`);
  if (rounded === 'up' ? nearest < value : nearest > value) hundredths += rounded === 'up' ? 1 : -1;
  const moved = Number(`${hundredths}e${Number(exponent) - 2}`);
  return moved >= 1e4 || moved < 1e-3 ? moved.toExponential().replace('e+', 'e') : String(moved);
}

/** Gain, norm and σ₂ against depth for each setting, on a logarithmic axis: worst tokens. Exponential growth is a line that goes up. */
export function depthPlot({ chains }: Pick<DepthEnd, 'chains'>, { inputs }: DepthHeading): string {
  const chart = (of: readonly ChainReport[], title: string, yLabel: string, value: (figures: ChainReport['figures'][number]) => number): Chart => ({
    title: `${title}, ${of[0]!.setting.name}`, xLabel: 'sublayers', yLabel, yLog: true,
    series: of.map(({ design, figures }) => ({ name: design, points: figures.map((one, k) => [k + 1, value(one)] as const) })),
  });
  const charts = bySetting(chains).flatMap((of) => [
    ...gainCharts(chart(of, 'Gain', 'larger of ‖∏H‖∞ and ‖∏H‖₁', (one) => Math.max(one['forward-gain'], one['backward-gain']))),
    ...gainCharts(chart(of, 'Norm', '‖∏H‖₂', (one) => one['two-norm'])),
    chart(of.filter(({ streams }) => streams > 1), 'What is left of all but one direction', 'σ₂(∏H)', (one) => one['second-singular-value']),
  ]);
  return renderSvg(charts, `plumbline certify --depth · ${inputs} · upper bounds, the worst of all tokens`);
}
