/** What a target was identified as, for people: a sentence and a table per kernel. */
import { formatNumber } from '../identify/naming.ts';
import type { Field, Identification } from '../identify/result.ts';
import { oneLine } from './failure.ts';
import { counted, figure } from './figures.ts';
import type { Style } from './style.ts';

const titles = ['field', 'value', 'status', 'next best', 'seen on, or why not'];

/** Lines without a trailing newline. */
export function formatIdentifications(target: string, found: readonly Identification[], style: Style): string {
  const problems = found.reduce((sum, one) => sum + one.problems, 0);
  return [`${style.bold(target)}  ${style.dim(counted(problems, 'problem'))}`, ...found.map((one) => formatIdentification(one, style))].join('\n\n');
}

function formatIdentification(found: Identification, style: Style): string {
  const paint = found.verdict === 'identified' ? style.green : style.red;
  const lines = [`  ${style.bold(found.operation)}, n = ${found.streams}: ${paint(oneLine(found.sentence))}`];
  if (found.fields.length > 0) lines.push(...table(found.fields, style));
  if (found.nearest !== undefined) {
    const { margin, probe, failing, claims } = found.nearest;
    lines.push(`    off by ${figure(margin)} × its bound on '${probe}'; fails ${failing} of ${counted(claims, 'probe')}`);
  }
  for (const note of found.notes) lines.push(`    ${style.yellow('note')} ${oneLine(note)}`);
  return lines.join('\n');
}

function table(fields: readonly Field[], style: Style): string[] {
  const rows = fields.map((field) => [field.field, valueOf(field), field.status, field.confidence === undefined ? '' : `${figure(field.confidence)} ×`, reasonOf(field)]);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const align = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd();
  return [style.dim(`    ${align(titles)}`), ...rows.map((row, at) => `    ${fields[at]!.status === 'known' ? align(row) : style.yellow(align(row))}`)];
}

function valueOf({ value, alternatives }: Field): string {
  return [value, ...alternatives].map((one) => (typeof one === 'number' ? formatNumber(one) : String(one))).join(' or ');
}

function reasonOf({ evidence, reason, range }: Field): string {
  const between = range !== undefined && range[0] < range[1] ? `${range[0].toPrecision(6)} to ${range[1].toPrecision(6)}` : undefined;
  return [evidence, between, reason].filter((part) => part !== undefined).join('; ');
}
