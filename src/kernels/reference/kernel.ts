/** What the reference kernels have in common: how they round and what they return. */
import type { Sizes } from '../../operations/operation.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * Rounds one arithmetic result. `Math.fround` makes the text an f32 kernel; identity makes it f64, `bf16round` and `f16round`
 * make it a kernel that computes one precision lower.
 */
export type Round = (value: number) => number;

/** A kernel that answers at once and names the dtype of what it returns. */
export type ReferenceRun = (inputs: Readonly<Record<string, Tensor>>, sizes: Sizes) => Readonly<Record<string, Tensor>>;
