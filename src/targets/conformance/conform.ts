/** Whether a worker keeps to docs/worker-protocol.md: every sentence of the page that can be seen from outside, as a check with a name. */
import type { ResolvedKernel } from '../resolve.ts';
import { defaultStartMs, defaultStopMs, WorkerClient, type WorkerOptions } from '../worker/client.ts';
import { timingFeature, type WorkerHello } from '../worker/protocol.ts';
import { resolveKernels } from '../worker/target.ts';
import { CallChecks } from './calls.ts';
import { endingChecks } from './endings.ts';
import { finding, type Finding } from './finding.ts';

/** Checks the worker. Throws `TargetUnusable` when it does not even start and say hello; what else is wrong is in the findings. */
export async function conform(options: WorkerOptions, plumbline: string, callTimeoutMs: number): Promise<Finding[]> {
  const client = new WorkerClient(options, plumbline);
  try {
    const hello = await client.start();
    const findings: Finding[] = [{ name: 'hello', status: 'held', detail: `${hello.worker}, version ${hello.protocol}, ${hello.kernels.length} ${hello.kernels.length === 1 ? 'kernel' : 'kernels'}` }];
    const kernels: ResolvedKernel[] = [];
    findings.push(await finding('kernels', 'Declare kernels as in a configuration: operation, arithmetic, and what differs from the defaults.', 'every declaration is valid', () => Promise.resolve(declared(hello, kernels))));
    if (kernels.length > 0) findings.push(...(await new CallChecks(client, callTimeoutMs, hello.features?.includes(timingFeature) === true).run(kernels)));
    const limits = { plumbline, startMs: options.startTimeoutMs ?? defaultStartMs, stopMs: options.stopTimeoutMs ?? defaultStopMs };
    findings.push(...(await endingChecks(options, limits)));
    return findings;
  } finally {
    await client.close();
  }
}

function declared({ kernels }: WorkerHello, resolved: ResolvedKernel[]): string | undefined {
  if (kernels.length === 0) return 'it has none';
  resolved.push(...resolveKernels('worker', kernels));
  return undefined;
}

