/**
 * An operation is a mathematical function that kernels implement. Its file says what the function is (named dims, dialect,
 * batched f64 reference) and how far a kernel may be from it (a bound derived from the arithmetic that the kernel declares).
 * Tensors are flat row-major Float64Arrays here; the leading dimension is the token.
 */
import type { z } from 'zod';

import type { Arithmetic } from '../numerics/arithmetic.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { lengthOf, type Dim } from './dims.ts';

export type OperationId =
  | 'sinkhorn'
  | 'sinkhorn-vjp'
  | 'mappings'
  | 'mappings-vjp'
  | 'stream-read'
  | 'stream-read-vjp'
  | 'stream-write'
  | 'stream-write-vjp'
  | 'stack'
  | 'stack-vjp'
  | 'expand'
  | 'expand-vjp'
  | 'head'
  | 'head-vjp'
  | 'layer'
  | 'layer-vjp'
  | 'layer-stack'
  | 'layer-stack-vjp'
  | 'single-pass'
  | 'single-pass-vjp'
  | RelativeOperationId;

/** What others use in place of mHC's residual mapping, and what it replaces. */
export const relativeIds = ['permutation-mixture', 'kronecker', 'cayley', 'hyper-connection', 'plain-residual'] as const;
type RelativeId = (typeof relativeIds)[number];
export type RelativeOperationId = RelativeId | `${RelativeId}-vjp`;

/** Sizes of a case: tokens B, streams n, channels C, depth D (number of sublayers). Those an operation lacks are 1. */
export interface Sizes {
  readonly tokens: number;
  readonly streams: number;
  readonly channels: number;
  readonly depth: number;
}
export type SizeName = keyof Sizes;

/**
 * One named tensor of an operation. `dims` starts with 'tokens', except for a shared port: parameters that all tokens of a call use,
 * and their gradients, which are sums over the tokens.
 */
export interface Port {
  readonly name: string;
  readonly dims: readonly Dim[];
  /** What the numbers are; decides how they are generated. */
  readonly role: 'logits' | 'residual-mapping' | 'mapping' | 'streams' | 'projection' | 'scale' | 'bias' | 'weight' | 'cotangent' | 'gradient';
}

/** Values of several ports, flat and row-major. */
export type Values = Readonly<Record<string, Float64Array>>;

/** One part of a bound, for explanation. */
export interface Term {
  readonly name: string;
  readonly value: number;
}

/** What a correct kernel returns, and how far from it the declared arithmetic allows a kernel to be. */
export interface Bounded {
  /** The f64 reference. */
  readonly values: Values;
  /** Absolute error bound per element. Infinite where nothing is claimed about the element. */
  readonly errors: Values;
  /**
   * The errors of one output for who only asks whether they are at least `needed`, where that is cheaper. Each is that of `errors`, or else one that is at least `needed` and at most 1 + 2⁻⁵⁰ times
   * that of `errors`; infinite exactly where that is. Where `needed` is NaN it is that of `errors`.
   */
  covering?(output: string, needed: Float64Array): Float64Array;
  /** 1 for tokens with a bound; 0 where the arithmetic cannot carry the token (overflow, total underflow): nothing is claimed there. */
  readonly certified: Uint8Array;
  /** Where the bound comes from. */
  readonly derivation: string;
  /** The parts of one element's bound, largest first. */
  explain(output: string, index: number): readonly Term[];
}

/** The dtypes of a kernel's ports. */
export type PortDtypes = Readonly<Record<string, Dtype>>;

/** Where a preset was read: a repository at a commit, or a paper. */
export interface PresetSource {
  readonly source: string;
  /** What a reader should know besides. */
  readonly note?: string;
}

export interface Operation<D = unknown> {
  readonly id: OperationId;
  /** One sentence. */
  readonly summary: string;
  readonly dims: readonly SizeName[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Stream counts that the operation is defined for; 1…16 when absent. */
  readonly streamCounts?: readonly number[] | undefined;
  /** How much dearer the bound of an element is with n streams than with four; so many fewer tokens are asked. 1 when absent. */
  readonly boundWeight?: ((n: number) => number) | undefined;
  readonly dialectSchema: z.ZodType<D>;
  readonly presets: Readonly<Record<string, D>>;
  /** Where each preset was read, by name; absent where presets are ours. */
  readonly presetSources?: Readonly<Record<string, PresetSource>>;
  /** A dialect in the words of who compares dialects, by heading; its fields where absent. Different dialects read differently. */
  reading?(dialect: D): Readonly<Record<string, string>>;
  /** The preset that a kernel has when it declares none. */
  readonly defaultPreset: string;
  /** The batched f64 reference. */
  reference(inputs: Values, sizes: Sizes, dialect: D): Values;
  /** Reference and instance-wise error bound. `dtypes` are those of the outputs. */
  bounded(inputs: Values, sizes: Sizes, dialect: D, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded;
  /** The closed-form bound, as a formula for documentation. */
  readonly formula: string;
  /** The same function in double-double for one token (all inputs of that token); decides borderline verdicts. */
  precise(inputs: Values, sizes: Sizes, dialect: D): Values;
}

/** Whether all tokens share a port. */
export function isShared(port: Port): boolean {
  return port.dims[0] !== 'tokens';
}

/** Elements of one token of a port; none where the port is shared. */
export function elementsPerToken(port: Port, sizes: Sizes): number {
  return isShared(port) ? 0 : port.dims.slice(1).reduce((product, dim) => product * lengthOf(dim, sizes), 1);
}

/** Elements of the whole tensor. */
export function elementsOf(port: Port, sizes: Sizes): number {
  return port.dims.reduce((product, dim) => product * lengthOf(dim, sizes), 1);
}

/** Shape of a port. */
export function shapeOf(port: Port, sizes: Sizes): number[] {
  return port.dims.map((dim) => lengthOf(dim, sizes));
}

/** Whether a bound makes a claim about an element of a port, which belongs to `token` unless the port is shared. `errors` are the port's, where they are not to be the whole ones. */
export function isClaimed(bounded: Bounded, port: Port, token: number, index: number, errors = bounded.errors[port.name]!): boolean {
  return (isShared(port) || bounded.certified[token] === 1) && errors[index]! < Infinity;
}
