/** The operations of mHC as tfjs kernels; its relatives have none. Declaring their arithmetic is the job of the target that knows the backend. */
import type { OperationId } from '../../operations/operation.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { sinkhornRun, sinkhornVjpRun } from './sinkhorn.ts';
import type { TfjsRun, TfjsSession } from './session.ts';
import { stackRun, stackVjpRun } from './stack.ts';
import { streamReadRun, streamReadVjpRun, streamWriteRun, streamWriteVjpRun } from './streams.ts';

export type { Tf, TfjsRun, TfjsSession } from './session.ts';
export { batchInvariantBackends, tfjsArithmetic, tfjsBackends, type TfjsBackend } from './arithmetic.ts';

/** A kernel and the dialect that it computes. */
export interface TfjsKernel {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly run: TfjsRun;
}

/** Kernels of mHC's operations in one dialect; the orientation of the mixing is that of the Sinkhorn dialect. */
export function tfjsKernels(session: TfjsSession, dialect: SinkhornDialect): Readonly<Partial<Record<OperationId, TfjsKernel>>> {
  const mixing = { orientation: dialect.orientation };
  return {
    sinkhorn: { dialect, run: sinkhornRun(session, dialect) },
    'sinkhorn-vjp': { dialect: { ...dialect, derivative: 'unrolled' }, run: sinkhornVjpRun(session, dialect) },
    'stream-read': { dialect: {}, run: streamReadRun(session) },
    'stream-read-vjp': { dialect: {}, run: streamReadVjpRun(session) },
    'stream-write': { dialect: mixing, run: streamWriteRun(session, mixing) },
    'stream-write-vjp': { dialect: mixing, run: streamWriteVjpRun(session, mixing) },
    stack: { dialect: mixing, run: stackRun(session, mixing) },
    'stack-vjp': { dialect: mixing, run: stackVjpRun(session, mixing) },
  };
}
