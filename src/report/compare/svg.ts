/**
 * A line chart as one SVG text, without scripts, fonts or colours from elsewhere: axes with ticks at powers of ten or round numbers, direct labels in
 * a legend, and points that say their numbers when pointed at. What cannot be drawn is said: numbers that are not finite leave gaps.
 */
import { printable } from '../html/markup.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Which colour and dash; its place in the chart by default. The same series has the same in every chart. */
  readonly mark?: number;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yLog: boolean;
  readonly xLog?: boolean;
  readonly series: readonly Series[];
}

/** What a chart is drawn with. */
interface Ink {
  readonly grid: string;
  readonly axis: string;
  readonly text: string;
  readonly series: readonly string[];
  /** Names of the series below the chart, so that it is narrow enough for a phone. */
  readonly namesBelow: boolean;
}

/** Distinguishable also without colour vision (Okabe & Ito 2008), with dashes as a second mark. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#7f7f7f'];
const onWhite: Ink = { grid: '#dddddd', axis: '#000000', text: '#000000', series: colours, namesBelow: false };
/** Colours of the page around it, which has a light and a dark one for each. */
const onPage: Ink = { grid: 'var(--line)', axis: 'currentColor', text: 'currentColor', series: colours.map((_, k) => `var(--series-${k})`), namesBelow: true };
const dashes = ['', '6 3', '2 3', '8 3 2 3', '', '6 3', '2 3', ''];

const width = 720;
const height = 400;
const frame = { left: 70, right: 520, top: 44, bottom: 340 };

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly ticks: readonly number[];
}

