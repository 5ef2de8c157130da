/** A kernel as the claims about all inputs name it: what the checker walks with. */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { firstNormalised } from '../../operations/sinkhorn/dialect.ts';
import { stepsOf } from '../../operations/sinkhorn/steps.ts';
import type { Rounding } from './walk.ts';

export interface KernelParameters {
  readonly n: number;
  readonly first: 'rows' | 'columns';
  readonly iterations: number;
  readonly start: 'softmax' | 'exp';
  readonly added: number;
  readonly divisor: 'add' | 'clamp' | 'plain';
  readonly epsilon: number;
  readonly temperature: number;
  readonly orientation: 'plain' | 'transposed';
  readonly rounding: Rounding;
  readonly stored: { readonly relative: number; readonly absolute: number };
}

/** For a dialect that has a form (form.ts). */
export function kernelParameters(dialect: SinkhornDialect, n: number, rounding: Rounding, stored: KernelParameters['stored']): KernelParameters {
  const { iterations, temperature, orientation, start } = dialect;
  const last = stepsOf(dialect).findLast((step) => step.kind === 'normalise')!;
  return {
    n, iterations, temperature, orientation, first: firstNormalised(dialect), start: start as KernelParameters['start'],
    added: dialect.start === 'softmax' && dialect.epsilonInStart ? dialect.epsilon : 0,
    divisor: last.divisor as KernelParameters['divisor'], epsilon: last.epsilon,
    rounding: { start: rounding.start, startLine: rounding.startLine, entry: rounding.entry, line: rounding.line, underflow: rounding.underflow },
    stored,
  };
}
