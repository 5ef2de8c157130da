/** Numbers for people: counts, margins, errors and times, the same in every reporter. */
import type { PropertyResult } from '../verify/results.ts';

/** `12,345` */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 case`, `2 cases` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Two or three digits that matter: `0.31`, `2.7e+4`, `1.9e-7`. */
export function figure(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-2 && magnitude < 1e4) return String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}

/** `820 ms`, `12.3 s`, `2 m 5 s` */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}

/** Numbers were compared, so the margin says something; a claim that was not checked, or a kernel that threw, has none. */
export function hasMargin(result: Pick<PropertyResult, 'worst'>): boolean {
  return result.worst !== undefined;
}

/** Held, but more than half of the bound was used. */
export function isMarginal(result: Pick<PropertyResult, 'status' | 'margin'>): boolean {
  return result.status === 'passed' && result.margin >= 0.5;
}

/** A bar of `width` cells that is full at margin 1, in eighths of a cell. */
export function marginBar(margin: number, width = 8): string {
  const full = !(margin <= 1); // NaN and infinity are full
  const eighths = full ? width * 8 : Math.round(Math.max(0, margin) * width * 8);
  const partial = ' ▏▎▍▌▋▊▉'[eighths % 8]!;
  return ('█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? '' : partial)).padEnd(width);
}
