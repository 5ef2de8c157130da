/**
 * Sinkhorn on pairs of 4×4 matrices in WebAssembly SIMD: one matrix in each f64 lane, sixteen vectors in locals, the steps as straight-line
 * code in a loop over the iterations. f64x2 addition, division and maximum are those of IEEE 754 and in the order of `iterate`, so the bits are
 * the same; tests/unit/operations proves it. The time of a matrix is its 624 divisions, and two lanes halve it.
 * The module is assembled here (WebAssembly core specification §5, binary format) for a dialect; nothing comes from outside.
 */
import type { SinkhornDialect } from './dialect.ts';
import { stepsOf, type Step } from './steps.ts';

/** The part of the WebAssembly API used here; the type library without a browser lacks it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Matrices of one call: one page of memory. */
export const matricesPerCall = 512;

/** Runs pairs of interleaved matrices in `memory`: entry k of matrices 2p and 2p + 1 at 32·p + 2·k and the place after. */
export interface PairRunner {
  readonly memory: Float64Array;
  run(pairs: number): void;
}

const opcode = { loop: 0x03, end: 0x0b, brIf: 0x0d, get: 0x20, set: 0x21, tee: 0x22, i32Const: 0x41, i32Add: 0x6a, i32Sub: 0x6b } as const;
const vector = { load: [0x00], store: [0x0b], splat: [0x14], add: [0xf0, 0x01], div: [0xf3, 0x01], max: [0xf5, 0x01] } as const;
const type = { i32: 0x7f, f64: 0x7c, v128: 0x7b, function: 0x60, none: 0x40 } as const;

/** Parameters and locals of the one function. */
const local = { pointer: 0, pairs: 1, loops: 2, epsilonValue: 3, counter: 4, entries: 5, divisors: 21, epsilon: 25 } as const;

/** A runner for a linear dialect without threshold and early stop. */
export function pairRunner(dialect: SinkhornDialect): PairRunner {
  const steps = stepsOf(dialect);
  // a softmax start leaves an odd number of half-steps: the odd one belongs to the prefix
  const loops = dialect.start === 'softmax' ? dialect.iterations - 1 : dialect.iterations;
  const prefix = steps.slice(0, steps.length - 2 * loops);
  const body = steps.slice(prefix.length, prefix.length + 2);
  const module = new WebAssembly.Module(assemble(prefix, body));
  const { memory, run } = new WebAssembly.Instance(module).exports as {
    readonly memory: { readonly buffer: ArrayBuffer };
    readonly run: (pointer: number, pairs: number, loops: number, epsilon: number) => void;
  };
  return { memory: new Float64Array(memory.buffer), run: (pairs) => run(0, pairs, loops, dialect.epsilon) };
}

function assemble(prefix: readonly Step[], body: readonly Step[]): Uint8Array<ArrayBuffer> {
  const entry = (k: number): number => local.entries + k;
  const code: number[] = [
    ...localGet(local.epsilonValue), ...simd(vector.splat), opcode.set, local.epsilon,
    opcode.loop, type.none,
    ...range(16).flatMap((k) => [...localGet(local.pointer), ...simd(vector.load), 4, ...unsigned(16 * k), opcode.set, entry(k)]),
    ...prefix.flatMap(stepCode),
    ...(body.length === 0
      ? []
      : [...localGet(local.loops), opcode.set, local.counter, opcode.loop, type.none, ...body.flatMap(stepCode), ...decrement(local.counter), opcode.brIf, 0, opcode.end]),
    ...range(16).flatMap((k) => [...localGet(local.pointer), ...localGet(entry(k)), ...simd(vector.store), 4, ...unsigned(16 * k)]),
    ...localGet(local.pointer), opcode.i32Const, ...signed(256), opcode.i32Add, opcode.set, local.pointer,
    ...decrement(local.pairs), opcode.brIf, 0, opcode.end, opcode.end,
  ];
  const locals = [3, 1, type.i32, 20, type.v128, 1, type.v128];
  const func = [...locals, ...code];
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, type.function, 4, type.i32, type.i32, type.i32, type.f64, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('run'), 0, 0]),
    ...section(10, [1, ...unsigned(func.length), ...func]),
  ]);
}

/** One step on the sixteen locals. */
function stepCode(step: Step): number[] {
  const entry = (k: number): number => local.entries + k;
  if (step.kind === 'add') return range(16).flatMap((k) => [...localGet(entry(k)), ...localGet(local.epsilon), ...simd(vector.add), opcode.set, entry(k)]);
  const lines = range(4).map((line) => range(4).map((e) => entry(step.side === 'rows' ? 4 * line + e : 4 * e + line)));
  const finish = step.divisor === 'plain' ? [] : [...localGet(local.epsilon), ...simd(step.divisor === 'clamp' ? vector.max : vector.add)];
  return [
    ...lines.flatMap(([first, ...rest], line) => [...localGet(first!), ...rest.flatMap((e) => [...localGet(e), ...simd(vector.add)]), ...finish, opcode.set, local.divisors + line]),
    ...lines.flatMap((entries, line) => entries.flatMap((e) => [...localGet(e), ...localGet(local.divisors + line), ...simd(vector.div), opcode.set, e])),
  ];
}

function localGet(index: number): number[] {
  return [opcode.get, index];
}

/** Leaves the decremented counter on the stack. */
function decrement(index: number): number[] {
  return [...localGet(index), opcode.i32Const, 1, opcode.i32Sub, opcode.tee, index];
}

function simd(code: readonly number[]): number[] {
  return [0xfd, ...code];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(name: string): number[] {
  return [name.length, ...Array.from(name, (letter) => letter.charCodeAt(0))];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of a positive number. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}

function range(length: number): number[] {
  return Array.from({ length }, (_, k) => k);
}
