/** `unrolled`, the seed's error and `localVjpErrors` for two 4×4 matrices whose records pair-walk.ts has filled: one in each lane, the same bits. */
import { advance, get, load, loadAt, pair, repeat, set, store, storeAt, zero, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import { entriesOf, known, place, record } from './pair-layout.ts';
import type { Normalisation, Step } from './steps.ts';

const { abs, add, subtract, multiply, divide, less, lessOrEqual } = pair;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];
const next = record.size;

/** Locals: parameters, the record before the step, h and the gradient with respect to the entries, others. */
const [loops, at] = [0, 1];
const h = (k: number): number => 2 + k;
const slope = (k: number): number => 18 + k;
const [holds, sum, size, error, x, from] = [34, 35, 36, 37, 38, 39];

/** Parameters: how often `body` ran, and the address of the last record. The cotangent is in place. */
export function backward(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const [first, ...others] = prefix;
  return {
    name: 'backward',
    parameters: 2,
    integers: 0,
    pairs: 38,
    body: [
      ...set(holds, loadAt(place.holds)),
      ...all.flatMap(seed),
      ...(body.length === 0 ? [] : repeat(loops, body.toReversed().flatMap((step) => pullBack(step, false)))),
      ...others.toReversed().flatMap((step) => pullBack(step, false)),
      ...pullBack(first!, true),
      ...all.flatMap((k) => [...storeAt(place.gradient + 16 * k, get(h(k))), ...require(less(abs(get(h(k))), known('gradientLimit')))]),
      ...storeAt(place.holds, get(holds)),
    ],
  };
}

function seed(k: number): Code {
  const cotangent = loadAt(place.cotangent + 16 * k);
  return [
    ...set(slope(k), cotangent),
    ...set(h(k), multiply(get(slope(k)), load(at, record.matrix + 16 * k))),
    ...excess(add(load(at, record.shared), load(at, record.own + 16 * k))),
    ...set(error, add(get(error), known('unit'))),
    ...storeAt(place.seedError + 16 * k, add(add(multiply(abs(get(h(k))), get(error)), multiply(abs(get(slope(k))), load(at, record.absolute + 16 * k))), known('underflow'))),
  ];
}

function pullBack(step: Step, isFirst: boolean): Code {
  const code = step.kind === 'add' ? all.flatMap(addedEntry) : [0, 1, 2, 3].flatMap((line) => pullBackLine(step, line, isFirst));
  return [...advance(at, -next), ...code];
}

/** h = h′·w, w = X/(X + ε). */
function addedEntry(k: number): Code {
  const before = load(at, record.matrix + 16 * k);
  const after = load(at, next + record.matrix + 16 * k);
  const errors = add(add(load(at, record.shared), load(at, record.own + 16 * k)), add(load(at, next + record.shared), load(at, next + record.own + 16 * k)));
  return [
    ...set(x, divide(before, after)),
    ...excess(errors),
    ...set(error, multiply(get(x), get(error))),
    ...set(from, abs(get(h(k)))),
    ...store(at, next + record.forward + 16 * k, add(multiply(get(from), get(error)), multiply(load(at, record.absolute + 16 * k), abs(get(slope(k)))))),
    ...store(at, next + record.rounding + 16 * k, add(multiply(multiply(get(from), get(x)), known('ownError')), known('underflow'))),
    ...store(at, next + record.sensitivity + 16 * k, get(error)),
    ...set(h(k), divide(multiply(get(h(k)), before), after)),
  ];
}

function pullBackLine(step: Normalisation, line: number, isFirst: boolean): Code {
  const entries = entriesOf(step.side, line);
  return [
    ...set(sum, zero),
    ...set(size, zero),
    ...entries.flatMap((k) => [...set(sum, add(get(sum), get(h(k)))), ...set(size, add(get(size), abs(get(h(k)))))]),
    ...entries.flatMap((k) => pullBackEntry(k, line, isFirst)),
  ];
}

function pullBackEntry(k: number, line: number, isFirst: boolean): Code {
  const magnitude = abs(get(sum));
  const rounded = multiply(get(x), add(multiply(known('sumError'), get(size)), known('lineUnderflow')));
  const own = multiply(known('ownError'), add(abs(get(h(k))), multiply(get(x), magnitude)));
  const rounding = add(add(rounded, own), known('underflow'));
  const scale = loadAt(place.scale + 16 * k);
  return [
    ...set(x, load(at, next + record.matrix + 16 * k)),
    ...excess(add(load(at, next + record.shared), load(at, next + record.own + 16 * k))),
    ...store(at, next + record.forward + 16 * k,
      add(multiply(multiply(get(x), get(error)), magnitude), multiply(load(at, next + record.absolute + 16 * k), add(magnitude, abs(get(slope(k))))))),
    ...store(at, next + record.rounding + 16 * k, isFirst ? add(rounding, multiply(known('twoUnderflow'), scale)) : rounding),
    ...store(at, next + record.sensitivity + 16 * k, multiply(get(x), add(add(get(error), known('sumError')), known('ownError')))),
    ...set(slope(k), divide(subtract(get(slope(k)), get(sum)), load(at, next + record.divisors + 16 * line))),
    ...require(less(add(abs(get(slope(k))), get(size)), known('slopeLimit'))),
    ...(isFirst ? require(less(multiply(abs(get(slope(k))), divide(load(at, record.matrix + 16 * k), scale)), known('slopeLimit'))) : []),
    ...set(h(k), subtract(get(h(k)), multiply(get(x), get(sum)))),
  ];
}

/** `exponentialExcess` of an exponent goes to `error`. */
function excess(exponent: Code): Code {
  const names = ['inverse720', 'inverse120', 'inverse24', 'inverse6', 'inverse2', 'one'] as const;
  const series = names.reduce((inner: Code, name) => add(known(name), multiply(get(error), inner)), known('inverse5040'));
  return [...set(error, exponent), ...require(lessOrEqual(get(error), known('smallExponent'))), ...set(error, multiply(multiply(get(error), series), known('excessSlack')))];
}

/** Clears the mask of lanes where the condition fails; a comparison with NaN fails. */
function require(condition: Code): Code {
  return set(holds, pair.and(get(holds), condition));
}
