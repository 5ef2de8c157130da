/**
 * Claims about the unconstrained mapping H = b + α·tanh(z) of hyper-connections. There is none about its sums or norms: nothing constrains b.
 *   gate 0   α = 0 gives b (0·tanh is 0, and b + 0 is b)
 *   range    |H − b| ≤ |α| up to the bound, since |tanh| ≤ 1
 *   oddness  H(z) + H(−z) = 2b, since tanh is odd
 * Range and oddness are about the dialect with tanh, oddness about both. Class: exact; gate 0: bitwise up to storage.
 */
import { evaluationError } from '../evaluation.ts';
import { eachToken } from './matrices.ts';
import type { HyperConnectionDialect } from '../../src/operations/relatives/hyper-connection.ts';
import { defineProperty } from '../../src/verify/property.ts';

const shared = { operation: 'hyper-connection', usesReference: false, inputs: {}, power: [] } as const;

export const gateZero = defineProperty<HyperConnectionDialect>({
  ...shared,
  id: 'relatives/hyper-connection-gate-zero',
  claim: 'A gate of zero gives the static mapping.',
  class: 'bitwise',
  async check(context) {
    const { tokens, streams: n } = context.sizes;
    const inputs = { ...context.inputs, gate: new Float64Array(tokens) };
    const output = (await context.run(inputs))['residualMapping']!;
    const expected = context.round('residualMapping', context.inputs['staticMapping']!);
    const judge = context.judge();
    eachToken(context, [context.bounded(inputs)], (token) => {
      for (let at = token * n * n; at < (token + 1) * n * n; at++) {
        // subnormal numbers may be flushed
        if (context.kernel.arithmetic.flushToZero && Math.abs(expected[at]!) < 2 ** -126) continue;
        judge.atMost(token, output[at]! - expected[at]!, 0, 'residualMapping', at, () => 'entry − static entry');
      }
    });
    return judge.finish();
  },
});

export const gateRange = defineProperty<HyperConnectionDialect>({
  ...shared,
  id: 'relatives/hyper-connection-range',
  claim: 'No entry is further from its static part than the gate.',
  class: 'exact',
  notApplicable: ({ dialect }) => (dialect.activation === 'tanh' ? undefined : 'the dialect has no tanh'),
  async check(context) {
    const { streams: n } = context.sizes;
    const { staticMapping, gate } = context.inputs as Record<string, Float64Array>;
    const output = (await context.run(context.inputs))['residualMapping']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    eachToken(context, [bounded], (token) => {
      for (let at = token * n * n; at < (token + 1) * n * n; at++) {
        const distance = Math.abs(output[at]! - staticMapping![at]!);
        const limit = Math.abs(gate![token]!);
        const bound = bounded.errors['residualMapping']![at]! + evaluationError(2, Math.abs(output[at]!) + Math.abs(staticMapping![at]!));
        judge.atMost(token, distance <= limit ? 0 : distance - limit, bound, 'residualMapping', at, () => `|H − b| is ${distance}, at most ${limit}`);
      }
    });
    return judge.finish();
  },
});

export const oddness = defineProperty<HyperConnectionDialect>({
  ...shared,
  id: 'relatives/hyper-connection-oddness',
  claim: 'Logits and their negatives give mappings whose mean is the static part.',
  class: 'exact',
  power: ['lower-precision'],
  async check(context) {
    const { streams: n } = context.sizes;
    const inputs = { ...context.inputs, logits: context.inputs['logits']!.map((x) => -x) };
    const [up, down] = [(await context.run(context.inputs))['residualMapping']!, (await context.run(inputs))['residualMapping']!];
    const bounds = [context.bounded(context.inputs), context.bounded(inputs)];
    const statics = context.inputs['staticMapping']!;
    const judge = context.judge();
    eachToken(context, bounds, (token) => {
      for (let at = token * n * n; at < (token + 1) * n * n; at++) {
        const error = bounds.reduce((sum, { errors }) => sum + errors['residualMapping']![at]!, 0);
        const own = evaluationError(3, Math.abs(up[at]!) + Math.abs(down[at]!) + 2 * Math.abs(statics[at]!));
        judge.atMost(token, up[at]! + down[at]! - 2 * statics[at]!, error + own, 'residualMapping', at, () => 'H(z) + H(−z) − 2b');
      }
    });
    return judge.finish();
  },
});
