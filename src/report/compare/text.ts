/** Tables for people: aligned columns on a terminal, pipes in Markdown. */

/** Cells by row; the first row is the header, the first column is text. */
export type Table = readonly (readonly string[])[];

export function alignedTable(table: Table, indent = '  '): string {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => indent + row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd()).join('\n');
}

export function markdownTable([header, ...rows]: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header!), line(header!.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** Three digits: 1.06, 632, 3.4e+8. */
export function gain(value: number | null | undefined): string {
  if (value === undefined) return '–';
  if (value === null || !Number.isFinite(value)) return 'not finite';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e4 || (magnitude < 1e-3 && magnitude > 0)) return value.toExponential(1);
  return magnitude >= 10 ? String(Number(value.toPrecision(3))) : value.toFixed(magnitude >= 0.1 || magnitude === 0 ? 2 : 4);
}
