/**
 * WebAssembly functions over pairs of f64 or four f32 (SIMD), put together from expressions: what straight-line numerical code here needs of the binary format
 * (WebAssembly core specification §5; the vector instructions are those of §5.4.8) and nothing else. Operations are those of IEEE 754, so a lane has the bits
 * that the same expression has in JavaScript. A module has one memory and functions of i32 parameters without results; nothing comes from outside.
 */

/** The part of the WebAssembly API used here; the type library without a browser lacks it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Instructions, or an expression that leaves one value on the stack. */
export type Code = readonly number[];

const opcode = { block: 0x02, loop: 0x03, end: 0x0b, brIf: 0x0d, get: 0x20, set: 0x21, tee: 0x22, i32Const: 0x41, i32Add: 0x6a } as const;
const type = { i32: 0x7f, v128: 0x7b, function: 0x60, none: 0x40 } as const;
const pageBytes = 65_536;

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
const unary = (code: number) => (a: Code): Code => [...a, ...simd(code)];
const binary = (code: number) => (a: Code, b: Code): Code => [...a, ...b, ...simd(code)];

/** Expressions on pairs of f64. `smaller(a, b)` is b < a ? b : a and `larger` its mirror image, one instruction each: where either is NaN they give a. */
export const pair = {
  abs: unary(0xec),
  negate: unary(0xed),
  add: binary(0xf0),
  subtract: binary(0xf1),
  multiply: binary(0xf2),
  divide: binary(0xf3),
  smaller: binary(0xf6),
  larger: binary(0xf7),
  less: binary(0x49),
  greater: binary(0x4a),
  lessOrEqual: binary(0x4b),
  greaterOrEqual: binary(0x4c),
  and: binary(0x4e),
  /** a where the mask is set, else b. */
  select: (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...simd(0x52)],
} as const;

/** Expressions on four f32, and between them and pairs of f64; each operation rounds once, as Math.fround of the same in f64 does. */
export const quad = {
  add: binary(0xe4),
  divide: binary(0xe7),
  larger: binary(0xeb),
  /** The lower two as f64. */
  promote: unary(0x5f),
  /** Two f64 rounded, and two zeros. */
  demote: unary(0x5e),
  /** The upper two, twice. */
  upper: (a: Code): Code => [...a, ...a, ...simd(0x0d), ...places(8, 8), ...places(8, 8)],
  /** The lower two of each. */
  join: (a: Code, b: Code): Code => [...a, ...b, ...simd(0x0d), ...places(0, 8), ...places(16, 8)],
} as const;

function places(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => from + k);
}

/** Zero in both lanes; as a mask, a clear one. */
export const zero: Code = [...simd(0x0c), ...Array.from({ length: 16 }, () => 0)];

export function get(local: number): Code {
  return [opcode.get, ...unsigned(local)];
}

export function set(local: number, value: Code): Code {
  return [...value, opcode.set, ...unsigned(local)];
}

/** The pair at `offset` bytes from where the local points; a multiple of 16. */
export function load(pointer: number, offset: number): Code {
  return [...get(pointer), ...simd(0x00), 4, ...unsigned(offset)];
}

export function store(pointer: number, offset: number, value: Code): Code {
  return [...get(pointer), ...value, ...simd(0x0b), 4, ...unsigned(offset)];
}

/** The pair at a fixed address. */
export function loadAt(address: number): Code {
  return [...integer(0), ...simd(0x00), 4, ...unsigned(address)];
}

export function storeAt(address: number, value: Code): Code {
  return [...integer(0), ...value, ...simd(0x0b), 4, ...unsigned(address)];
}

export function integer(value: number): Code {
  return [opcode.i32Const, ...signed(value)];
}

/** Adds an integer to a local. */
export function advance(local: number, by: number): Code {
  return [...get(local), ...integer(by), opcode.i32Add, opcode.set, ...unsigned(local)];
}

/** Runs `body` as often as the local says, at least once, and counts the local down to 0. */
export function repeat(counter: number, body: Code): Code {
  return [opcode.loop, type.none, ...body, ...get(counter), ...integer(-1), opcode.i32Add, opcode.tee, ...unsigned(counter), opcode.brIf, 0, opcode.end];
}

/** Runs `body`, which `leaveIf` may leave. */
export function block(body: Code): Code {
  return [opcode.block, type.none, ...body, opcode.end];
}

/** Leaves a block when the mask is set in both lanes; `loops` is how many loops are between. */
export function leaveIf(mask: Code, loops: number): Code {
  return [...mask, ...simd(0xc3), opcode.brIf, ...unsigned(loops)];
}

/** A function: its parameters are the first locals, then come `integers` more i32 and `pairs` v128. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  readonly integers: number;
  readonly pairs: number;
  readonly body: Code;
}

export interface WasmInstance {
  readonly memory: ArrayBuffer;
  readonly functions: Readonly<Record<string, (...parameters: readonly number[]) => void>>;
}

/** Compiles functions over a memory of at least `bytes`. */
export function instantiate(functions: readonly WasmFunction[], bytes: number): WasmInstance {
  const count = functions.length;
  const bodies = functions.map(({ integers, pairs, body }) => {
    const code = [2, ...unsigned(integers), type.i32, ...unsigned(pairs), type.v128, ...body, opcode.end];
    return [...unsigned(code.length), ...code];
  });
  const types = functions.flatMap(({ parameters }) => [type.function, parameters, ...Array.from({ length: parameters }, () => type.i32), 0]);
  const module = Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [count, ...types]),
    ...section(3, [count, ...functions.keys()]),
    ...section(5, [1, 0, ...unsigned(Math.ceil(bytes / pageBytes))]),
    ...section(7, [count + 1, ...text('memory'), 2, 0, ...functions.flatMap(({ name }, index) => [...text(name), 0, index])]),
    ...section(10, [count, ...bodies.flat()]),
  ]);
  const { memory, ...exported } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as { readonly memory: { readonly buffer: ArrayBuffer } } & WasmInstance['functions'];
  return { memory: memory.buffer, functions: exported };
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function text(name: string): Code {
  return [name.length, ...Array.from(name, (letter) => letter.charCodeAt(0))];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** Signed LEB128. */
function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
