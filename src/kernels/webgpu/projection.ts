/** What a projection of the streams is: its matrix, and how operands are rounded. */
import type { TensorFloat } from '../../operations/calculus/tf32.ts';

export interface Projection {
  /** Rows of the matrix, and the same in WGSL for `n`. */
  readonly count: number;
  readonly countOf: (n: string) => string;
  readonly perStream: boolean;
  /** How operands are rounded; not at all where absent. */
  readonly rounding: TensorFloat | undefined;
  /** The norm weight's name in the plan, where the matrix is multiplied with it. */
  readonly weight: string | undefined;
}

/** Whether the matrix has to be rewritten before it is multiplied with. */
export function isFolded({ rounding, weight }: Projection): boolean {
  return weight !== undefined || (rounding !== undefined && rounding !== 'any');
}

/** WGSL: `operand(x)` rounds to TF32 as the dialect says. */
export function operandFunction(rounding: TensorFloat | undefined): string {
  if (rounding === undefined || rounding === 'any') return 'fn operand(x: f32) -> f32 { return x; }';
  const added = rounding === 'half-up' ? '0x1000u' : '0xfffu + ((bits >> 13u) & 1u)';
  return /* wgsl */ `
fn operand(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  return bitcast<f32>(select((bits + ${added}) & 0xffffe000u, bits, (bits & 0x7f800000u) == 0x7f800000u));
}`;
}
