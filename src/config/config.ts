/** What a configuration says, and the function that gives it types in an editor. */
import type { WorkloadDeclaration } from '../perf/workload.ts';
import type { ReporterName } from '../report/reporters.ts';
import type { TargetDeclaration } from '../targets/kernel.ts';
import type { WorkerDeclaration } from '../targets/worker/target.ts';
import type { Property } from '../verify/property.ts';
import type { Effort } from '../verify/results.ts';

/** A `plumbline.config.ts`. Flags of the command line win over it. */
export interface PlumblineConfig {
  /** Kernels to verify, by the name of their target. */
  readonly targets?: Readonly<Record<string, TargetDeclaration | WorkerDeclaration>>;
  /** Default `standard`. */
  readonly effort?: Effort;
  /** Default: drawn for each run, and printed. */
  readonly seed?: number;
  /** Like `60s`. Default: no limit. */
  readonly maxTime?: string;
  /** Cases per property. Default: the effort's number. */
  readonly runs?: number;
  /** Folder of counterexamples that every run tries first. Default: `fixtures/counterexamples` where it exists. */
  readonly counterexamples?: string;
  readonly reporters?: readonly ReporterName[];
  /** Claims of your own, besides the built-in ones. */
  readonly properties?: readonly Property[];
  /** What `plumbline bench` times. */
  readonly bench?: BenchConfig;
}

export interface BenchConfig {
  /** Default: the built-in ones, sizes of published models. */
  readonly workloads?: readonly WorkloadDeclaration[];
}

/** Returns its argument; for completion and type checks in a configuration. */
export function defineConfig(config: PlumblineConfig): PlumblineConfig {
  return config;
}
