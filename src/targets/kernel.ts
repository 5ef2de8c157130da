import type { ArithmeticInput } from '../numerics/arithmetic.ts';
import type { Sizes } from '../operations/operation.ts';
import type { Dtype, TensorData } from '../tensor/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What a kernel may return for an output: a tensor, or its bare storage when dtype and shape are the declared ones. */
export type KernelOutput = Tensor | TensorData;

/** The call of a kernel. Inputs and outputs are keyed by port name. `signal` is aborted when the call's time is up. */
export type KernelRun = (
  inputs: Readonly<Record<string, Tensor>>,
  sizes: Sizes,
  signal?: AbortSignal,
) => Readonly<Record<string, KernelOutput>> | Promise<Readonly<Record<string, KernelOutput>>>;

/** One implementation of one operation, as its author declares it. */
export interface KernelDeclaration {
  /** A preset's name, or fields; missing fields come from `preset` or the operation's default. */
  readonly dialect?: string | Readonly<Record<string, unknown>>;
  /** How the kernel rounds. */
  readonly arithmetic: ArithmeticInput;
  /** Dtypes of single ports where they differ from the arithmetic's storage. */
  readonly dtypes?: Readonly<Record<string, Dtype>>;
  /** Stream counts that the kernel supports; all of 1…16 when absent. */
  readonly streams?: readonly number[];
  /** The kernel promises the same bits for a token wherever it stands and whatever surrounds it. Default true. */
  readonly batchInvariant?: boolean;
  /** The kernel promises the same bits on every call. Default true. */
  readonly deterministic?: boolean;
  readonly run: KernelRun;
  /** Set by targets whose kernels are in another process. */
  readonly remote?: RemoteKernel;
}

/** A kernel in another process: it cannot reach the tensors of its caller, and its process may have to be replaced before a call. */
export interface RemoteKernel {
  /** Resolves when it can be called; the time that this takes is not the call's. Throws `TargetUnusable`. */
  ready(): Promise<void>;
}

/** Whether a target can run here. */
export type Availability =
  | { readonly status: 'available'; /** What it runs on, as it says: versions, a device. */ readonly about?: Readonly<Record<string, string | number | boolean>> | undefined }
  | { readonly status: 'unavailable'; readonly reason: string; readonly remedy: string };

/** A target as it is written in a configuration: kernels by operation. */
export interface TargetDeclaration {
  readonly kernels: Readonly<Record<string, KernelDeclaration>>;
  readonly description?: string;
  /** Loads what is heavy, such as a device, before the first kernel runs. Returning nothing says `available`; what it throws says `unavailable`. */
  readonly open?: () => Availability | void | Promise<Availability | void>;
  /** Releases what `open` loaded, after the last kernel has run. Called only when `open` said `available`. */
  readonly close?: () => void | Promise<void>;
}

/** A named set of kernels and the way to reach them. Opening loads what is heavy; closing releases it. */
export interface Target {
  readonly name: string;
  readonly description: string;
  open(): Promise<Availability>;
  /** The kernels by operation; only after `open` said `available`. */
  kernels(): Readonly<Record<string, KernelDeclaration>>;
  close(): Promise<void>;
}
