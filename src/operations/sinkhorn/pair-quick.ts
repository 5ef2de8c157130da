/**
 * The reference of 4×4 matrices two at a time, bit for bit that of simd.ts, and on the way a cheap proof that a bound exists. Where it fails nothing is said, and pair-walk.ts has to look.
 *
 * Proof: trajectory.ts certifies a token unless one of its conditions fails. Every quantity in them is monotone in the entries' own errors, in what underflow left, in the oscillations and in the inverse
 * divisors. So the same recursion on their largest values, with the contraction κ = 1 and the weights of a line adding up to at most 1 + 2⁻²⁰, bounds all of them; `slack`, 1 + 2⁻²⁰ a step, covers the
 * roundings of both. It has to stay below half of each limit: 2⁻⁸ of a sum lost to underflow, 2⁻³ for logarithmic errors. Divisors positive, and for a clamp above 4ε, keep every line on the straight path.
 */
import { advance, get, instantiate, integer, load, loadAt, pair, repeat, set, store, zero, type Code } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from './dialect.ts';
import { entriesOf } from './pair-layout.ts';
import type { LocalErrors } from './rounding.ts';
import { loopOf, type Normalisation, type Step } from './steps.ts';
import { certifiedError, certifiedUnderflow, jensen } from './trajectory.ts';

const { add, multiply, divide, larger, smaller, less, lessOrEqual } = pair;

/** Matrices of one call. */
export const matricesPerCall = 256;

const header = ['one', 'two', 'four', 'epsilon', 'fourEpsilon', 'line', 'division', 'addition', 'underflow', 'slack', 'underflowGrowth', 'jensen', 'errorLimit', 'underflowLimit'] as const;
type Constant = (typeof header)[number];

/** Sixteen entries, the largest own error, which becomes the mask, and the largest absolute one. */
const [own0, absolute0] = [16, 17];
const pairBytes = 16 * 18;
const first = 16 * header.length;

const [pairs, loops, pointer, counter] = [0, 1, 2, 3];
const entry = (k: number): number => 4 + k;
const names = ['own', 'absolute', 'shared', 'rows', 'columns', 'size', 'holds', 'least', 'inverse', 'missing', 'lost', 'both', 'worst', 'local'] as const;
type Name = (typeof names)[number];
const localOf = (name: Name): number => entry(16) + names.indexOf(name);
const divisor = (line: number): number => entry(16) + names.length + line;
const read = (name: Name): Code => get(localOf(name));
const write = (name: Name, value: Code): Code => set(localOf(name), value);
const known = (name: Constant): Code => loadAt(16 * header.indexOf(name));
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

export interface QuickRunner {
  /** Matrix m's entry k is at `at(m) + 2k`; then its largest own error and its largest absolute one. */
  readonly numbers: Float64Array;
  /** Runs the first `count` matrices, of which an odd last one has a neighbour that is ignored: the entries become the reference. */
  run(count: number): void;
  /** Whether a bound exists for certain. */
  holds(matrix: number): boolean;
}

/** Where a matrix begins in `numbers`. */
export function at(matrix: number): number {
  return (first + (matrix >>> 1) * pairBytes) / 8 + (matrix & 1);
}

/** A runner for a linear dialect without threshold and early stop. */
export function quickRunner(dialect: SinkhornDialect, local: LocalErrors, epsilonError: number): QuickRunner {
  const { prefix, body, times } = loopOf(dialect);
  const zeros: readonly Name[] = ['shared', 'rows', 'columns', 'size'];
  const one = [
    ...all.flatMap((k) => set(entry(k), load(pointer, 16 * k))),
    ...write('own', load(pointer, 16 * own0)),
    ...write('absolute', load(pointer, 16 * absolute0)),
    ...zeros.flatMap((name) => write(name, zero)),
    ...write('holds', lessOrEqual(zero, zero)),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0 ? [] : [...set(counter, get(loops)), ...repeat(counter, body.flatMap(stepCode))]),
    ...all.flatMap((k) => store(pointer, 16 * k, get(entry(k)))),
    ...store(pointer, 16 * own0, read('holds')),
    ...advance(pointer, pairBytes),
  ];
  const code = [...set(pointer, integer(first)), ...repeat(pairs, one)];
  const { memory, functions } = instantiate([{ name: 'run', parameters: 2, integers: 2, pairs: 16 + names.length + 4, body: code }], first + (matricesPerCall / 2) * pairBytes);
  const numbers = new Float64Array(memory);
  const words = new Int32Array(memory);
  const constants: Readonly<Record<Constant, number>> = {
    one: 1, two: 2, four: 4, epsilon: dialect.epsilon, fourEpsilon: 4 * dialect.epsilon,
    line: local.line, division: local.divisionExcess + local.divisionRate, addition: local.addition + epsilonError, underflow: local.underflow,
    slack: 1 + 2 ** -20, underflowGrowth: (1 + 2 * certifiedUnderflow) * (1 + 2 ** -20), jensen, errorLimit: certifiedError / 2, underflowLimit: certifiedUnderflow / 2,
  };
  for (const [index, name] of header.entries()) numbers.fill(constants[name], 2 * index, 2 * index + 2);
  return {
    numbers,
    run: (count) => functions['run']!((count + 1) >>> 1, times),
    holds: (matrix) => words[2 * (at(matrix) + 2 * own0)] !== 0,
  };
}

