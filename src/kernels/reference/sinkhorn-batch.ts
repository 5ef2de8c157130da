/** Sinkhorn in f32 for n = 4, four matrices at a time (sinkhorn-quads.ts): the same bits as one at a time. */
import { firstNormalised, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { matricesPerCall, quadRunnerOf } from './sinkhorn-quads.ts';
import { addEpsilon, exponentials, subtractMaximum } from './sinkhorn-steps.ts';

/** logits [tokens, 4, 4] → residual mappings [tokens, 4, 4], for a straight dialect. */
export function quadsOf(logits: Float64Array | Float32Array, tokens: number, dialect: SinkhornDialect): Float32Array {
  const result = new Float32Array(16 * tokens);
  const runner = quadRunnerOf(dialect);
  const { memory } = runner;
  const usual = dialect.temperature === 1 && dialect.stabilisation === 'line-max' && dialect.start !== 'absolute';
  const [line, entry] = firstNormalised(dialect) === 'rows' ? [4, 1] as const : [1, 4] as const;
  const x = new Float64Array(16);
  for (let from = 0; from < tokens; from += matricesPerCall) {
    const count = Math.min(matricesPerCall, tokens - from);
    for (let m = 0; m < count; m++) {
      const [at, place] = [16 * (from + m), 16 * (m - (m % 4)) + (m % 4)];
      if (usual) shiftedExponentials(logits, at, memory, place, line, entry);
      else {
        subtractMaximum(logits, at, x, 4, dialect, Math.fround);
        exponentials(x, dialect, Math.fround);
        if (dialect.start === 'absolute') addEpsilon(x, 4, dialect, Math.fround);
        for (let k = 0; k < 16; k++) memory[place + 4 * k] = x[k]!;
      }
    }
    runner.run(Math.ceil(count / 4));
    for (let m = 0; m < count; m++) for (let k = 16 * (from + m), place = 16 * (m - (m % 4)) + (m % 4), end = k + 16; k < end; k++, place += 4) result[k] = memory[place]!;
  }
  return result;
}

/** exp(L − maximum of its line), rounded after each of the two operations; every fourth place from `place`. */
function shiftedExponentials(logits: Float64Array | Float32Array, at: number, memory: Float32Array, place: number, line: number, entry: number): void {
  for (let l = 0, first = 0; l < 4; l++, first += line) {
    const from = at + first;
    const a = logits[from]!;
    const b = logits[from + entry]!;
    const c = logits[from + 2 * entry]!;
    const d = logits[from + 3 * entry]!;
    const max = Math.max(a, b, c, d);
    const to = place + 4 * first;
    memory[to] = exponential(a - max); // stored as an f32
    memory[to + 4 * entry] = exponential(b - max);
    memory[to + 8 * entry] = exponential(c - max);
    memory[to + 12 * entry] = exponential(d - max);
  }
}

function exponential(argument: number): number {
  return argument === 0 ? 1 : Math.exp(Math.fround(argument)); // the largest of each line: a quarter of all
}
