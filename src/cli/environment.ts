import { arch, availableParallelism, cpus, platform } from 'node:os';

/** Where a run takes place, for its report. */
export function environment(): Record<string, string | number> {
  return { node: process.versions.node, platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism() };
}
