/** What a property is, and what its check may use. */
import type { Bounded, OperationId, Sizes, Values } from '../operations/operation.ts';
import type { Random } from '../generate/random.ts';
import type { InputPlan, Recipe } from '../generate/recipe.ts';
import type { ScreenedFor } from '../kernels/screening.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import type { Judge, Judgement } from './judge.ts';

export type { ResolvedKernel };

/**
 * bitwise: the same bits, no tolerance. exact: holds in the reals at any number of iterations, tolerance from rounding only.
 * limit: holds for the exact projection, tolerance from the convergence theorem plus rounding.
 */
export type ClaimClass = 'bitwise' | 'exact' | 'limit';

/** Wrong kernels that a property must reject on its own inputs. */
export type PowerMutation = 'fewer-iterations' | 'larger-epsilon' | 'transposed' | 'lower-precision';

export interface CheckContext<D = never> {
  readonly kernel: ResolvedKernel<D>;
  readonly recipe: Recipe;
  readonly sizes: Sizes;
  /** The case's inputs, already rounded to the kernel's dtypes. */
  readonly inputs: Values;
  /** Randomness of the check itself, from the recipe's seed. */
  readonly random: Random;
  /** Margins up to this may be told larger than they are, but not above this (properties/sufficient.ts); 0 where every margin is to be exact. Below 1. */
  readonly indifferent: number;
  /**
   * Calls the kernel. Inputs are rounded to the kernel's dtypes, outputs decoded. Throws an `OutcomeError` when the kernel
   * throws, hangs, or returns a wrong shape or dtype; the engine turns that into an outcome.
   */
  run(inputs: Values, sizes?: Partial<Sizes>): Promise<Values>;
  /**
   * Calls the kernel twice, `a` then `b` (same sizes), and reads the first call's output tensors before and after the second call:
   * a kernel that hands out one buffer again and again overwrites what its caller still holds.
   */
  runKeeping(a: Values, b: Values): Promise<{ first: Values; firstAfterSecond: Values; second: Values }>;
  /** Values rounded to the dtype of an input port, as `run` would. */
  round(port: string, values: Float64Array): Float64Array;
  /** Reference and bound for some inputs (which must be rounded already). */
  bounded(inputs: Values, sizes?: Partial<Sizes>): Bounded;
  judge(tokens?: number): Judge;
}

export interface Property<D = never> {
  /** A path: `sinkhorn/column-sums`. */
  readonly id: string;
  readonly operation: OperationId;
  /** One sentence, in the field's words. */
  readonly claim: string;
  readonly class: ClaimClass;
  /** True when kernel output is compared with our reference values; false for relations, which need no oracle. */
  readonly usesReference: boolean;
  readonly inputs: InputPlan;
  /**
   * Whether one recorded call (`plumbline verify --dump`) can be judged: the claim is made about all finite inputs, or the check itself finds out which it is about. When
   * absent: yes if `inputs` names no families. A check that calls the kernel again, or on other inputs, is never judged on a recording.
   */
  readonly recorded?: boolean;
  /** What a device that screens problems looks for, so that the worst of very many can be judged (`verify --effort thorough`). */
  readonly screenedFor?: ScreenedFor | undefined;
  /** A reason when the claim is not about this kernel; undefined when it is. */
  notApplicable?(kernel: ResolvedKernel<D>): string | undefined;
  /** The wrong kernels that this claim must reject on its own inputs. */
  readonly power: readonly PowerMutation[];
  check(context: CheckContext<D>): Promise<Judgement>;
}

/** A property with its operation's dialect type checked and then erased, so that all properties fit one list. */
export function defineProperty<D>(property: Property<D>): Property {
  return property;
}
