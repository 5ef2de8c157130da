/**
 * Claim: a sublayer's energy ledger (MATHS.md K9), from what is known without any coefficient:
 *
 *   |x'_i| ≤ ρ·max_j|x_j| + multiplier·|F(u)|,  |u| ≤ (1 + ε)·Σ_j|x_j|
 *
 * Proof: 0 ≤ E, whose rows sum to ρ: at most 1 where rows of E were normalised last, else at most n (each entry is at most 1); 0 ≤ post ≤ multiplier; 0 ≤ pre ≤ 1 + ε;
 * |u·σ(u)| ≤ |u|, and a normalised u is at most √C. Class: exact. Sees gates beyond their limits, a mapping that grows, an output added twice.
 */
import { evaluationError } from '../evaluation.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { sublayers } from './plans.ts';

export const energyLedger = defineProperty<LayerDialect>({
  id: 'layers/energy-ledger',
  operation: 'layer',
  claim: 'The next streams are no larger than the mixed streams and the gated inner function allow.',
  class: 'exact',
  usesReference: false,
  inputs: { ...sublayers, parameters: ['usual', 'initial', 'static', 'wide'] },
  power: [],
  async check(context) {
    const { kernel: { dialect }, sizes: { tokens, streams: n, channels } } = context;
    const measured = (await context.run(context.inputs))['nextStreams']!;
    const errors = context.bounded(context.inputs).errors['nextStreams']!;
    const x = context.inputs['streams']!;
    const rowsLast = (dialect.lastNormalised === 'rows') === (dialect.orientation === 'plain');
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      for (let c = 0; c < channels; c++) {
        let [largest, sum] = [0, 0];
        for (let j = 0; j < n; j++) {
          const size = Math.abs(x[(token * n + j) * channels + c]!);
          largest = Math.max(largest, size);
          sum += size;
        }
        const u = (1 + dialect.preEpsilon) * sum;
        const weight = dialect.inner === 'identity' ? 1 : dialect.inner === 'zero' ? 0 : Math.abs(context.inputs['innerWeight']![c]!);
        const output = weight * (dialect.inner === 'rms-norm' ? Math.sqrt(channels) : u);
        const limit = (rowsLast ? largest : Math.min(n * largest, sum)) + dialect.postMultiplier * output;
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          if (!(errors[index]! < Infinity)) continue;
          const size = Math.abs(measured[index]!);
          judge.atMost(token, size <= limit ? 0 : size - limit, errors[index]! + evaluationError(n + 6, limit), 'nextStreams', index, () => `|${measured[index]}| is above ${limit}`);
        }
      }
    }
    return judge.finish();
  },
});
