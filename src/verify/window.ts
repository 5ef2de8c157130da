/**
 * The failing window of a tensor: the row of the failing element with a marker under it and the expected row below, and one
 * neighbour row each side. A whole tensor tells a reader nothing; this idea is from gpuweb/cts, check_contents.ts.
 * It is here and not in report/ because a counterexample carries its rendered window (results.ts), and verify/ is below report/.
 */
import { formatLike, formatNumber } from '../tensor/format.ts';
import type { Dtype } from '../tensor/dtype.ts';

/** Columns shown on each side of the failing one. */
const columnsAround = 3;

export interface WindowInput {
  /** Port name, the title. */
  readonly output: string;
  /** Row-major; the first dimension is the token, the last one the column. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly measured: Float64Array;
  readonly expected?: Float64Array | undefined;
  /** Flat index of the failing element; −1 when the claim is about a whole token. */
  readonly index: number;
  /** The failing token, which the window shows from its start when `index` is −1. */
  readonly token?: number | undefined;
}

/** Renders the window as lines without a trailing newline; empty when there is no such element. */
export function renderWindow(input: WindowInput): string {
  const { shape, measured, expected, dtype } = input;
  const columns = shape.at(-1) ?? 1;
  const perToken = shape.slice(1).reduce((product, size) => product * size, 1);
  const failing = input.index >= 0;
  const index = failing ? input.index : (input.token ?? 0) * perToken;
  if (columns < 1 || !(index < measured.length)) return '';

  const row = Math.floor(index / columns);
  const column = index % columns;
  const token = Math.floor(index / perToken);
  const rowsPerToken = perToken / columns;
  const firstRow = failing ? Math.max(row - 1, token * rowsPerToken) : row;
  const lastRow = Math.min(failing ? row + 1 : row + 15, (token + 1) * rowsPerToken - 1);
  const from = Math.max(0, column - columnsAround);
  const to = Math.min(columns, column + columnsAround + 1);

  const cells = (r: number): string[] => range(from, to).map((c) => formatNumber(measured[r * columns + c]!, dtype));
  const wanted = range(from, to).map((c) => {
    const at = row * columns + c;
    if (expected === undefined || at >= expected.length) return '';
    const text = formatLike(expected[at]!, dtype);
    // where rounding for print hides the difference, every digit is shown
    return text === formatNumber(measured[at]!, dtype) ? formatNumber(expected[at]!, 'f64') : text;
  });
  const rows = range(firstRow, lastRow + 1);
  const width = Math.max(...rows.flatMap((r) => cells(r).map((cell) => cell.length)), ...wanted.map((cell) => cell.length));
  const labels = new Map(rows.map((r) => [r, labelOf(r, token, shape)]));
  const indent = Math.max(...[...labels.values()].map((label) => label.length));

  const left = from > 0 ? '… ' : '';
  const right = to < columns ? ' …' : '';
  const line = (label: string, texts: readonly string[], note: string): string =>
    `  ${label.padEnd(indent)}  ${left}${texts.map((cell) => cell.padStart(width)).join('  ')}${right}${note === '' ? '' : `   ${note}`}`.trimEnd();

  const lines = [title(input, token, column, failing)];
  for (const r of rows) {
    const marked = failing && r === row;
    lines.push(line(labels.get(r)!, cells(r), marked ? 'measured' : ''));
    if (!marked) continue;
    const marker = range(from, to).map((c) => (c === column ? '^'.repeat(cells(r)[c - from]!.length) : ''));
    lines.push(line('', marker, '').replaceAll('…', ' ').trimEnd());
    if (expected !== undefined) lines.push(line('', wanted, 'expected'));
  }
  return lines.join('\n');
}

function title({ output, shape, dtype }: WindowInput, token: number, column: number, failing: boolean): string {
  const where = failing && shape.length > 1 ? `token ${token}, column ${column}` : `token ${token}`;
  return `${output} ${dtype} [${shape.join(', ')}], ${where}`;
}

/** Position of a row inside its token: `row 2` for a matrix, `[5, 2]` for a stack of matrices, nothing for a vector. */
function labelOf(row: number, token: number, shape: readonly number[]): string {
  const middle = shape.slice(1, -1);
  let rest = row - token * middle.reduce((product, size) => product * size, 1);
  const position = middle.map((_, i) => {
    const below = middle.slice(i + 1).reduce((product, size) => product * size, 1);
    const at = Math.floor(rest / below);
    rest %= below;
    return at;
  });
  if (position.length === 0) return '';
  return position.length === 1 ? `row ${position[0]}` : `[${position.join(', ')}]`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
