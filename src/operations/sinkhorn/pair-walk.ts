/**
 * What `Trajectory.compute` does after the start, for two 4×4 matrices at a time: one in each lane, the same operations in the same order, so the same bits. It knows
 * the straight case only. Where trajectory.ts may take another branch (a clamp near its ε, an entry of no weight, a certificate lost), the lane's mask is cleared, and
 * trajectory.ts has to look at that token.
 */
import { advance, get, integer, load, pair, repeat, set, storeAt, store, zero, type Code, type WasmFunction } from '../../numerics/webassembly.ts';
import { entriesOf, known, place, record } from './pair-layout.ts';
import type { Normalisation, Side, Step } from './steps.ts';

const { add, subtract, multiply, divide, smaller, larger, less, lessOrEqual, greaterOrEqual } = pair;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

/** Locals: the parameter, the address of the stage that is read, the entries of the iterate, and others by name. */
const loops = 0;
const at = 1;
const entry = (k: number): number => 2 + k;
const names = [
  'holds', 'shared', 'rows', 'columns', 'unitRows', 'unitColumns', 'unitShared', 'unitOwn', 'propagation', 'index', 'size', // the state
  'centred', 'worst', 'missing', 'divisor', 'lost', 'first', 'second', 'own', 'growth', 'binade', 'error', 'step', 'kappa', 'lineSize', 'difference',
] as const;
type Name = (typeof names)[number];
const localOf = (name: Name): number => entry(16) + names.indexOf(name);
const read = (name: Name): Code => get(localOf(name));
const write = (name: Name, value: Code): Code => set(localOf(name), value);
const next = record.size;

/** From the first record, which the caller fills, to the last: `prefix` once, `body` as often as the first parameter says. */
export function walk(prefix: readonly Step[], body: readonly Step[]): WasmFunction {
  const zeros: readonly Name[] = ['shared', 'rows', 'columns', 'unitRows', 'unitColumns', 'unitShared', 'index', 'size'];
  return {
    name: 'walk',
    parameters: 1,
    integers: 1,
    pairs: 16 + names.length,
    body: [
      ...set(at, integer(place.stages)),
      ...all.flatMap((k) => set(entry(k), load(at, record.matrix + 16 * k))),
      ...zeros.flatMap((name) => write(name, zero)),
      ...write('unitOwn', known('one')),
      ...write('propagation', known('one')),
      ...write('holds', lessOrEqual(zero, zero)),
      ...prefix.flatMap(stepCode),
      ...(body.length === 0 ? [] : repeat(loops, body.flatMap(stepCode))),
      ...storeAt(place.holds, read('holds')),
      ...storeAt(place.propagation, read('propagation')),
    ],
  };
}

function stepCode(step: Step): Code {
  const code = step.kind === 'add' ? addEpsilon() : [...normalise(step), ...contract(step.side)];
  return [...code, ...store(at, next + record.shared, read('shared')), ...write('index', add(read('index'), known('one'))), ...advance(at, next)];
}

/** `Trajectory.add`. */
function addEpsilon(): Code {
  const rest = subtract(known('one'), read('growth'));
  return [
    ...all.flatMap((k) => [
      ...write('first', get(entry(k))),
      ...set(entry(k), add(read('first'), known('epsilon'))),
      ...write('growth', divide(read('first'), get(entry(k)))), // the weight
      ...write('own', load(at, record.own + 16 * k)),
      ...write('error', add(read('shared'), read('own'))),
      ...write('second', multiply(multiply(multiply(read('growth'), rest), read('error')), read('error'))),
      ...write('error', add(add(known('addition'), multiply(rest, known('epsilonError'))), read('second'))),
      ...store(at, next + record.entries + 16 * k, read('error')),
      ...store(at, next + record.own + 16 * k, add(add(multiply(read('growth'), read('own')), multiply(rest, read('shared'))), read('error'))),
      ...store(at, next + record.absolute + 16 * k, add(load(at, record.absolute + 16 * k), known('underflow'))),
      ...store(at, next + record.matrix + 16 * k, get(entry(k))),
    ]),
    ...write('unitOwn', known('two')),
  ];
}

/** `Trajectory.normalise`. */
function normalise(step: Normalisation): Code {
  const other = step.side === 'rows' ? 'columns' : 'rows';
  return [
    ...write('centred', smaller(multiply(read(other), known('half')), read('shared'))),
    ...write('worst', zero),
    ...write('missing', zero),
    ...[0, 1, 2, 3].flatMap((line) => normaliseLine(step, line)),
  ];
}

