import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { rowOf } from '../fixtures/planted-faults/matrix.ts';
import { systemMixingFaults } from '../fixtures/planted-faults/system-mixing.ts';
import { properties } from '../properties/index.ts';
const named = ['gradient/rank-one-logits','streams/read-vjp-channels','streams/read-vjp-zero-cotangent','depth/stack-vjp-channels','depth/stack-vjp-zero-cotangent','robustness/alternating-shapes/stack-vjp','robustness/determinism/stream-read-vjp','robustness/determinism/stack-vjp','robustness/empty-batch/stream-read-vjp','robustness/empty-batch/stack-vjp',
 ...['finite-outputs','fresh-outputs','inputs-unchanged'].flatMap((c) => ['stream-read-vjp','stack','stack-vjp'].map((o) => `robustness/${c}/${o}`)),'robustness/token-independence/stack-vjp'];
test('named', async () => {
  const asked = properties.filter(({ id }) => named.includes(id));
  if (asked.length !== named.length) throw new Error('names');
  const killed = new Map<string, string[]>(named.map((id) => [id, []]));
  let out = '';
  for (const fault of systemMixingFaults) {
    const started = Date.now();
    const row = await rowOf(fault, asked);
    for (const id of row.killers) killed.get(id)!.push(fault.name);
    out += `${fault.name}: ${row.killers.join(', ') || 'NOBODY'} (${Date.now() - started} ms)\n`;
  }
  for (const [id, by] of killed) out += `${by.length} ${id}: ${by.join(', ')}\n`;
  writeFileSync('/tmp/named.txt', out);
}, 600_000);
