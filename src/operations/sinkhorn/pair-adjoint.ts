/**
 * `forwardError` for all sixteen entries of two 4×4 matrices whose records pair-walk.ts has filled: one matrix in each lane, the same bits.
 *
 * The bound is a sum of products of non-negative numbers, step by step from the last to the first. A computed sum does not fall when such a term is added (rounding is monotone), so what has been
 * added so far is a lower bound of the whole, bit by bit. An entry is left as soon as that has reached its target in both lanes; a NaN as target is never reached, and the result is the whole bound.
 */
import { advance, block, get, integer, leaveIf, load, pair, repeat, set, store, zero, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import { entriesOf, known, place, record } from './pair-layout.ts';
import type { Step } from './steps.ts';

const { abs, add, subtract, multiply, divide, greaterOrEqual } = pair;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

/** Locals: parameters, the record before the step that is pulled back, where λ starts, where the bound goes, outputs left, steps left; then pairs, of which `start` is the start's part of the bound. */
const [loops, last, at, impulse, result, outputs, left] = [0, 1, 2, 3, 4, 5, 6];
const lambda = (k: number): number => 7 + k;
const next = record.size;
const [lines, entries, lineParts, entryParts, sum, start] = [23, 24, 25, 26, 27, 28];

/** Parameters: how often `body` ran, and the address of the last record. */
export function adjoint(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const one = [
    ...set(at, get(last)),
    ...all.flatMap((k) => set(lambda(k), load(impulse, 16 * k))),
    ...set(lines, zero),
    ...set(entries, zero),
    ...set(start, zero),
    ...block([
      ...(body.length === 0 ? [] : [...set(left, get(loops)), ...repeat(left, body.toReversed().flatMap((step) => [...pullBack(step), ...stopAtTarget(1)]))]),
      ...prefix.toReversed().flatMap((step) => [...pullBack(step), ...stopAtTarget(0)]),
      ...all.flatMap((k) => set(start, add(get(start), multiply(abs(get(lambda(k))), load(at, record.own + 16 * k))))),
    ]),
    ...store(result, 0, multiply(add(add(get(start), get(lines)), get(entries)), known('adjointSlack'))),
    ...advance(impulse, -16),
    ...advance(result, 16),
  ];
  return {
    name: 'adjoint',
    parameters: 2,
    integers: 5,
    pairs: 22,
    body: [...set(impulse, integer(place.impulse)), ...set(result, integer(place.totals)), ...set(outputs, integer(16)), ...repeat(outputs, one)],
  };
}

/** The targets lie behind the bounds, at a distance. */
function stopAtTarget(within: number): Code {
  return leaveIf(greaterOrEqual(add(get(lines), get(entries)), load(result, place.targets - place.totals)), within);
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