function normaliseLine(step: Normalisation, line: number): Code {
  const entries = entriesOf(step.side, line);
  const total = (of: (k: number) => Code): Code => entries.map(of).reduce((a, b) => add(a, b));
  const sum = total((k) => get(entry(k)));
  const share = divide(known('epsilon'), read('divisor'));
  const withEpsilon = step.divisor === 'add';
  return [
    ...(step.divisor === 'clamp'
      ? [...write('divisor', sum), ...require(less(multiply(known('four'), known('epsilon')), read('divisor')))]
      : write('divisor', withEpsilon ? add(sum, known('epsilon')) : sum)),
    ...store(at, next + record.divisors + 16 * line, read('divisor')),
    ...require(less(zero, read('divisor'))),
    ...write('lost', multiply(divide(total((k) => load(at, record.absolute + 16 * k)), read('divisor')), known('underflowGrowth'))),
    ...require(lessOrEqual(read('lost'), known('certifiedUnderflow'))),
    ...write('first', zero),
    ...write('second', zero),
    ...(withEpsilon
      ? [
          ...write('step', share),
          ...write('missing', larger(read('missing'), read('step'))),
          ...write('second', multiply(multiply(multiply(known('jensen'), read('step')), read('shared')), read('shared'))),
        ]
      : []),
    ...entries.flatMap(normaliseEntry),
    ...write('error', add(add(known('line'), read('second')), read('lost'))),
    ...store(at, next + record.lines + 16 * line, read('error')),
    ...write('error', add(read('first'), read('error'))),
    ...require(less(read('error'), known('certifiedError'))),
    ...write('worst', larger(read('worst'), read('error'))),
  ];
}

/** The entry, its part of the line's sums, and `divisionError`. */
function normaliseEntry(k: number): Code {
  const x = get(entry(k));
  const share = multiply(divide(read('binade'), x), read('growth'));
  const wraps = greaterOrEqual(multiply(x, read('growth')), multiply(known('two'), read('binade')));
  // a division that is not correctly rounded has an error of its own, whatever the quotient
  const error = add(known('divisionExcess'), multiply(known('divisionRate'), smaller(known('one'), pair.select(known('one'), share, wraps))));
  return [
    ...set(entry(k), divide(x, read('divisor'))),
    ...store(at, next + record.matrix + 16 * k, x),
    ...write('own', load(at, record.own + 16 * k)),
    ...write('first', add(read('first'), multiply(x, read('own')))),
    ...write('error', add(read('own'), read('centred'))),
    ...require(less(read('error'), known('certifiedError'))),
    ...write('second', add(read('second'), multiply(multiply(multiply(known('jensen'), x), read('error')), read('error')))),
    ...write('growth', add(known('one'), multiply(known('two'), add(read('own'), read('shared'))))),
    ...write('binade', pair.and(x, known('exponent'))),
    ...write('error', error),
    ...store(at, next + record.entries + 16 * k, read('error')),
    ...store(at, next + record.own + 16 * k, add(read('own'), read('error'))),
    ...store(at, next + record.absolute + 16 * k, add(multiply(divide(load(at, record.absolute + 16 * k), read('divisor')), known('underflowGrowth')), known('underflow'))),
  ];
}

/** `Trajectory.contract`, where every divisor follows its sum. */
function contract(side: Side): Code {
  const [mine, other, unit, unitOther] = side === 'rows' ? (['rows', 'columns', 'unitRows', 'unitColumns'] as const) : (['columns', 'rows', 'unitColumns', 'unitRows'] as const);
  const local = add(read('worst'), multiply(read('missing'), read('size')));
  return [
    ...write('shared', add(add(read(other), read('worst')), multiply(read('missing'), read('size')))),
    ...require(less(read('shared'), known('certifiedError'))),
    ...contraction(side),
    ...write(mine, add(multiply(read('kappa'), read(other)), multiply(known('two'), local))),
    ...write('size', add(read('size'), read('worst'))),
    ...write('step', multiply(read('unitOwn'), add(known('one'), multiply(read('missing'), read('index'))))),
    ...write('unitShared', add(read(unitOther), read('step'))),
    ...write(unit, add(multiply(read('kappa'), read(unitOther)), multiply(known('two'), read('step')))),
    ...write('propagation', larger(read('propagation'), add(read('unitOwn'), read('unitShared')))),
  ];
}

/** κ, by `dobrushin`. */
function contraction(side: Side): Code {
  const pairs = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].filter((b) => b > a).map((b) => [entriesOf(side, a), entriesOf(side, b)] as const));
  return [
    ...write('kappa', zero),
    ...pairs.flatMap(([a, b]) => [
      ...write('lineSize', zero),
      ...write('difference', zero),
      ...a.flatMap((from, e) => [
        ...write('error', subtract(get(entry(from)), get(entry(b[e]!)))),
        ...write('lineSize', add(read('lineSize'), pair.abs(read('error')))),
        ...write('difference', add(read('difference'), read('error'))),
      ]),
      ...write('kappa', larger(read('kappa'), add(read('lineSize'), pair.abs(read('difference'))))),
    ]),
    ...write('kappa', smaller(known('one'), add(multiply(read('kappa'), known('dobrushinHalf')), known('contractionSlack')))),
  ];
}

/** Clears the mask of lanes where the condition fails; a comparison with NaN fails. */
function require(condition: Code): Code {
  return write('holds', pair.and(read('holds'), condition));
}
