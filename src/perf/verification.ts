/** Kernels are verified before they are timed, each operation of a target once in a run: a wrong kernel has no speed. */
import type { OperationId } from '../operations/operation.ts';
import type { Target } from '../targets/kernel.ts';
import type { Property } from '../verify/property.ts';
import type { VerifyOptions } from '../verify/options.ts';
import { verify } from '../verify/verify.ts';

/** What stands against timing a kernel; nothing when it held. */
export interface Obstacle {
  readonly status: 'wrong' | 'unverified' | 'errored' | 'skipped';
  readonly reason: string;
  readonly remedy?: string | undefined;
}

export type VerificationOptions = Pick<VerifyOptions, 'seed' | 'callTimeoutMs' | 'failuresDir' | 'replayCommand' | 'replayArguments' | 'signal' | 'maxTimeMs'> & { readonly properties: readonly Property[] };

/** Verifies kernels of an open target with effort quick. Operations that held map to undefined. */
export async function verifyKernels(target: Target, ids: readonly OperationId[], options: VerificationOptions): Promise<Map<OperationId, Obstacle | undefined>> {
  const open: Target = { ...target, name: target.name, description: target.description, open: () => Promise.resolve({ status: 'available' }), kernels: () => pick(target, ids), close: () => Promise.resolve() };
  const properties = options.properties.filter(({ operation }) => ids.includes(operation));
  const { results } = await verify({ ...options, targets: [open], properties, effort: 'quick' });
  return new Map(ids.map((id) => [id, obstacle(results.filter(({ operation }) => operation === id))]));
}

function pick(target: Target, ids: readonly OperationId[]): ReturnType<Target['kernels']> {
  return Object.fromEntries(Object.entries(target.kernels()).filter(([id]) => ids.includes(id as OperationId)));
}

function obstacle(results: Awaited<ReturnType<typeof verify>>['results']): Obstacle | undefined {
  const failed = results.find(({ status }) => status === 'failed');
  if (failed !== undefined) return { status: 'wrong', reason: `${failed.property} failed: ${failed.reason ?? ''}`.split('\n')[0]!, remedy: failed.counterexample?.replay };
  const broken = results.find(({ status }) => status === 'errored');
  if (broken !== undefined) return { status: 'errored', reason: `${broken.property} could not be checked: ${broken.reason ?? ''}`.split('\n')[0]! };
  const cut = results.find(({ status }) => status === 'skipped' || status === 'incomplete');
  if (cut !== undefined) return { status: 'skipped', reason: `its verification was not finished: ${cut.reason ?? ''}` };
  if (!results.some(({ status }) => status === 'passed')) return { status: 'unverified', reason: 'no claim about this kernel could be checked', remedy: 'Only kernels that were verified are timed: see plumbline verify --list.' };
  return undefined;
}
