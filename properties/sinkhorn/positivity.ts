/**
 * Claim: every entry is finite, not negative, at most 1 up to rounding, and positive wherever it is larger than its own error (MATHS.md S1, F1).
 *
 * Proof: exponentials are positive, divisors too. An entry is part of a sum that the last division makes s/D(s) ≤ 1 (last-normalised-sums.ts).
 * Only an entry that underflow may take can be 0: those within their error bound are let off. NaN fails. Class: exact.
 */
import { divisionEntryError } from './start.ts';
import { outputRounding } from './output-rounding.ts';
import { coveringErrors } from '../sufficient.ts';
import { localErrors } from '../../src/operations/sinkhorn/rounding.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const positivity = defineProperty<SinkhornDialect>({
  id: 'sinkhorn/positivity',
  operation: 'sinkhorn',
  claim: 'Every entry is finite, at most 1, not negative, and not 0 unless underflow may have taken it.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: [],
  screenedFor: 'positivity',
  async check(context) {
    const { kernel, sizes: { tokens, streams: n } } = context;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const stored = outputRounding(kernel, 'residualMapping');
    const judge = context.judge();
    const values = bounded.values['residualMapping']!;
    // of a positive entry nobody asks its error; of another one whether that is at least its value
    const linear = context.indifferent > 0 && kernel.dialect.domain !== 'log';
    const errors = coveringErrors(bounded, 'residualMapping', linear ? output.map((value, index) => (value > 0 ? 0 : values[index]! * (1 + 2 ** -40))) : undefined);
    const local = localErrors(kernel.arithmetic, n, kernel.dialect.stabilisation !== 'none');
    const rounding = Math.expm1(local.line + divisionEntryError(local)) + stored.relative + stored.absolute;
    const whats = {
      negative: (index: number): string => `entry is ${output[index]!}, must not be negative`,
      above: (): string => 'entry − 1, if positive',
      zero: (index: number): string => `entry is ${output[index]!}, must be positive`,
    };
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      for (let index = token * n * n; index < (token + 1) * n * n; index++) {
        const [value, error] = [output[index]!, errors[index]!];
        const above = kernel.dialect.domain === 'log' ? error : rounding;
        judge.holds(token, value >= 0, 'residualMapping', index, whats.negative);
        judge.atMost(token, Number.isNaN(value) ? NaN : Math.max(value - 1, 0), above, 'residualMapping', index, whats.above);
        if (values[index]! > error) judge.holds(token, value > 0, 'residualMapping', index, whats.zero);
      }
    }
    return judge.finish();
  },
});
