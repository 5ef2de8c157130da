/** What a record says about the place where it was made. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { join } from 'node:path';

import { version } from '../../verify/version.ts';
import type { Environment } from './record.ts';

/** Packages whose version can change a time or a result. */
const packages = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node-gpu', 'tinybench', 'webgpu'] as const;

/** This machine and these versions. `device` and `driver` are what the target says of itself; `PLUMBLINE_MACHINE` names the machine. */
export function environmentHere(device?: string, driver?: string): Environment {
  const machine = process.env['PLUMBLINE_MACHINE'];
  return {
    ...(machine === undefined || machine === '' ? {} : { machine }),
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    platform: platform(),
    arch: arch(),
    ...(device === undefined ? {} : { device }),
    ...(driver === undefined ? {} : { driver }),
    node: process.versions.node,
    plumbline: version,
    dependencies: Object.fromEntries(packages.flatMap((name) => versionOf(name) ?? [])),
  };
}

/** As entries; read from the files, because not every package exports its own description. */
function versionOf(name: string): [[string, string]] | undefined {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      const described = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version?: unknown };
      if (typeof described.version === 'string') return [[name, described.version]];
    } catch {
      continue; // not installed there
    }
  }
  return undefined;
}
