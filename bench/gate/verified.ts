import { properties } from '../../properties/index.ts';
import { inProcess, verify } from '../../src/index.ts';
import kernels, { extras, kinds } from './kernels.ts';

/** Throws where a kernel of the proof is wrong: nobody would time it. */
export async function refuseWrongKernels(): Promise<void> {
  const targets = kinds.flatMap((kind) => [extras[0], extras[1]].map((percent) => `${kind}-${percent}`)).map((name) => inProcess(name, kernels.targets[name]!));
  const report = await verify({ targets, properties, effort: 'quick', seed: 1 });
  const failed = report.results.find(({ status }) => status === 'failed' || status === 'errored');
  if (failed !== undefined) throw new Error(`${failed.target} is wrong: ${failed.property}: ${failed.reason ?? ''}`);
}
