/**
 * The half-steps of f32 Sinkhorn on four 4×4 matrices at a time in WebAssembly SIMD: one matrix in each lane, the operations of sinkhorn-steps.ts in their order. An f32 sum or quotient is that of f64
 * rounded by Math.fround (53 ≥ 2·24 + 2 digits, Figueroa 1995; fewer digits below the normal numbers, so there too), and ε, which the plain text adds as an f64, is added as an f64 here too: the bits are the same, which tests/unit/kernels proves.
 */
import { advance, get, instantiate, integer, load, loadAt, pair, quad, repeat, set, store, type Code } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { stepsOf, type Normalisation, type Step } from '../../operations/sinkhorn/steps.ts';

/** Matrices of one call. */
export const matricesPerCall = 512;

/** Runs fours of interleaved matrices in `memory`: entry k of matrix 4q + lane at 64·q + 4·k + lane. */
export interface QuadRunner {
  readonly memory: Float32Array;
  run(quads: number): void;
}

const quadBytes = 256;
/** ε, as two f64 and as four f32, behind the matrices. */
const epsilonAt = (matricesPerCall / 4) * quadBytes;

/** Parameters and locals of the one function. */
const [quads, loops, pointer, counter] = [0, 1, 2, 3];
const entry = (k: number): number => 4 + k;
const divisor = (line: number): number => 20 + line;
const all: readonly number[] = [...Array.from({ length: 16 }).keys()];

/** Whether a dialect has half-steps of this form: linear, without threshold and early stop. */
export function runsInQuads(dialect: SinkhornDialect): boolean {
  return dialect.domain === 'linear' && dialect.divisor !== 'threshold' && dialect.stopBelow === 0;
}

const runners = new Map<string, QuadRunner>();
/** Each runner holds a page of memory. */
const mostRunners = 64;

/** A runner for such a dialect. What enters is what the start leaves before a softmax is divided, or with the ε of another start. */
export function quadRunnerOf(dialect: SinkhornDialect): QuadRunner {
  const key = JSON.stringify([dialect.start, dialect.epsilonInStart, dialect.divisor, dialect.lastNormalised, dialect.iterations, dialect.epsilon]);
  const known = runners.get(key);
  if (known !== undefined) return known;
  const runner = quadRunner(dialect);
  if (runners.size >= mostRunners) runners.clear();
  runners.set(key, runner);
  return runner;
}

function quadRunner(dialect: SinkhornDialect): QuadRunner {
  const steps = stepsOf(dialect);
  // a softmax leaves an odd number of half-steps: the odd one belongs to the prefix
  const iterations = dialect.iterations - 1;
  const prefix = steps.slice(0, steps.length - 2 * iterations);
  const body = steps.slice(prefix.length, prefix.length + 2);
  const one = [
    ...all.flatMap((k) => set(entry(k), load(pointer, 16 * k))),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0 ? [] : [...set(counter, get(loops)), ...repeat(counter, body.flatMap(stepCode))]),
    ...all.flatMap((k) => store(pointer, 16 * k, get(entry(k)))),
    ...advance(pointer, quadBytes),
  ];
  const code = [...set(pointer, integer(0)), ...repeat(quads, one)];
  const { memory, functions } = instantiate([{ name: 'run', parameters: 2, integers: 2, pairs: 20, body: code }], epsilonAt + 32);
  new Float64Array(memory, epsilonAt, 2).fill(dialect.epsilon);
  new Float32Array(memory, epsilonAt + 16, 4).fill(dialect.epsilon);
  return { memory: new Float32Array(memory, 0, epsilonAt / 4), run: (count) => functions['run']!(count, iterations) };
}

function stepCode(step: Step): Code {
  if (step.kind === 'add') return all.flatMap((k) => set(entry(k), plusEpsilon(get(entry(k)))));
  return [0, 1, 2, 3].flatMap((line) => {
    const entries = [0, 1, 2, 3].map((e) => entry(step.side === 'rows' ? 4 * line + e : 4 * e + line));
    return [
      ...set(divisor(line), entries.map(get).reduce((a, b) => quad.add(a, b))),
      ...set(divisor(line), divisorCode(step, get(divisor(line)))),
      ...entries.flatMap((e) => set(e, quad.divide(get(e), get(divisor(line))))),
    ];
  });
}

function divisorCode({ divisor: rule }: Normalisation, sum: Code): Code {
  if (rule === 'plain') return sum;
  return rule === 'clamp' ? quad.larger(sum, loadAt(epsilonAt + 16)) : plusEpsilon(sum);
}

/** f32 plus an f64, rounded once to f64 and once to f32. */
function plusEpsilon(x: Code): Code {
  const sum = (two: Code): Code => quad.demote(pair.add(quad.promote(two), loadAt(epsilonAt)));
  return quad.join(sum(x), sum(quad.upper(x)));
}
