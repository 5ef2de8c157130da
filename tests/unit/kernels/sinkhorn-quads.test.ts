/** Four matrices at a time have the bits of one at a time. */
import { expect, it } from 'vitest';

import { logitsFamilies } from '../../../src/generate/families/logits.ts';
import { Random } from '../../../src/generate/random.ts';
import { sinkhornKernel } from '../../../src/kernels/reference/sinkhorn.ts';
import { isStraight } from '../../../src/operations/sinkhorn/steps.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';

const families = Object.keys(logitsFamilies);
const scales = [0.1, 1, 4, 30, 300];

/** More than one call of the runner, and no multiple of four. */
const tokens = 1031;
const logits = new Float64Array(16 * tokens);
for (let token = 0; token < tokens; token++) {
  if (token % 97 === 5) logits.fill([NaN, Infinity, -Infinity, 3e38][token % 4]!, 16 * token + (token % 16), 16 * token + 16);
  else logitsFamilies[families[token % families.length]!]!(logits, 16 * token, 4, scales[token % scales.length]!, new Random(1, token), token);
}

const plain = (value: number): number => Math.fround(value); // another function, so that the plain text runs

function compare(dialect: SinkhornDialect): void {
  const inputs = { logits: tensor(logits, [tokens, 4, 4]) };
  const sizes = { tokens, streams: 4, channels: 1, depth: 1 };
  const [fast, slow] = [Math.fround, plain].map((round) => valuesOf(sinkhornKernel(dialect, round)(inputs, sizes)['residualMapping']!));
  let differences = 0;
  slow!.forEach((value, k) => (differences += Object.is(value, fast![k]) ? 0 : 1));
  expect(differences).toBe(0);
  expect(slow!.filter(Number.isFinite).length).toBeGreaterThan(8 * tokens);
}

it.each(Object.entries(sinkhornPresets).filter(([, dialect]) => isStraight(dialect)))('%s', (_name, dialect) => compare(dialect));
it.each([1, 2, 3, 100])('at T = %i', (iterations) => {
  for (const name of ['tilekernels', 'paper', 'lucidrains']) compare({ ...sinkhornPresets[name]!, iterations });
});
// ε between two f32, and large beside the sums
it.each([1e-6, 0.02, 0.7, 1, 1 / 3, 2 ** -25])('with ε = %d', (epsilon) => {
  for (const divisor of ['add', 'clamp'] as const) compare({ ...sinkhornPresets['tilekernels']!, epsilon, divisor });
  compare({ ...sinkhornPresets['tilekernels']!, epsilon, start: 'absolute', stabilisation: 'none' });
});
