/** What every property of a folder must show: right kernels hold, and each wrong kernel that it lists, or that the test names, is rejected. */
import { describe, expect, test } from 'vitest';

import type { ReferenceDeclaration } from '../../../src/kernels/reference/index.ts';
import type { Property } from '../../../src/verify/property.ts';
import { tryProperty } from './harness.ts';
import { mutated, rightKernels } from './wrong-kernels.ts';

/** One group of tests per property; `wrong` gives a wrong kernel to those that list no mutation. */
export function testClaims(properties: readonly Property[], wrong: (property: Property) => ReferenceDeclaration | undefined): void {
  describe.each(properties.map((property) => [property.id, property] as const))('%s', (_id, property) => {
    test.each(Object.entries(rightKernels))('holds for %s', async (_name, kernels) => {
      const { held, message, judged, unsupported } = await tryProperty(property, kernels[property.operation], 5, 1024);
      expect(unsupported).toBeUndefined();
      expect(held, message).toBe(true);
      expect(judged).toBeGreaterThan(0);
    });

    test.each(property.power)('rejects %s', async (mutation) => {
      const { held } = await tryProperty(property, mutated(property.operation, mutation));
      expect(held).toBe(false);
    });

    const kernel = wrong(property);
    if (kernel !== undefined) {
      test('rejects a kernel that is wrong where it looks', async () => {
        const { held } = await tryProperty(property, kernel);
        expect(held).toBe(false);
      });
    }
    test('is tested against a wrong kernel', () => {
      expect(property.power.length > 0 || kernel !== undefined).toBe(true);
    });
  });
}
