import { test } from 'vitest';
import { legitimate } from '/work/main/fixtures/legitimate/index.ts';
import { sinkhornProperties } from '/work/main/properties/sinkhorn/index.ts';
import { tryProperty } from '/work/main/tests/unit/properties/harness.ts';
test('legit', async () => {
  const out: string[] = [];
  for (const p of sinkhornProperties) {
    let worst = 0, judged = 0, unsup = 0; const t0 = Date.now();
    for (const [name, target] of Object.entries(legitimate)) {
      const k = target.kernels['sinkhorn']; if (!k) continue;
      const r = await tryProperty(p, k as never, 3, 2048);
      if (r.unsupported) { unsup++; continue; }
      judged += r.judged; worst = Math.max(worst, r.margin);
      if (!r.held) out.push(`FAIL ${p.id} on ${name}: margin ${r.margin} ${r.message} ${JSON.stringify(r.worst)}`);
      if (r.judged === 0) out.push(`NOCLAIM ${p.id} on ${name}`);
    }
    out.push(`${p.id} worst ${worst.toExponential(2)} judged ${judged} unsup ${unsup} ${Date.now()-t0}ms`);
  }
  console.log(out.join('\n'));
}, 300000);
