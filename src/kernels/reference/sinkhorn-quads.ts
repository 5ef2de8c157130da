/**
 * The half-steps of f32 Sinkhorn on four 4×4 matrices at a time in WebAssembly SIMD: one matrix in each lane, the operations of sinkhorn-steps.ts in their order. An f32 sum or quotient is that of f64
 * rounded by Math.fround (53 ≥ 2·24 + 2 digits, Figueroa 1995; fewer digits below the normal numbers, so there too), and ε, which the plain text adds as an f64, is added as an f64 here too: the bits are the same, which tests/unit/kernels proves.
 */
import { get, instantiate, loadAt, pair, quad, set, type Code } from '../../numerics/webassembly.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { all, divisor, entry, matrixBytes, matrixLoop } from '../../operations/sinkhorn/matrix-loop.ts';
import { entriesOf } from '../../operations/sinkhorn/pair-layout.ts';
import type { Normalisation, Step } from '../../operations/sinkhorn/steps.ts';

/** Matrices of one call. */
export const matricesPerCall = 512;

/** Runs fours of interleaved matrices in `memory`: entry k of matrix 4q + lane at 64·q + 4·k + lane. */
export interface QuadRunner {
  readonly memory: Float32Array;
  run(quads: number): void;
}

/** ε, as two f64 and as four f32, behind the matrices. */
const epsilonAt = (matricesPerCall / 4) * matrixBytes;

const runners = new Map<string, QuadRunner>();
/** The one used last: a kernel is called again and again. */
let latest: { readonly dialect: SinkhornDialect; readonly runner: QuadRunner } | undefined;
/** Each runner holds a page of memory. */
const mostRunners = 64;

/** A runner for a straight dialect. What enters is what the start leaves before a softmax is divided, or with the ε of another start. */
export function quadRunnerOf(dialect: SinkhornDialect): QuadRunner {
  if (latest?.dialect !== dialect) latest = { dialect, runner: runnerOf(dialect) };
  return latest.runner;
}

function runnerOf(dialect: SinkhornDialect): QuadRunner {
  const key = JSON.stringify([dialect.start, dialect.epsilonInStart, dialect.divisor, dialect.lastNormalised, dialect.iterations, dialect.epsilon]);
  const known = runners.get(key);
  if (known !== undefined) return known;
  const runner = quadRunner(dialect);
  if (runners.size >= mostRunners) runners.clear();
  runners.set(key, runner);
  return runner;
}

function quadRunner(dialect: SinkhornDialect): QuadRunner {
  const { run, times } = matrixLoop(dialect, stepCode);
  const { memory, functions } = instantiate([run], epsilonAt + 32);
  new Float64Array(memory, epsilonAt, 2).fill(dialect.epsilon);
  new Float32Array(memory, epsilonAt + 16, 4).fill(dialect.epsilon);
  return { memory: new Float32Array(memory, 0, epsilonAt / 4), run: (count) => functions['run']!(count, times) };
}

function stepCode(step: Step): Code {
  if (step.kind === 'add') return all.flatMap((k) => set(entry(k), plusEpsilon(get(entry(k)))));
  return [0, 1, 2, 3].flatMap((line) => {
    const entries = entriesOf(step.side, line).map(entry);
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
