/** `innerError` and `vjpError` for all sixteen entries of two 4×4 matrices whose backward errors pair-backward.ts has left in the records: the same bits in each lane. */
import { advance, get, integer, load, loadAt, pair, repeat, set, store, storeAt, zero, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import { entriesOf, known, place, record } from './pair-layout.ts';
import type { Step } from './steps.ts';

const { abs, add, subtract, multiply, divide, larger, less } = pair;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];
const next = record.size;

/** D of vjp-bound.ts; parameter: how often `body` ran. */
export function innerError(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const [loops, at, firstOrder, growth, largest, sum] = [0, 1, 2, 3, 4, 5];
  const stepCode = (step: Step): Code => [
    ...set(largest, zero),
    ...[0, 1, 2, 3].flatMap((line) => [
      ...set(sum, zero),
      ...entriesOf(step.kind === 'add' ? 'rows' : step.side, line).flatMap((k) => [
        ...set(firstOrder, add(get(firstOrder), add(load(at, next + record.forward + 16 * k), load(at, next + record.rounding + 16 * k)))),
        // an added ε acts on each entry alone
        ...set(sum, (step.kind === 'add' ? larger : add)(get(sum), load(at, next + record.sensitivity + 16 * k))),
      ]),
      ...set(largest, larger(get(largest), get(sum))),
    ]),
    ...set(growth, multiply(get(growth), add(known('one'), multiply(loadAt(place.propagation), add(get(largest), known('ownError')))))),
    ...advance(at, next),
  ];
  return {
    name: 'innerError',
    parameters: 1,
    integers: 1,
    pairs: 4,
    body: [
      ...set(at, integer(place.stages)),
      ...set(firstOrder, zero),
      ...set(growth, known('one')),
      ...all.flatMap((k) => set(firstOrder, add(get(firstOrder), loadAt(place.seedError + 16 * k)))),
      ...prefix.flatMap(stepCode),
      ...(body.length === 0 ? [] : repeat(loops, body.flatMap(stepCode))),
      ...storeAt(place.holds, pair.and(loadAt(place.holds), less(get(growth), known('compounded')))),
      ...storeAt(place.inner, multiply(multiply(loadAt(place.propagation), get(firstOrder)), get(growth))),
    ],
  };
}

/** The bounds of all entries; parameter: how often `body` ran. */
export function tangent(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const [loops, at, impulse, result, outputs, left] = [0, 1, 2, 3, 4, 5];
  const mu = (k: number): number => 6 + k;
  const [forward, rounding, sensitivity, largest, weight, sum] = [22, 23, 24, 25, 26, 27];
  const gather = (k: number): Code => [
    ...set(weight, abs(get(mu(k)))),
    ...set(forward, add(get(forward), multiply(get(weight), load(at, next + record.forward + 16 * k)))),
    ...set(rounding, add(get(rounding), multiply(get(weight), load(at, next + record.rounding + 16 * k)))),
    ...set(sensitivity, add(get(sensitivity), multiply(get(weight), load(at, next + record.sensitivity + 16 * k)))),
    ...set(largest, larger(get(largest), get(weight))),
  ];
  const push = (step: Step): Code => {
    if (step.kind === 'add') return all.flatMap((k) => set(mu(k), divide(multiply(get(mu(k)), load(at, record.matrix + 16 * k)), load(at, next + record.matrix + 16 * k))));
    return [0, 1, 2, 3].flatMap((line) => {
      const entries = entriesOf(step.side, line);
      const sums = entries.map((k) => multiply(get(mu(k)), load(at, next + record.matrix + 16 * k))).reduce((a, b) => add(a, b));
      return [...set(sum, sums), ...entries.flatMap((k) => set(mu(k), subtract(get(mu(k)), get(sum))))];
    });
  };
  const stepCode = (step: Step): Code => [
    ...set(largest, zero),
    ...all.flatMap(gather),
    ...set(sensitivity, add(get(sensitivity), multiply(get(largest), known('ownError')))),
    ...push(step),
    ...advance(at, next),
  ];
  const one = [
    ...set(at, integer(place.stages)),
    ...all.flatMap((k) => set(mu(k), load(impulse, 16 * k))),
    ...[forward, rounding, sensitivity].flatMap((total) => set(total, zero)),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0 ? [] : [...set(left, get(loops)), ...repeat(left, body.flatMap(stepCode))]),
    ...all.flatMap((k) => set(forward, add(get(forward), multiply(abs(get(mu(k))), loadAt(place.seedError + 16 * k))))),
    ...store(result, 0, add(add(get(forward), get(rounding)), multiply(get(sensitivity), loadAt(place.inner)))),
    ...advance(impulse, -16),
    ...advance(result, 16),
  ];
  return {
    name: 'tangent',
    parameters: 1,
    integers: 5,
    pairs: 22,
    body: [...set(impulse, integer(place.impulse)), ...set(result, integer(place.totals)), ...set(outputs, integer(16)), ...repeat(outputs, one)],
  };
}
