import type { KernelScreening } from '../kernels/screening.ts';
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
  /** For kernels that run on a device: puts the inputs there once, so that `plumbline bench` times the kernel and not the copies around it. */
  readonly prepare?: KernelPrepare;
  /** For kernels on a device that can draw, run and look through problems by the million without the host. */
  readonly screening?: KernelScreening;
  /** Set by targets whose kernels are in another process. */
  readonly remote?: RemoteKernel;
}

export type KernelPrepare = (inputs: Readonly<Record<string, Tensor>>, sizes: Sizes) => PreparedKernel | Promise<PreparedKernel>;

/** How often to call, one call after the other. `cold` says that the device's caches hold nothing of the inputs before each call. */
export interface SampleRequest {
  readonly calls: number;
  readonly cache: 'warm' | 'cold';
}

/** A kernel with its inputs on the device. */
export interface PreparedKernel {
  /** Milliseconds that all the calls took, by the device's clock. 0 says that the clock failed; such a sample is dropped. */
  sample(request: SampleRequest): Promise<{ readonly durationMs: number }>;
  /** The same for a plain copy on the device that reads and writes `bytes` in all, half of them each. */
  copy?(bytes: number, request: SampleRequest): Promise<{ readonly durationMs: number }>;
  /** What the last call wrote. It is compared with what `run` returns: what was timed must be what was verified. */
  outputs(): Promise<Readonly<Record<string, KernelOutput>>>;
  /** Of one call, where they are known. */
  readonly counts?: CallCounts;
  release(): void | Promise<void>;
}

/** What a call does however busy the machine is. */
export interface CallCounts {
  /** Dispatches or kernel launches. */
  readonly launches?: number | undefined;
  /** Instructions of the compiled kernel, where the device tells. */
  readonly instructions?: number | undefined;
  /** Bytes of the kernel's source. */
  readonly kernelBytes?: number | undefined;
  /** Memory that the device held at most, in bytes. */
  readonly memoryBytes?: number | undefined;
}

/** What another process is asked to time. It warms the kernel up, then takes samples. */
export interface TimingRequest {
  /** Most samples; fewer when the time is over. */
  readonly samples: number;
  /** A sample is at least so long: as many calls as that takes. */
  readonly sampleMs: number;
  /** Calls before the first sample, or as many as take `warmMs`. */
  readonly warmCalls: number;
  readonly warmMs: number;
  /** Time for the samples. */
  readonly limitMs: number;
  readonly cache: 'warm' | 'cold';
  /** A kernel that keeps one processor busy runs on one of those that it may use, the same for the same number. Processors of a shared machine differ, by a factor of two for seconds at a time. */
  readonly processor?: number | undefined;
}

/** What it measured. */
export interface RemoteTiming {
  /** Its own clock on the host, or the device's. */
  readonly clock: 'wall' | 'device';
  /** Calls in a sample. */
  readonly calls: number;
  /** Milliseconds of one call, in time order. */
  readonly samples: readonly number[];
  /** The same for a copy that reads and writes as many bytes in all as the inputs and outputs have. */
  readonly copy?: readonly number[] | undefined;
  readonly counts?: CallCounts | undefined;
}

/** A kernel in another process: it cannot reach the tensors of its caller, and its process may have to be replaced before a call. */
export interface RemoteKernel {
  /** Resolves when it can be called; the time that this takes is not the call's. Throws `TargetUnusable`. */
  ready(): Promise<void>;
  /** Times the kernel where it runs; absent where the process cannot. Throws `OutcomeError`. */
  time?(inputs: Readonly<Record<string, Tensor>>, sizes: Sizes, request: TimingRequest, signal?: AbortSignal): Promise<RemoteTiming>;
}

/** What a report is to say of what a target runs on, such as a driver that does not keep to its specification. */
export interface TargetNote {
  readonly text: string;
  /** The bounds rest on what is not so there: a claim that fails says it too, since the fault may not be the kernel's. */
  readonly excuses: boolean;
  /** Operations that it is about; all where absent. */
  readonly operations?: readonly string[] | undefined;
}

/** Whether a target can run here. */
export type Availability =
  | {
      readonly status: 'available';
      /** What it runs on, as it says: versions, a device. */
      readonly about?: Readonly<Record<string, string | number | boolean>> | undefined;
      readonly notes?: readonly TargetNote[] | undefined;
    }
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
  /** The same once more, closed, in a process of its own; absent where there is none to have. */
  another?: (() => Target) | undefined;
}
