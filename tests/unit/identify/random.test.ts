/** Dialects drawn from the whole schema: each is identified right, or what is open is said to be open. Never confidently wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { identifyKernel } from '../../../src/identify/identify.ts';
import { combinations } from '../../../src/identify/sinkhorn/space.ts';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornDialectSchema } from '../../../src/operations/sinkhorn/dialect.ts';
import { counted, wrongFields } from './support.ts';

const all = combinations();

const cases = fc.record({
  place: fc.nat(all.length - 1),
  iterations: fc.integer({ min: 1, max: 60 }),
  mantissa: fc.integer({ min: 10, max: 99 }),
  exponent: fc.integer({ min: -13, max: -3 }),
  temperature: fc.constantFrom(1, 1, 1, 0.5, 2, 0.07),
  stopBelow: fc.constantFrom(0, 0, 0, 1e-3, 2e-5),
  streams: fc.constantFrom(2, 3, 4),
  storage: fc.constantFrom('f32' as const, 'f32' as const, 'bf16' as const, 'f16' as const),
});

test('random dialects, with random numbers, stream counts and storage', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ place, iterations, mantissa, exponent, streams, storage, ...rare }) => {
      const fields = all[place]!;
      // of |L| a temperature shows as another epsilon, which the README says
      const more = fields.start === 'absolute' ? {} : rare;
      const dialect = sinkhornDialectSchema.parse({ ...fields, ...more, iterations, epsilon: fields.epsilon === 0 ? 0 : Number(`${mantissa}e${exponent}`) });
      const { kernel, problems } = counted(referenceKernels({ sinkhorn: dialect, storage }).sinkhorn);
      const found = (await identifyKernel('sinkhorn', kernel, { streams }))!;
      expect(found.verdict).toBe('identified');
      expect(wrongFields(found, dialect, ['orientation'])).toEqual([]);
      expect(problems()).toBeLessThanOrEqual(64);
    }),
    { seed: 20_261_124, numRuns: 20, endOnFailure: true },
  );
});
