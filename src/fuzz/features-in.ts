/**
 * What is special about one input of a problem: exponents, zeros and subnormal numbers, equal neighbours, the range, the order and ties of lines, where the largest entries are, sparsity and symmetry. The last two grade
 * the way to structure that kernels have paths for: one zero more, one pair across the diagonal less that is unequal, so that the pool keeps every step.
 */
import { eventOf } from './coverage.ts';
import { kind, type Facts } from './facts.ts';
import { bucket, coarseRange, endSorts, few, lineClass, setBits, withLine } from './grades.ts';
import type { Layout } from './layout.ts';

/** Entries before one in its row that it is compared with. */
const mostNeighbours = 7;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Adds the events and facts of token `token` of an input. One pass over the rows and one over the columns, because this is done for every problem of a campaign. */
export function lookAtInput(facts: Facts, { per, columns, rows, seen, place }: Layout, values: Float64Array, token: number): void {
  if (per === 0) return;
  const { told, n } = facts;
  const at = token * per;
  const square = rows === seen && rows > 1;
  const small = n <= 4;
  const [exponents, entries] = [told.exponentsOf(place), told.entriesOf(place)];
  let zeros = 0, negative = 0, tiny = 0, coarse = 1, integer = 1;
  let tied = 0, equal = 0, widest = 0, pattern = 0, packed = 0, zeroSum = 0;
  let rowSorts = 0, columnSorts = 0, largestIn = 0, onDiagonal = 0;
  let nonZero = 0, signs = 0, unequal = 0, off = 0;
  for (let row = 0; row < rows; row++) {
    const from = at + row * columns;
    let max = values[from]!;
    let min = max, sum = 0, argmax = 0, ties = 0;
    for (let k = 0; k < seen; k++) {
      const value = values[from + k]!;
      sum += value;
      if (value > max) {
        max = value;
        argmax = k;
        ties = 1;
      } else if (value === max) ties++;
      if (value < min) min = value;
      for (let other = k > mostNeighbours ? k - mostNeighbours : 0; other < k; other++) if (values[from + other] === value) equal++;
      if (square && k < row && value !== values[at + k * columns + row]) unequal++;
      if (value === 0) {
        if (Object.is(value, 0)) zeros++;
        else negative++;
        continue;
      }
      nonZero++;
      signs |= value > 0 ? 1 : 2;
      if (row !== k) off++;
      float[0] = value;
      const word = bits[0]!;
      const exponent = (word >>> 23) & 255;
      if (exponent === 0) tiny++;
      if ((word & 0xffff) !== 0) coarse = 0;
      if (integer === 1 && !Number.isInteger(value)) integer = 0;
      if (exponents[word >>> 23] === 0 && !told.exponent(place, word >>> 23)) facts.add(eventOf(kind.exponent, exponent, word >>> 31, n * 8 + place));
      const entry = row * seen + k;
      if (small && entries[entry * 64 + (exponent >>> 2)] !== 1 && !told.entry(place, entry, exponent >>> 2)) facts.add(eventOf(kind.entry, exponent >>> 2, Math.min(entry, 255), n * 8 + place));
    }
    pattern = (Math.imul(pattern, 33) + argmax) | 0;
    packed = packed * 8 + argmax;
    largestIn |= 1 << argmax;
    if (argmax === row) onDiagonal++;
    rowSorts = withLine(rowSorts, lineClass(max - min));
    if (ties > 1) tied++;
    if (sum === 0 && max > 0) zeroSum = 1;
    const range = bucket(max - min);
    if (range > widest) widest = range;
    if (!told.value(kind.rowRange * 64 + place, range)) facts.add(eventOf(kind.rowRange, range, place, n));
  }
  let columnTies = 0, narrowest = 4095;
  for (let k = 0; k < (rows > 1 ? seen : 0); k++) {
    let max = values[at + k]!;
    let min = max, ties = 1;
    for (let row = 1, from = at + k + columns; row < rows; row++, from += columns) {
      const value = values[from]!;
      if (value > max) {
        max = value;
        ties = 1;
      } else if (value === max) ties++;
      if (value < min) min = value;
    }
    if (ties > 1) columnTies++;
    columnSorts = withLine(columnSorts, lineClass(max - min));
    const range = bucket(max - min);
    if (range < narrowest) narrowest = range;
    if (!told.value(kind.columnRange * 64 + place, range)) facts.add(eventOf(kind.columnRange, range, place, n));
  }
  if (rows <= 4 && !told.value(kind.pattern * 64 + place, seen <= 8 ? packed : -1)) facts.add(eventOf(kind.pattern, pattern, place, n));
  const base = place * 16;
  facts.fact(base, Math.min(zeros, 3) * 4 + Math.min(negative, 3));
  facts.fact(base + 1, Math.min(tiny, 3));
  facts.fact(base + 2, coarse * 2 + integer);
  facts.fact(base + 3, tied);
  facts.fact(base + 4, columnTies);
  facts.fact(base + 5, widest >>> 2, coarseRange(widest));
  facts.fact(base + 6, narrowest >>> 2, coarseRange(narrowest));
  facts.fact(base + 7, setBits(largestIn) * 4 + Math.min(onDiagonal, 3));
  facts.fact(base + 8, zeroSum);
  facts.fact(base + 9, Math.min(equal, 15));
  facts.fact(base + 10, few(nonZero) * 4 + signs);
  if (rows === 1) return;
  facts.fact(base + 11, rowSorts, endSorts(rowSorts));
  facts.fact(base + 12, columnSorts, endSorts(columnSorts));
  facts.fact(base + 13, (square ? Math.min(unequal, 7) : 7) * 8 + (square ? Math.min(off, 7) : 7));
}
