import { test } from 'vitest';
import * as fs from 'node:fs';
import { forwardEpsilon } from '/work/main/fixtures/planted-faults/forward-epsilon.ts';
import { forwardPrecision } from '/work/main/fixtures/planted-faults/forward-precision.ts';
import { forwardStructure } from '/work/main/fixtures/planted-faults/forward-structure.ts';
import { sinkhornProperties } from '/work/main/properties/sinkhorn/index.ts';
import { tryProperty } from '/work/main/tests/unit/properties/harness.ts';
import { powerOf } from '/work/main/src/verify/power.ts';
test('faults', async () => {
  const out: string[] = []; const by = new Map<string, string[]>();
  for (const f of [...forwardEpsilon, ...forwardPrecision, ...forwardStructure]) {
    const killers: string[] = [];
    for (const p of sinkhornProperties) {
      const r = await tryProperty(p, f.kernel as never, 3, 1024);
      if (!r.held) { killers.push(p.id.slice(9)); by.set(p.id, [...(by.get(p.id) ?? []), f.name]); }
    }
    const rel = killers.filter((k) => k !== 'reference-parity');
    out.push(`${f.name}: ${rel.length === 0 ? 'NO RELATION ' : ''}${killers.join(' ')}`);
  }
  for (const p of sinkhornProperties) out.push(`${p.id} kills ${by.get(p.id)?.length ?? 0}`);
  for (const p of sinkhornProperties) for (const r of await powerOf(p, 1)) if (!r.rejected) out.push(`NOPOWER ${p.id} ${r.mutation} ${r.margin}`);
  fs.writeFileSync('/tmp/faults.txt', out.join('\n'));
}, 600000);
