/** A line chart in characters, for terminals and documents: depth to the right, a logarithm upwards, one letter for each series. */
export interface TextSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const columns = 61;
const rows = 11;
const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Lines without a trailing newline: in each column the nearest point of each series. Values that are not above 0 and finite are not drawn; series that meet in a place share a '+'. */
export function textPlot(title: string, series: readonly TextSeries[]): string {
  const drawable = series.flatMap(({ points }) => points).filter(([, y]) => y > 0 && y < Infinity);
  if (drawable.length === 0) return `${title}: nothing to draw`;
  const logs = drawable.map(([, y]) => Math.log10(y));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(Math.ceil(Math.max(...logs)), low + 1);
  const [first, last] = [Math.min(...drawable.map(([x]) => x)), Math.max(...drawable.map(([x]) => x))];
  const grid = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '));
  for (const [k, { points }] of series.entries()) {
    const own = points.filter(([, y]) => y > 0 && y < Infinity);
    for (let column = 0; own.length > 0 && column < columns; column++) {
      const x = first + ((last - first) * column) / (columns - 1);
      const [, y] = own.reduce((near, point) => (Math.abs(point[0] - x) < Math.abs(near[0] - x) ? point : near));
      const line = grid[rows - 1 - Math.round(((Math.log10(y) - low) / (high - low)) * (rows - 1))]!;
      line[column] = line[column] === ' ' ? letters[k]! : '+';
    }
  }
  const label = (row: number): string => (row % 5 === 0 ? `1e${(high - ((high - low) * row) / (rows - 1)).toFixed((high - low) % 2 === 0 || row !== 5 ? 0 : 1)}` : '');
  const width = Math.max(...grid.map((_, row) => label(row).length));
  return [
    `${title}: ${series.map(({ name }, k) => `${letters[k]} ${name}`).join(', ')}`,
    ...grid.map((line, row) => `  ${label(row).padStart(width)} |${line.join('')}`.trimEnd()),
    `  ${' '.repeat(width)} +${'-'.repeat(columns)}`,
    `  ${' '.repeat(width)}  ${String(first).padEnd(columns - String(last).length)}${last}`,
  ].join('\n');
}
