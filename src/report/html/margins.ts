/** How much of the bounds was used: a strip for one claim, and how many claims there are in each decade. */
import type { MarginQuantiles, PropertyResult } from '../../verify/results.ts';
import { counted, figure, hasMargin } from '../figures.ts';
import { html, type Markup } from './markup.ts';

/** Powers of ten that are drawn; what lies outside is drawn at the end. */
const decades = { from: -4, to: 2 } as const;
const width = 120;

/** Where a margin lies, from 0 to the width. NaN is no margin and lies at the far end. */
function placeOf(margin: number): number {
  if (!(margin <= 10 ** decades.to)) return width;
  const at = (Math.log10(Math.max(margin, 10 ** decades.from)) - decades.from) / (decades.to - decades.from);
  return Math.round(at * width * 10) / 10;
}

/** Half of the problems lie left of the thick line's start, nine of ten left of its end; the mark is the largest; the upright line is the bound. */
export function strip({ margin, margins }: Pick<PropertyResult, 'margin' | 'margins'>): Markup {
  const [bound, worst] = [placeOf(1), placeOf(margin)];
  const colour = margin <= 1 ? 'var(--good)' : 'var(--bad)';
  const inner = margins === undefined ? undefined : html`<line x1="${placeOf(margins.p50)}" x2="${placeOf(margins.max)}" y1="7" y2="7" stroke="${colour}" stroke-width="2"/><line x1="${placeOf(margins.p50)}" x2="${placeOf(margins.p90)}" y1="7" y2="7" stroke="${colour}" stroke-width="6"/>`;
  return html`<svg class="strip" viewBox="0 0 ${width} 14" role="img"><title>${toldOf(margin, margins)}</title><line x1="0" x2="${width}" y1="7" y2="7" stroke="var(--line)"/><line x1="${bound}" x2="${bound}" y1="0" y2="14" stroke="currentColor"/>${inner}<circle cx="${Math.max(4, Math.min(worst, width - 4))}" cy="7" r="3.5" fill="${colour}"/></svg>`;
}

function toldOf(margin: number, margins: MarginQuantiles | undefined): string {
  const rest = margins === undefined ? '' : `; ${counted(margins.tokens, 'problem')} of fixed cases: median ${figure(margins.p50)}, nine of ten below ${figure(margins.p90)}, 99 of 100 below ${figure(margins.p99)}`;
  return `largest margin ${figure(margin)}${rest}`;
}

/** Claims by the decade of their largest margin, as bars with their numbers; nothing without any. */
export function histogram(results: readonly PropertyResult[], id: string, title: string): Markup | undefined {
  const margins = results.filter(hasMargin).map(({ margin }) => margin);
  if (margins.length === 0) return undefined;
  const bins = Array.from({ length: decades.to - decades.from + 2 }, (_, k) => ({ label: labelOf(k), count: 0, over: k > -decades.from }));
  for (const margin of margins) bins[binOf(margin)]!.count++;
  const most = Math.max(...bins.map(({ count }) => count));
  const step = 62;
  const bars = bins.map(({ label, count, over }, k) => {
    const height = Math.round((count / most) * 140);
    const x = 20 + k * step;
    return html`<rect x="${x}" y="${170 - height}" width="${step - 8}" height="${height}" fill="${over ? 'var(--bad)' : 'var(--series-0)'}"/><text x="${x + (step - 8) / 2}" y="${162 - height}" text-anchor="middle" fill="currentColor">${count === 0 ? '' : count}</text><text x="${x + (step - 8) / 2}" y="190" text-anchor="middle" fill="currentColor">${label}</text>`;
  });
  const bound = 20 + (1 - decades.from) * step - 4;
  const told = bins.filter(({ count }) => count > 0).map(({ label, count }) => `${label}: ${count}`).join(', ');
  return html`<svg viewBox="0 0 ${20 + bins.length * step} 224" font-family="sans-serif" font-size="15" role="img" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${title}</title><desc id="${id}-text">Claims by largest margin. ${told}</desc><line x1="12" x2="${16 + bins.length * step}" y1="170.5" y2="170.5" stroke="currentColor"/>${bars}<line x1="${bound}" x2="${bound}" y1="6" y2="200" stroke="currentColor" stroke-dasharray="4 3"/><text x="${bound}" y="216" text-anchor="middle" fill="currentColor">the bound</text></svg>`;
}

/** 0 is the first, what is no number the last. */
function binOf(margin: number): number {
  if (!(margin <= 10 ** decades.to)) return decades.to - decades.from + 1;
  return Math.max(0, Math.ceil(Math.log10(Math.max(margin, Number.MIN_VALUE)) - decades.from));
}

function labelOf(k: number): string {
  const power = k + decades.from;
  if (k === 0) return `≤ 1e${power}`;
  return power > decades.to ? `> ${10 ** decades.to}` : `≤ ${10 ** power}`;
}
