/** Which workloads run on which targets. */
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { Availability, KernelDeclaration, Target } from '../targets/kernel.ts';
import { resolveKernel, type ResolvedKernel } from '../targets/resolve.ts';
import type { WorkloadResult } from './results.ts';
import type { Cache } from './timed-kernel.ts';
import { unfit, type Workload } from './workload.ts';

export interface OpenTarget {
  readonly target: Target;
  readonly about: Extract<Availability, { status: 'available' }>['about'];
}

/** A kernel and how it is reached. */
export interface Planned {
  readonly target: Target;
  readonly about: OpenTarget['about'];
  readonly declaration: KernelDeclaration;
  readonly kernel: ResolvedKernel;
}

/** The kernel of an open target for an operation. Throws what a declaration throws that is not valid. */
export function kernelOf({ target, about }: OpenTarget, operation: OperationId): Planned | undefined {
  const declaration = target.kernels()[operation];
  if (declaration === undefined) return undefined;
  return { target, about, declaration, kernel: resolveKernel(operations[operation], declaration, `${target.name}.kernels.${operation}`) };
}

export interface Plan {
  readonly workload: Workload;
  readonly candidate: Planned;
}

/** The plans of each target in the order of the workloads, and why each workload that nobody serves is left. */
export function planOf(targets: readonly OpenTarget[], workloads: readonly Workload[]): { plans: Plan[]; unserved: { workload: Workload; reason: string }[] } {
  const plans: Plan[] = [];
  const reasons = new Map<Workload, string[]>();
  for (const open of targets) {
    for (const workload of workloads) {
      const candidate = kernelOf(open, workload.operation);
      const reason = candidate === undefined ? `no kernel of ${workload.operation}` : unfit(workload, open.target.name, candidate.kernel);
      if (candidate !== undefined && reason === undefined) plans.push({ workload, candidate });
      else reasons.set(workload, [...(reasons.get(workload) ?? []), `${open.target.name}: ${reason ?? ''}`]);
    }
  }
  const served = new Set(plans.map(({ workload }) => workload));
  return { plans, unserved: workloads.filter((workload) => !served.has(workload)).map((workload) => ({ workload, reason: (reasons.get(workload) ?? ['no target can run here']).join('; ') })) };
}

/** What every result of a plan says. */
export function described({ id, operation, sizes }: Workload, cache: Cache): Pick<WorkloadResult, 'workload' | 'operation' | 'sizes' | 'cache' | 'counts'> {
  return { workload: id, operation, sizes, cache, counts: {} };
}
