/** Records as a run would write them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BenchRecord, Environment } from '../../../src/perf/history/record.ts';

export const environment: Environment = {
  cpu: 'Some CPU 3000', cores: 8, platform: 'linux', arch: 'x64', node: '20.20.2', plumbline: '0.1.0', dependencies: { tinybench: '6.2.3' },
};

export function benchRecord(changes: Partial<BenchRecord> = {}): BenchRecord {
  return {
    schemaVersion: 1,
    kind: 'bench',
    workload: { operation: 'stream-read', target: 'mine', sizes: { tokens: 64, streams: 4, channels: 1280 }, dtype: 'f32', dialect: 'tilekernels' },
    samples: [1.5, 1.25, 1.375],
    order: 'time',
    clock: 'calls',
    counts: { launches: 1, bytesMoved: 1_638_400 },
    environment,
    commit: 'a'.repeat(40),
    dirty: false,
    seed: 7,
    date: '2026-11-25T04:00:00Z',
    ...changes,
  };
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'plumbline-perf-'));
}