/** Several charts below one another, in one file. */
export function renderSvg(charts: readonly Chart[], caption: string): string {
  const bodies = charts.map((chart, k) => `<g transform="translate(0 ${k * height})">\n${renderChart(chart)}\n</g>`);
  const total = charts.length * height + 30;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(charts.map(({ title }) => title).join('; '))}</title>`,
    `<rect width="${width}" height="${total}" fill="#ffffff"/>`,
    ...bodies,
    `<text x="${frame.left}" y="${total - 12}" fill="#555555" font-size="11">${escaped(caption)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** A chart to stand in a page that has the colours `--line` and `--series-0` to `--series-7`. Its title and what it shows are told to who cannot see it; `id` is its own in the page. */
export function inlineSvg(chart: Chart, id: string): string {
  const told = chart.series.map(({ name, points }) => `${name}: ${points.length === 0 ? 'nothing' : `${pointText(points[0]!)} to ${pointText(points.at(-1)!)}`}`).join('; ');
  return [
    `<svg viewBox="-14 0 ${frame.right + 42} ${height + 22 * chart.series.length}" font-family="sans-serif" font-size="15" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escaped(chart.title)}</title>`,
    `<desc id="${id}-text">${escaped(`${chart.yLabel} by ${chart.xLabel}. ${told}.`)}</desc>`,
    renderChart(chart, onPage),
    '</svg>',
  ].join('\n');
}

function pointText([x, y]: readonly [number, number]): string {
  return `${y.toPrecision(3)} at ${label(x)}`;
}

function renderChart({ title, xLabel, yLabel, yLog, xLog = false, series }: Chart, ink: Ink = onWhite): string {
  const drawable = (y: number): boolean => Number.isFinite(y) && (!yLog || y > 0);
  const points = series.flatMap((one) => one.points.filter(([, y]) => drawable(y)));
  const xAxis = axisOf(points.map(([x]) => x), xLog);
  const yAxis = axisOf(points.map(([, y]) => y), yLog);
  const x = (value: number): number => frame.left + fraction(xAxis, value) * (frame.right - frame.left);
  const y = (value: number): number => frame.bottom - fraction(yAxis, value) * (frame.bottom - frame.top);
  const grid = [
    ...yAxis.ticks.map((tick) => `<line x1="${frame.left}" x2="${frame.right}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="${ink.grid}"/><text x="${frame.left - 6}" y="${at(y(tick) + 4)}" fill="${ink.text}" text-anchor="end">${label(tick)}</text>`),
    ...xAxis.ticks.map((tick) => `<line x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${frame.bottom}" y2="${frame.bottom + 5}" stroke="${ink.axis}"/><text x="${at(x(tick))}" y="${frame.bottom + 18}" fill="${ink.text}" text-anchor="middle">${label(tick)}</text>`),
  ];
  const lines = series.map((one, k) => renderSeries(one, k, x, y, drawable, ink));
  return [
    `<text x="${frame.left}" y="24" font-size="14" font-weight="bold" fill="${ink.text}">${escaped(title)}</text>`,
    ...grid,
    `<rect x="${frame.left}" y="${frame.top}" width="${frame.right - frame.left}" height="${frame.bottom - frame.top}" fill="none" stroke="${ink.axis}"/>`,
    ...lines,
    `<text x="${(frame.left + frame.right) / 2}" y="${frame.bottom + 38}" fill="${ink.text}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(${ink.namesBelow ? 0 : 18} ${(frame.top + frame.bottom) / 2}) rotate(-90)" fill="${ink.text}" text-anchor="middle">${escaped(yLabel)}</text>`,
  ].join('\n');
}

function renderSeries({ name, points, mark }: Series, k: number, x: (value: number) => number, y: (value: number) => number, drawable: (value: number) => boolean, ink: Ink): string {
  const look = mark ?? k;
  const colour = ink.series[look % ink.series.length]!;
  const stroke = `stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes[look % dashes.length]!}" fill="none"`;
  let pen = 'M';
  let path = '';
  let missing = 0;
  for (const [px, py] of points) {
    if (!drawable(py)) {
      pen = 'M';
      missing++;
      continue;
    }
    path += `${pen}${at(x(px))} ${at(y(py))}`;
    pen = 'L';
  }
  // more than a few dozen points are a line; each is named only where a person could point at it
  const marks = points.length > 40 ? [] : points.filter(([, py]) => drawable(py)).map(([px, py]) => `<circle cx="${at(x(px))}" cy="${at(y(py))}" r="3" fill="${colour}"><title>${escaped(`${name}: ${label(px)}, ${py.toPrecision(4)}`)}</title></circle>`);
  const [left, row] = ink.namesBelow ? [frame.left, frame.bottom + 66 + k * 22] : [frame.right + 14, frame.top + 8 + k * 20];
  const gap = missing > 0 ? ` (${missing} not drawn)` : '';
  return [
    path === '' ? '' : `<path d="${path}" ${stroke}/>`,
    ...marks,
    `<line x1="${left}" x2="${left + 30}" y1="${row}" y2="${row}" ${stroke}/>`,
    `<text x="${left + 36}" y="${row + 4}" fill="${ink.text}">${escaped(name + gap)}</text>`,
  ].join('\n');
}

function axisOf(values: readonly number[], log: boolean): Axis {
  const least = values.reduce((low, value) => Math.min(low, value), Infinity);
  const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
  if (!(least <= most)) return { low: log ? 1 : 0, high: log ? 10 : 1, log, ticks: [] };
  if (log) {
    const [from, to] = [Math.floor(Math.log10(least)), Math.max(Math.ceil(Math.log10(most)), Math.floor(Math.log10(least)) + 1)];
    const step = Math.ceil((to - from) / 10);
    return { low: 10 ** from, high: 10 ** to, log, ticks: Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => 10 ** (from + k * step)) };
  }
  const step = roundStep((most - least || Math.abs(most) || 1) / 6);
  const [from, to] = [Math.floor(least / step), Math.ceil(most / step)];
  const ticks = Array.from({ length: Math.max(to, from + 1) - from + 1 }, (_, k) => (from + k) * step);
  return { low: ticks[0]!, high: ticks.at(-1)!, log, ticks };
}

/** 1, 2 or 5 times a power of ten, at least `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step)!;
}

function fraction({ low, high, log }: Axis, value: number): number {
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** Coordinates to a tenth of a pixel. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A number of an axis. */
function label(value: number): string {
  const magnitude = Math.abs(value);
  if (value !== 0 && (magnitude >= 1e5 || magnitude < 1e-3)) return `1e${Math.round(Math.log10(magnitude))}`;
  return String(Number(value.toPrecision(6)));
}

function escaped(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