function stepCode(step: Step): Code {
  if (step.kind === 'normalise') return normalise(step);
  return [
    ...all.flatMap((k) => set(entry(k), add(get(entry(k)), known('epsilon')))),
    ...write('both', add(read('own'), read('shared'))),
    ...write('own', multiply(add(add(larger(read('own'), read('shared')), known('addition')), multiply(read('both'), read('both'))), known('slack'))),
    ...write('absolute', add(read('absolute'), known('underflow'))),
  ];
}

function normalise(step: Normalisation): Code {
  const lines = [0, 1, 2, 3].map((line) => entriesOf(step.side, line).map(entry));
  const finish = (sum: Code): Code => (step.divisor === 'plain' ? sum : step.divisor === 'clamp' ? larger(sum, known('epsilon')) : add(sum, known('epsilon')));
  return [
    ...lines.flatMap((entries, line) => set(divisor(line), finish(entries.map(get).reduce((a, b) => add(a, b))))),
    ...lines.flatMap((entries, line) => entries.flatMap((e) => set(e, divide(get(e), get(divisor(line)))))),
    ...write('least', [1, 2, 3].reduce<Code>((least, line) => smaller(least, get(divisor(line))), get(divisor(0)))),
    ...[0, 1, 2, 3].flatMap((line) => require(less(step.divisor === 'clamp' ? known('fourEpsilon') : zero, get(divisor(line))))),
    ...prove(step),
  ];
}

/** The recursion of the header for one half-step. */
function prove(step: Normalisation): Code {
  const [mine, other] = step.side === 'rows' ? (['rows', 'columns'] as const) : (['columns', 'rows'] as const);
  return [
    ...write('inverse', divide(known('one'), read('least'))),
    ...write('missing', step.divisor === 'add' ? multiply(known('epsilon'), read('inverse')) : zero),
    ...write('absolute', multiply(multiply(read('absolute'), read('inverse')), known('underflowGrowth'))),
    ...write('lost', multiply(multiply(read('absolute'), known('four')), known('slack'))),
    ...require(lessOrEqual(read('lost'), known('underflowLimit'))),
    ...write('absolute', add(read('absolute'), known('underflow'))),
    ...write('both', add(read('own'), read('shared'))),
    ...require(less(read('both'), known('errorLimit'))),
    // second order of the entries and of the missing share
    ...write('worst', multiply(multiply(multiply(read('both'), read('both')), known('jensen')), add(known('one'), read('missing')))),
    ...write('worst', multiply(add(add(add(read('own'), read('worst')), known('line')), read('lost')), known('slack'))),
    ...require(less(read('worst'), known('errorLimit'))),
    ...write('local', multiply(add(read('worst'), multiply(read('missing'), read('size'))), known('slack'))),
    ...write('shared', multiply(add(read(other), read('local')), known('slack'))),
    ...require(less(read('shared'), known('errorLimit'))),
    ...write(mine, multiply(add(read(other), multiply(known('two'), read('local'))), known('slack'))),
    ...write('size', multiply(add(read('size'), read('worst')), known('slack'))),
    ...write('own', multiply(add(read('own'), known('division')), known('slack'))),
  ];
}

/** Clears the mask where the condition fails; a comparison with NaN fails. */
function require(condition: Code): Code {
  return write('holds', pair.and(read('holds'), condition));
}
