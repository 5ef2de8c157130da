/**
 * Claims: the entries of mHC-lite's and KromHC's mapping lie in [0, 1] up to rounding (they are weights).
 *
 * Proof: sums and products of numbers that are not negative are not negative in every arithmetic; above, an entry is part of a line that sums to 1 up to
 * rounding (`marginals.ts`), and its own bound covers that. NaN fails. Class: exact.
 */
import { eachToken } from './matrices.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

function range(id: string, operation: OperationId): Property {
  return defineProperty<unknown>({
    id,
    operation,
    claim: 'Every entry is at least 0, and at most 1 up to its bound.',
    class: 'exact',
    usesReference: false,
    inputs: {},
    power: [],
    async check(context) {
      const { streams: n } = context.sizes;
      const output = (await context.run(context.inputs))['residualMapping']!;
      const bounded = context.bounded(context.inputs);
      const judge = context.judge();
      eachToken(context, [bounded], (token) => {
        for (let index = token * n * n; index < (token + 1) * n * n; index++) {
          const value = output[index]!;
          judge.holds(token, value >= 0, 'residualMapping', index, () => `entry is ${value}, must not be negative`);
          judge.atMost(token, Number.isNaN(value) ? NaN : Math.max(0, value - 1), bounded.errors['residualMapping']![index]!, 'residualMapping', index, () => 'entry − 1, if positive');
        }
      });
      return judge.finish();
    },
  });
}

export const mixtureRange = range('relatives/mixture-range', 'permutation-mixture');
export const kroneckerRange = range('relatives/kronecker-range', 'kronecker');
