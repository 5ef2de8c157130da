import { test } from 'vitest';
import { appendFileSync } from 'node:fs';
import { referenceKernels } from '../../../src/kernels/reference/index.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { bf16round } from '../../../src/tensor/codecs.ts';
import { streamsProperties } from '../../../properties/streams/index.ts';
import { depthProperties } from '../../../properties/depth/index.ts';
import { spectralProperties } from '../../../properties/spectral/index.ts';
import { robustnessProperties } from '../../../properties/robustness/index.ts';
import { tryProperty } from './harness.ts';
const which = process.env['WHICH'] ?? 'all';
const all = [...streamsProperties, ...depthProperties, ...spectralProperties, ...robustnessProperties].filter((p) => which === 'all' || p.id.startsWith(which));
test('sound', async () => {
  for (const property of all) {
    const lines: string[] = [];
    const start = performance.now();
    for (const [name, kernels] of Object.entries({
      f32: referenceKernels(),
      paper: referenceKernels({ sinkhorn: sinkhornPresets['paper']! }),
      log: referenceKernels({ sinkhorn: sinkhornPresets['log-domain']! }),
      mega: referenceKernels({ sinkhorn: sinkhornPresets['megatron-main']! }),
      f64: referenceKernels({ round: (x) => x, storage: 'f64' }),
      bf16: referenceKernels({ storage: 'bf16' }),
      f16: referenceKernels({ storage: 'f16' }),
    })) {
      const t = performance.now();
      try {
        const r = await tryProperty(property, kernels[property.operation]);
        lines.push(`${name}:${r.held ? '' : 'FAILED ' + r.message + JSON.stringify(r.worst)}${r.margin.toPrecision(2)}/${r.judged}/${(performance.now() - t).toFixed(0)}ms${r.unsupported ?? ''}`);
      } catch (e) { lines.push(`${name}: THREW ${(e as Error).stack?.slice(0, 300)}`); }
    }
    const tr = referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, orientation: 'plain' } })[property.operation];
    const dialect = referenceKernels()[property.operation].dialect;
    const wrong: Record<string, any> = {
      transposed: property.operation === 'sinkhorn' ? { ...referenceKernels()[property.operation], run: (i: any, s: any) => { const o = referenceKernels()[property.operation].run(i, s); const t = o['residualMapping']!; const n = s.streams; const d = t.data.slice(); for (let b = 0; b < s.tokens; b++) for (let x = 0; x < n; x++) for (let y = 0; y < n; y++) d[b * n * n + x * n + y] = t.data[b * n * n + y * n + x]!; return { residualMapping: { ...t, data: d } }; } } : { ...tr, dialect },
      'lower-precision': referenceKernels({ round: bf16round })[property.operation],
      'larger-epsilon': { ...referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, epsilon: 1e-5 } })[property.operation], dialect },
      'fewer-iterations': { ...referenceKernels({ sinkhorn: { ...sinkhornPresets['tilekernels']!, iterations: 19 } })[property.operation], dialect },
    };
    const seen: string[] = [];
    for (const [name, k] of Object.entries(wrong)) {
      const r = await tryProperty(property, k);
      if (!r.held) seen.push(name);
      if (r.held && (property.power as string[]).includes(name)) seen.push(`MISSING:${name}(${r.margin.toPrecision(2)})`);
    }
    appendFileSync('/tmp/mine/out.txt', `${property.id} ${(performance.now() - start).toFixed(0)}ms sees[${seen}] ${lines.join(' ')}\n`);
  }
}, 600_000);
