import { test } from 'vitest';
import { legitimate } from '/work/main/fixtures/legitimate/index.ts';
import { variational } from '/work/main/properties/sinkhorn/variational.ts';
import { tryProperty } from '/work/main/tests/unit/properties/harness.ts';
test('dbg', async () => {
  const r = await tryProperty(variational, legitimate['tilekernels']!.kernels['sinkhorn'] as never, 3, 2048);
  console.log(r);
});
