/** What is special about one output of a problem: its exponents, zeros, what is no number, the support class of a mapping, and how far its sums are from 1, which tells lines that epsilon dominates or a clamp leaves alone. */
import { supportClassOf4 } from '../generate/support-classes.ts';
import { eventOf } from './coverage.ts';
import { kind, type Facts } from './facts.ts';
import { deviation, few } from './grades.ts';
import { mostColumns, mostRows, type Layout } from './layout.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Adds the events and facts of token `token` of an output. */
export function lookAtOutput(facts: Facts, { port, per, columns, place }: Layout, values: Float64Array, token: number): void {
  if (per === 0) return;
  const at = token * per;
  const { told, n } = facts;
  let zeros = 0, tiny = 0, odd = 0, low = 255, high = 0, support = 0, large = 0;
  const seen = Math.min(per, mostRows * mostColumns);
  for (let k = 0; k < seen; k++) {
    const value = values[at + k]!;
    if (value === 0) {
      zeros++;
      continue;
    }
    const size = Math.abs(value);
    if (!(size < Infinity)) {
      odd++;
      continue;
    }
    float[0] = value;
    const exponent = (bits[0]! >>> 23) & 255;
    if (exponent === 0) tiny++;
    if (exponent < low) low = exponent;
    if (exponent > high) high = exponent;
    if (size > 2 ** -10) {
      large++;
      if (k < 16) support |= 1 << k;
    }
  }
  if (!told.range(place, low, high)) facts.add(eventOf(kind.outExponent, low, high, n * 8 + place));
  const base = place * 16;
  facts.fact(base, Math.min(zeros, 15));
  facts.fact(base + 1, Math.min(tiny, 3) * 2 + (odd > 0 ? 1 : 0));
  facts.fact(base + 2, (low >>> 3) * 32 + (high >>> 3), (low >>> 5) * 8 + (high >>> 5));
  if (port.role !== 'residual-mapping' || per !== n * n) return;
  facts.fact(base + 3, n === 4 ? supportClassOf4(support) : few(large));
  for (let line = 0; line < n; line++) {
    let row = values[at + line * n]!, column = values[at + line]!;
    for (let k = 1; k < n; k++) {
      row += values[at + line * n + k]!;
      column += values[at + line + k * columns]!;
    }
    lineSum(facts, kind.rowSum, deviation(row));
    lineSum(facts, kind.columnSum, deviation(column));
  }
}

function lineSum(facts: Facts, which: number, off: number): void {
  if (!facts.told.value(which * 64, off + 1024)) facts.add(eventOf(which, off, facts.n));
}
