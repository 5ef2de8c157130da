/** The collapse in every dialect that a preset has, and others: within its bounds, forward and backward. */
import { expect, it } from 'vitest';

import { mappingsPresets } from '../../../../src/index.ts';
import { headOf } from '../../../../src/operations/layers/dialect.ts';
import { margin, opened } from './support.ts';

const dialects = new Map(Object.entries(mappingsPresets).map(([name, preset]) => [JSON.stringify(headOf(preset)), { name, options: headOf(preset) }]));
const others = [{ name: 'a norm for each stream', options: { norm: 'per-stream' as const, projectionRounding: 'exact' as const } }, { name: 'no norm', options: { norm: 'none' as const, rmsEpsilon: 0, preEpsilon: 0 } }];

it.each([...dialects.values(), ...others])('$name', { timeout: 120_000 }, async ({ options }) => {
  for (const storage of ['f32', 'bf16'] as const) {
    const target = await opened({ storage, mappings: options });
    for (const operation of ['head', 'head-vjp'] as const) {
      // blocks of 128 tokens: one, a part of one, more than two
      for (const [streams, channels, tokens] of [[4, 16, 128], [4, 8, 300], [3, 5, 7]] as const) {
        const found = await margin(target, operation, { tokens, streams, channels, depth: 1 });
        expect(found.margin, `${operation}, ${storage}, n = ${streams}, ${tokens} tokens`).toBeLessThanOrEqual(1);
        expect(found.judged).toBeGreaterThan(0);
      }
    }
    await target.close();
  }
});
