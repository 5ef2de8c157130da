/** What is timed: an operation at a shape, on every target that has it. */
import { expand } from '../generate/expand.ts';
import { hashText } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { operations } from '../operations/index.ts';
import type { OperationId, Sizes, Values } from '../operations/operation.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import type { Dtype } from '../tensor/dtype.ts';

export interface Workload {
  /** `stream-read/mhc-27b-decode`: the operation and a name, in reports and for --workload. */
  readonly id: string;
  readonly operation: OperationId;
  /** Those that the operation lacks are 1. */
  readonly sizes: Sizes;
  /** Only kernels that store it; all when absent. */
  readonly dtype?: Dtype | undefined;
  /** Only these targets; all when absent. */
  readonly targets?: readonly string[] | undefined;
  readonly origin: 'configured' | 'built-in';
}

/** A workload as a configuration has it. */
export interface WorkloadDeclaration {
  readonly operation: string;
  /** Default: its sizes. */
  readonly name?: string;
  readonly tokens: number;
  /** Default 4. */
  readonly streams?: number;
  /** Needed where the operation has channels. */
  readonly channels?: number;
  /** Needed where the operation has a depth. */
  readonly depth?: number;
  readonly dtype?: Dtype;
  readonly targets?: readonly string[];
}

/** `tokens4096-channels2560`: the sizes that an operation has, the streams only where they are not 4. */
export function sizesName(operation: OperationId, sizes: Sizes): string {
  return operations[operation].dims.filter((name) => name !== 'streams' || sizes.streams !== 4).map((name) => `${name}${sizes[name]}`).join('-');
}

/** The workload of a declaration that was checked. */
export function workloadOf({ operation: id, name, tokens, streams = 4, channels = 1, depth = 1, dtype, targets }: WorkloadDeclaration): Workload {
  const operation = id as OperationId;
  const { dims } = operations[operation];
  const sizes = { tokens, streams, channels: dims.includes('channels') ? channels : 1, depth: dims.includes('depth') ? depth : 1 };
  return { id: `${operation}/${name ?? sizesName(operation, sizes)}`, operation, sizes, dtype, targets, origin: 'configured' };
}

/** The dtype of a kernel's largest tensor: what it reads and writes most of. */
export function storageOf({ operation, dtypes }: Pick<ResolvedKernel, 'operation' | 'dtypes'>): Dtype {
  const wide = operation.inputs.find(({ dims }) => dims.includes('channels')) ?? operation.inputs[0]!;
  return dtypes[wide.name]!;
}

/** Why a workload is not for a target's kernel; undefined when it is. */
export function unfit({ sizes, dtype, targets }: Workload, target: string, kernel: ResolvedKernel): string | undefined {
  if (targets?.includes(target) === false) return `it is for ${targets.join(', ')}`;
  if (!kernel.streams.includes(sizes.streams)) return `the kernel supports ${kernel.streams.join(', ')} streams, not ${sizes.streams}`;
  if (dtype !== undefined && storageOf(kernel) !== dtype) return `the kernel stores ${storageOf(kernel)}, not ${dtype}`;
  return undefined;
}

/** Inputs like those of a model in training: normal numbers, mappings that Sinkhorn made, usual parameters. The same seed gives the same bits. */
export function inputsOf(workload: Workload, seed: number): Values {
  return expand(recipeOf(workload, seed), operations[workload.operation], {});
}

export function recipeOf({ id, operation, sizes }: Workload, seed: number): Recipe {
  const families = { logits: 'normal', mappings: 'sinkhorn', streams: 'normal', cotangents: 'normal', parameters: 'usual' };
  return { operation, sizes, seed: (hashText(id) ^ seed) >>> 0, families, scale: 1 };
}
