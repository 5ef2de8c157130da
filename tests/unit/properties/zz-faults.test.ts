import { test } from 'vitest';
import { writeFileSync } from 'node:fs';
import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import * as legit from '../../../fixtures/legitimate/index.ts';
import { streamsProperties } from '../../../properties/streams/index.ts';
import { depthProperties } from '../../../properties/depth/index.ts';
import { spectralProperties } from '../../../properties/spectral/index.ts';
import { robustnessProperties } from '../../../properties/robustness/index.ts';
import { tryProperty } from './harness.ts';
const all = [...streamsProperties, ...depthProperties, ...spectralProperties, ...robustnessProperties];
test.skipIf(process.env['WHICH'] !== 'faults')('faults', async () => {
  const killers = new Map<string, string[]>(all.map((p) => [p.id, []]));
  const killed = new Map<string, string[]>();
  for (const fault of plantedFaults) {
    killed.set(fault.name, []);
    if (/never|hang|slow/.test(fault.name)) continue;
    for (const property of all) {
      if (property.operation !== fault.operation) continue;
      try {
        const r = await tryProperty(property, fault.kernel, 4, 2048);
        if (!r.held) { killers.get(property.id)!.push(fault.name); killed.get(fault.name)!.push(property.id); }
      } catch (e) { killed.get(fault.name)!.push('THREW ' + property.id + (e as Error).message); }
    }
  }
  writeFileSync('/tmp/mine/faults.txt', [...[...killers].map(([k, v]) => `${k}: ${v.join(', ')}`), '-----', ...[...killed].map(([k, v]) => `${k}: ${v.length} ${v.join(', ')}`)].join('\n'));
}, 600_000);
test.skipIf(process.env['WHICH'] !== 'legit')('legit', async () => {
  const targets = Object.values(legit).find((v) => typeof v === 'object') as any;
  const lines: string[] = [];
  for (const [name, target] of Object.entries(targets as Record<string, any>)) {
    for (const property of all) {
      const kernel = target.kernels?.[property.operation];
      if (kernel === undefined) continue;
      for (const seed of [1, 2]) {
      const r = await tryProperty(property, kernel, Infinity, 2048, seed);
      if (!r.held) lines.push(`${name} ${property.id} FAILED ${r.message} ${JSON.stringify(r.worst)}`);
      }
    }
    lines.push(name + ' done');
  }
  writeFileSync('/tmp/mine/legit.txt', lines.join('\n'));
}, 600_000);
