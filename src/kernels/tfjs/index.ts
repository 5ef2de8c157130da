/** All operations as tfjs kernels. Declaring their arithmetic is the job of the target that knows the backend. */
import { mappingsPresets, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { OperationId } from '../../operations/operation.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { mappingsRun, mappingsVjpRun, servedMappings } from './mappings.ts';
import { sinkhornRun, sinkhornVjpRun } from './sinkhorn.ts';
import type { TfjsRun, TfjsSession } from './session.ts';
import { stackRun, stackVjpRun } from './stack.ts';
import { streamReadRun, streamReadVjpRun, streamWriteRun, streamWriteVjpRun } from './streams.ts';

export type { Tf, TfjsRun, TfjsSession } from './session.ts';
export { batchInvariantBackends, tfjsArithmetic, tfjsBackends, type TfjsBackend } from './arithmetic.ts';

/** Fields of the coefficient kernel that Sinkhorn does not have. */
export type MappingsFields = Partial<Omit<MappingsDialect, keyof SinkhornDialect>>;

/** A kernel and the dialect that it computes. */
export interface TfjsKernel {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly run: TfjsRun;
}

/**
 * Kernels of every operation in one dialect; the orientation of the mixing is that of the Sinkhorn dialect, and so is the Sinkhorn of the coefficient
 * kernel, which otherwise is that of TileKernels by default.
 */
export function tfjsKernels(session: TfjsSession, dialect: SinkhornDialect, own: MappingsFields = {}): Readonly<Record<OperationId, TfjsKernel>> {
  const mixing = { orientation: dialect.orientation };
  const mappings = servedMappings({ ...mappingsPresets['tilekernels']!, ...own, ...dialect });
  return {
    sinkhorn: { dialect, run: sinkhornRun(session, dialect) },
    'sinkhorn-vjp': { dialect: { ...dialect, derivative: 'unrolled' }, run: sinkhornVjpRun(session, dialect) },
    mappings: { dialect: { ...mappings }, run: mappingsRun(session, mappings) },
    'mappings-vjp': { dialect: { ...mappings, derivative: 'unrolled' }, run: mappingsVjpRun(session, mappings) },
    'stream-read': { dialect: {}, run: streamReadRun(session) },
    'stream-read-vjp': { dialect: {}, run: streamReadVjpRun(session) },
    'stream-write': { dialect: mixing, run: streamWriteRun(session, mixing) },
    'stream-write-vjp': { dialect: mixing, run: streamWriteVjpRun(session, mixing) },
    stack: { dialect: mixing, run: stackRun(session, mixing) },
    'stack-vjp': { dialect: mixing, run: stackVjpRun(session, mixing) },
  };
}
