/** Finds out what a kernel computes, from at most 64 problems and without believing what it declares. One identifier per operation. */
import { PlumblineError } from '../errors.ts';
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { Session, Stopped } from './budget.ts';
import { identifyMixing } from './mixing.ts';
import type { Fields } from './naming.ts';
import type { Field, Identification } from './result.ts';
import { identifySinkhorn } from './sinkhorn/identify-sinkhorn.ts';

/** What an identifier may use besides the kernel. */
export interface Hints {
  /** The dialect that the kernel declares; only settles which of several possible ones is named. */
  readonly declared?: Fields | undefined;
  /** The orientation that was seen on a mixing kernel of the same target. */
  readonly orientation?: Field | undefined;
}

type Identifier = (session: Session, n: number, hints: Hints) => Promise<Identification>;

/** Mixing first: what it shows completes the others. */
const identifiers: Readonly<Partial<Record<OperationId, Identifier>>> = {
  'stream-write': identifyMixing,
  stack: identifyMixing,
  sinkhorn: identifySinkhorn,
};

/** Operations whose dialect can be identified. */
export const identifiable: readonly OperationId[] = (Object.keys(identifiers) as OperationId[]);

export interface IdentifyOptions extends Hints {
  /** Stream count to ask with; 4, or else the nearest that the kernel supports. */
  readonly streams?: number | undefined;
  /** A call that takes longer is no answer. Default 10 s. */
  readonly callTimeoutMs?: number | undefined;
  /** Asked between pieces of work; true ends the identification without a result. */
  readonly stopped?: (() => boolean) | undefined;
}

/**
 * Identifies one kernel. Nothing when the run was stopped. Throws `PlumblineError` for an operation that has no identifier, a stream count that the
 * kernel does not support, and a declaration that is not valid.
 */
export async function identifyKernel(id: OperationId, declaration: KernelDeclaration, options: IdentifyOptions = {}): Promise<Identification | undefined> {
  const identifier = identifiers[id];
  if (identifier === undefined) throw new PlumblineError('bad-usage', `The dialect of ${id} cannot be identified.`, `Operations that can: ${identifiable.join(', ')}.`);
  const session = new Session(operations[id], declaration, options.callTimeoutMs ?? 10_000, options.stopped ?? ((): boolean => false));
  const n = streamsOf(session.kernel.streams, options.streams, id);
  try {
    return await identifier(session, n, options);
  } catch (error) {
    if (error instanceof Stopped) return undefined;
    throw error;
  }
}

/** Identifies every kernel of a target that has an identifier; `only` chooses among them. Partial when the run was stopped. */
export async function identifyTarget(kernels: Readonly<Record<string, KernelDeclaration>>, options: IdentifyOptions = {}, only: readonly string[] = identifiable): Promise<Identification[]> {
  const found: Identification[] = [];
  for (const id of identifiable.filter((name) => only.includes(name))) {
    const declaration = kernels[id];
    if (declaration === undefined) continue;
    const orientation = found.flatMap(({ fields, operation }) => fields.filter(({ field, status }) => field === 'orientation' && status === 'known').map((field) => ({ ...field, evidence: operation })))[0];
    const identification = await identifyKernel(id, declaration, { orientation, ...options });
    if (identification === undefined) break;
    found.push(identification);
  }
  return found;
}

function streamsOf(supported: readonly number[], wanted: number | undefined, id: OperationId): number {
  const usable = supported.filter((n) => n >= 2);
  if (wanted !== undefined && !usable.includes(wanted)) {
    throw new PlumblineError('bad-usage', `${id} cannot be identified with ${wanted} streams.`, `The kernel supports ${supported.join(', ')}; with one stream all dialects are alike.`);
  }
  const nearest = usable.toSorted((a, b) => Math.abs(a - 4) - Math.abs(b - 4))[0];
  if (nearest === undefined) throw new PlumblineError('bad-usage', `${id} supports one stream only, where all dialects are alike.`, 'Declare the stream counts that it supports in streams.');
  return wanted ?? nearest;
}
