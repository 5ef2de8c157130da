/** `forwardError` for all sixteen entries of two 4×4 matrices whose records pair-walk.ts has filled: one matrix in each lane, the same bits. */
import { advance, get, integer, load, pair, repeat, set, store, zero, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import { entriesOf, known, place, record } from './pair-layout.ts';
import type { Step } from './steps.ts';

const { abs, add, subtract, multiply, divide } = pair;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

/** Locals: parameters, the record before the step that is pulled back, where λ starts, where the bound goes, outputs left, steps left; then pairs. */
const [loops, last, at, impulse, result, outputs, left] = [0, 1, 2, 3, 4, 5, 6];
const lambda = (k: number): number => 7 + k;
const next = record.size;
const [lines, entries, lineParts, entryParts, sum] = [23, 24, 25, 26, 27];

/** Parameters: how often `body` ran, and the address of the last record. */
export function adjoint(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const one = [
    ...set(at, get(last)),
    ...all.flatMap((k) => set(lambda(k), load(impulse, 16 * k))),
    ...set(lines, zero),
    ...set(entries, zero),
    ...(body.length === 0 ? [] : [...set(left, get(loops)), ...repeat(left, body.toReversed().flatMap(pullBack))]),
    ...prefix.toReversed().flatMap(pullBack),
    ...set(sum, zero),
    ...all.flatMap((k) => set(sum, add(get(sum), multiply(abs(get(lambda(k))), load(at, record.own + 16 * k))))),
    ...store(result, 0, multiply(add(add(get(sum), get(lines)), get(entries)), known('adjointSlack'))),
    ...advance(impulse, -16),
    ...advance(result, 16),
  ];
  return {
    name: 'adjoint',
    parameters: 2,
    integers: 5,
    pairs: 21,
    body: [...set(impulse, integer(place.impulse)), ...set(result, integer(place.totals)), ...set(outputs, integer(16)), ...repeat(outputs, one)],
  };
}

function pullBack(step: Step): Code {
  if (step.kind === 'add') {
    return [
      ...advance(at, -next),
      ...all.flatMap((k) => [
        ...set(entries, add(get(entries), multiply(abs(get(lambda(k))), load(at, next + record.entries + 16 * k)))),
        ...set(lambda(k), divide(multiply(get(lambda(k)), load(at, record.matrix + 16 * k)), load(at, next + record.matrix + 16 * k))),
      ]),
    ];
  }
  return [
    ...advance(at, -next),
    ...set(lineParts, zero),
    ...set(entryParts, zero),
    ...[0, 1, 2, 3].flatMap((line) => {
      const places = entriesOf(step.side, line);
      return [
        ...places.flatMap((k, e) => [
          ...set(sum, e === 0 ? get(lambda(k)) : add(get(sum), get(lambda(k)))),
          ...set(entryParts, add(get(entryParts), multiply(abs(get(lambda(k))), load(at, next + record.entries + 16 * k)))),
        ]),
        ...set(lineParts, add(get(lineParts), multiply(abs(get(sum)), load(at, next + record.lines + 16 * line)))),
        ...places.flatMap((k) => set(lambda(k), subtract(get(lambda(k)), multiply(load(at, next + record.matrix + 16 * k), get(sum))))),
      ];
    }),
    ...set(lines, add(get(lines), get(lineParts))),
    ...set(entries, add(get(entries), get(entryParts))),
  ];
}
