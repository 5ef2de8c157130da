/**
 * A made checkpoint of published size, bounded for every input: time, memory, and bounds beside what was observed. `npm run checkpoint -- [layers] [channels] [samples]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { boundCheckpoint } from '../src/certify/checkpoint/bound-checkpoint.ts';
import { deviation } from '../src/certify/inputs/mapping.ts';
import { machine } from './machine.ts';
import { writeMadeCheckpoint, type Spread } from './made-checkpoint.ts';

const [layers = 61, channels = 7168, samples = 16] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'plumbline-checkpoint-'));
console.log(`# ${machine()}; ${layers} layers of 2 sublayers, n = 4, C = ${channels}`);
try {
  for (const spread of ['paper', 'trained'] satisfies Spread[]) measure(spread);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measure(spread: Spread): void {
  const path = join(folder, `${spread}.safetensors`);
  writeMadeCheckpoint(path, layers, channels, spread, 1);
  const start = performance.now();
  boundCheckpoint({ path, samples: 0, seed: 1 });
  const seconds = (performance.now() - start) / 1000;
  const { composite, sublayers, exact } = boundCheckpoint({ path, samples, seed: 1 })!;
  const free = exact === 'forward' ? 'backward' : 'forward';
  const loosest = sublayers.reduce((a, b) => (deviation(a[free]) >= deviation(b[free]) ? a : b));
  console.log(`\n## ${spread}: ${seconds.toFixed(1)} s without observations, ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB at most`);
  console.table({
    'forward gain, all sublayers': { bound: composite.forward, observed: composite.observed!.forward },
    'backward gain, all sublayers': { bound: composite.backward, observed: composite.observed!.backward },
    'exact side of one sublayer, off 1': { bound: Math.max(...sublayers.map((sublayer) => deviation(sublayer[exact]))) },
    'free side of one sublayer, off 1': { bound: deviation(loosest[free]), observed: Math.max(...sublayers.map(({ observed }) => observed!)) },
    'free side, median sublayer': { bound: median(sublayers.map((sublayer) => deviation(sublayer[free]))), observed: median(sublayers.map(({ observed }) => observed!)) },
    '‖H‖₂ of one sublayer': { bound: Math.max(...sublayers.map(({ bounds }) => bounds.twoNorm)) },
    'σ₂ of one sublayer': { bound: Math.max(...sublayers.map(({ bounds }) => bounds.secondSingularValue)) },
    'half-width of a logit': { bound: Math.max(...sublayers.map(({ bounds }) => bounds.radius)) },
  });
  console.log(`loosest: ${loosest.names.name}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
