/** The dialects of operations side by side: who computes what, where it was read, and what differs from the paper. */
import type { Operation } from '../operations/operation.ts';
import type { Style } from './style.ts';

/** Presets of one dialect. */
export interface DialectRow {
  readonly names: readonly string[];
  readonly dialect: Readonly<Record<string, unknown>>;
  /** By heading. */
  readonly reading: Readonly<Record<string, string>>;
  /** Headings under which the baseline reads differently. */
  readonly differs: readonly string[];
}

/** Operations that have the same dialects. */
export interface DialectTable {
  readonly operations: readonly string[];
  readonly summaries: readonly string[];
  readonly defaultPreset: string;
  /** The preset that the others are compared with. */
  readonly baseline: string;
  readonly headings: readonly string[];
  readonly rows: readonly DialectRow[];
  readonly sources: readonly { readonly name: string; readonly source: string; readonly note?: string | undefined }[];
}

/** One table for all operations with the same presets, in the order of the operations. */
export function dialectTables(operations: readonly Operation[]): DialectTable[] {
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = JSON.stringify([operation.defaultPreset, operation.presets]);
    groups.set(key, [...(groups.get(key) ?? []), operation]);
  }
  return [...groups.values()].map(tableOf);
}

function tableOf(group: readonly Operation[]): DialectTable {
  const [first] = group as readonly [Operation, ...Operation[]];
  const read = (dialect: unknown): Readonly<Record<string, string>> => first.reading?.(dialect) ?? fieldsOf(dialect);
  const baseline = Object.hasOwn(first.presets, 'paper') ? 'paper' : first.defaultPreset;
  const paper = read(first.presets[baseline]);
  const byReading = new Map<string, { names: string[]; dialect: unknown }>();
  for (const [name, dialect] of Object.entries(first.presets)) {
    const key = JSON.stringify(read(dialect));
    const row = byReading.get(key) ?? { names: [], dialect };
    row.names.push(name);
    byReading.set(key, row);
  }
  const rows = [...byReading.values()].map(({ names, dialect }): DialectRow => {
    const reading = read(dialect);
    return { names, dialect: dialect as Record<string, unknown>, reading, differs: Object.keys(reading).filter((heading) => reading[heading] !== paper[heading]) };
  });
  return {
    operations: group.map(({ id }) => id),
    summaries: group.map(({ summary }) => summary),
    defaultPreset: first.defaultPreset,
    baseline,
    headings: [...new Set(rows.flatMap(({ reading }) => Object.keys(reading)))],
    rows,
    sources: Object.entries(first.presetSources ?? {}).map(([name, { source, note }]) => ({ name, source, note })),
  };
}

function fieldsOf(dialect: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(dialect as object).map(([field, value]) => [field, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/** For a terminal: aligned columns; what differs from the baseline is bold, and has a star where there are no colours. */
export function dialectsToText(tables: readonly DialectTable[], style: Style): string {
  const sources = sourcesOf(tables).map(({ names, source, note }) => `  ${names.join(', ')}: ${source}${note === undefined ? '' : ` (${note})`}`);
  return [...tables.map((table) => tableToText(table, style)), ...(sources.length === 0 ? [] : [[style.bold('Read from'), ...sources].join('\n')])].join('\n\n');
}

interface Source {
  readonly names: string[];
  readonly source: string;
  readonly note: string | undefined;
}

/** Where the presets of all tables were read, each place once; of two notes on a preset the first. */
function sourcesOf(tables: readonly DialectTable[]): Source[] {
  const byName = new Map<string, Source>();
  for (const { name, source, note } of tables.flatMap((table) => table.sources)) {
    const known = byName.get(name);
    if (known === undefined || (known.note === undefined && known.source === source)) byName.set(name, { names: [name], source, note });
  }
  const places = new Map<string, Source>();
  for (const [name, { source, note }] of byName) {
    const key = JSON.stringify([source, note]);
    const place = places.get(key);
    if (place === undefined) places.set(key, { names: [name], source, note });
    else place.names.push(name);
  }
  return [...places.values()];
}

function tableToText(table: DialectTable, style: Style): string {
  const title = style.bold(table.operations.join(', '));
  if (table.headings.length === 0) return `${title}\n  one form`;
  const cells = table.rows.map(({ names, reading, differs }) => [
    names.join(', '),
    ...table.headings.map((heading) => `${reading[heading] ?? ''}${differs.includes(heading) ? '*' : ''}`),
  ]);
  const head = ['preset', ...table.headings];
  // names of one dialect may be many: they stand above their row, not in it
  const widths = head.map((heading, column) => (column === 0 ? 0 : Math.max(heading.length, ...cells.map((row) => row[column]!.length))));
  const line = (row: readonly string[]): string => row.slice(1).map((text, k) => text.padEnd(widths[k + 1]!)).join('  ').trimEnd();
  const emphasised = (row: readonly string[]): string =>
    row.slice(1).map((text, k) => (text.endsWith('*') ? style.cyan(text.padEnd(widths[k + 1]!)) : text.padEnd(widths[k + 1]!))).join('  ').trimEnd();
  const body = cells.flatMap((row) => [`  ${style.bold(row[0]!)}`, `    ${emphasised(row)}`]);
  return [title, `  default ${table.defaultPreset}; * differs from ${table.baseline}`, `    ${style.dim(line(head))}`, ...body].join('\n');
}

const introduction = `# Dialects in use

Kernels for manifold-constrained hyper-connections compute different functions under one name. Each table shows the presets that plumbline knows for some
operations; a kernel declares one of them, or the fields that differ from one. What differs from the paper is **bold**. H is the matrix that Sinkhorn returns; the
*effective* H is the one that multiplies the streams: H itself (H·x) or its transpose (Hᵀ·x). s is the sum of a line. "Exact" means exact up to epsilon and rounding, at any number
of iterations; the other side is as exact as the iterations have converged.

This page is written by \`npm run docs:dialects\` from the presets themselves; \`plumbline dialects\` prints it for a terminal.
`;

/** A page of Markdown. */
export function dialectsToMarkdown(tables: readonly DialectTable[]): string {
  const sources = sourcesOf(tables).map(({ names, source, note }) => `- ${quoted(names)}: ${source}${note === undefined ? '' : `; ${note}`}`);
  const read = sources.length === 0 ? [] : [`## Read from\n\n${sources.join('\n')}`];
  return `${[introduction.trimEnd(), ...tables.map(tableToMarkdown), ...read].join('\n\n')}\n`;
}

function tableToMarkdown(table: DialectTable): string {
  const title = `## ${quoted(table.operations)}`;
  const summaries = table.summaries.join(' ');
  if (table.headings.length === 0) return `${title}\n\n${summaries} One form, no dialects.`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = table.rows.map(({ names, reading, differs }) =>
    line([
      quoted(names),
      ...table.headings.map((heading) => {
        const text = escaped(reading[heading] ?? '–');
        return differs.includes(heading) ? `**${text}**` : text;
      }),
    ]),
  );
  return [
    title,
    '',
    `${summaries} The default is \`${table.defaultPreset}\`; differences are those to \`${table.baseline}\`.`,
    '',
    line(['preset', ...table.headings]),
    line(['---', ...table.headings.map(() => '---')]),
    ...rows,
  ].join('\n');
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

/** A pipe would end the cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
