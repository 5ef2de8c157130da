/** A Sinkhorn dialect as a kernel engineer would say it, for tables that show dialects side by side. */
import type { SinkhornDialect, SinkhornVjpDialect } from './dialect.ts';
import { firstNormalised } from './dialect.ts';

export function readSinkhorn(dialect: SinkhornDialect): Readonly<Record<string, string>> {
  const { iterations, stopBelow, stabilisation, domain, orientation } = dialect;
  const maxima = { 'line-max': `of each ${lineOf(firstNormalised(dialect))}`, 'matrix-max': 'of the matrix', none: 'none' };
  return {
    'exact side of the effective H': exactSide(dialect),
    start: startOf(dialect),
    order: `${firstNormalised(dialect)}, ${dialect.lastNormalised}`,
    'a line is divided by': divisorOf(dialect),
    T: stopBelow === 0 ? String(iterations) : `≤ ${iterations}, stops when all sums are within ${short(stopBelow)} of 1`,
    'maximum subtracted': maxima[stabilisation],
    domain,
    use: orientation === 'plain' ? 'H·x' : 'Hᵀ·x',
  };
}

export function readSinkhornVjp(dialect: SinkhornVjpDialect): Readonly<Record<string, string>> {
  const { derivative, slopeAtZero = 0, start } = dialect;
  const slope = start === 'absolute' ? `, |L|′ = ${slopeAtZero} at 0` : '';
  return { derivative: `${derivative}${slope}`, ...readSinkhorn(dialect) };
}

/** The sums that are exact in the matrix that really multiplies the streams: what H·x sums over is a row of H. */
function exactSide({ lastNormalised, orientation, smallRows, smallColumns }: SinkhornDialect): string {
  const side = (orientation === 'plain') === (lastNormalised === 'rows') ? 'rows' : 'columns';
  const small = lastNormalised === 'rows' ? smallRows : smallColumns;
  return small === 'divided' ? side : `${side}, but for those ${small}`;
}

function startOf({ start, epsilon, epsilonInStart, temperature, lastNormalised }: SinkhornDialect): string {
  const logits = temperature === 1 ? 'L' : `L/${temperature}`;
  const first = lastNormalised === 'rows' ? 'columns' : 'rows';
  const matrix = { softmax: `softmax of ${first}${logits === 'L' ? '' : ` of ${logits}`}`, exp: `exp(${logits})`, absolute: `|${logits}|` }[start];
  return epsilonInStart ? `${matrix} + ${short(epsilon)}` : matrix;
}

function divisorOf({ divisor, epsilon, smallRows, smallColumns }: SinkhornDialect): string {
  switch (divisor) {
    case 'add':
      return `s + ${short(epsilon)}`;
    case 'clamp':
      return `max(s, ${short(epsilon)})`;
    case 'plain':
      return 's';
    case 'threshold':
      return `s if s > ${short(epsilon)}, else rows are ${smallRows}, columns ${smallColumns}`;
  }
}

function lineOf(side: 'rows' | 'columns'): string {
  return side === 'rows' ? 'row' : 'column';
}

function short(value: number): string {
  return value > 0 && value < 1e-3 ? value.toExponential() : String(value);
}
