/** The operations of mHC as tfjs kernels; its relatives have none. Declaring their arithmetic is the job of the target that knows the backend. */
import { expandPresets, headOf, layerPresets, type LayerDialect } from '../../operations/layers/dialect.ts';
import { mappingsPresets, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { OperationId } from '../../operations/operation.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import { expandRun, expandVjpRun, headRun, headVjpRun } from './ends.ts';
import { layerRun, layerStackRun, layerStackVjpRun, layerVjpRun, singlePassRun, singlePassVjpRun } from './layers.ts';
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
 * Kernels of mHC's operations in one dialect; the orientation of the mixing is that of the Sinkhorn dialect, and so is the Sinkhorn of the coefficient
 * kernel, which otherwise is that of TileKernels by default.
 */
export function tfjsKernels(session: TfjsSession, dialect: SinkhornDialect, own: MappingsFields = {}): Readonly<Partial<Record<OperationId, TfjsKernel>>> {
  const mixing = { orientation: dialect.orientation };
  const backward: SinkhornVjpDialect = { ...dialect, derivative: 'unrolled' };
  const mappings = servedMappings({ ...mappingsPresets['tilekernels']!, ...own, ...dialect });
  const layer: LayerDialect = { ...layerPresets['tilekernels']!, ...mappings };
  const layerVjp = { ...layer, derivative: 'unrolled' as const };
  const head = headOf(mappings);
  const expand = expandPresets['paper']!;
  return {
    sinkhorn: { dialect, run: sinkhornRun(session, dialect) },
    'sinkhorn-vjp': { dialect: { ...backward }, run: sinkhornVjpRun(session, backward) },
    mappings: { dialect: { ...mappings }, run: mappingsRun(session, mappings) },
    'mappings-vjp': { dialect: { ...mappings, derivative: 'unrolled' }, run: mappingsVjpRun(session, mappings) },
    'stream-read': { dialect: {}, run: streamReadRun(session) },
    'stream-read-vjp': { dialect: {}, run: streamReadVjpRun(session) },
    'stream-write': { dialect: mixing, run: streamWriteRun(session, mixing) },
    'stream-write-vjp': { dialect: mixing, run: streamWriteVjpRun(session, mixing) },
    stack: { dialect: mixing, run: stackRun(session, mixing) },
    'stack-vjp': { dialect: mixing, run: stackVjpRun(session, mixing) },
    expand: { dialect: { ...expand }, run: expandRun(session, expand) },
    'expand-vjp': { dialect: { ...expand }, run: expandVjpRun(session, expand) },
    head: { dialect: { ...head }, run: headRun(session, head) },
    'head-vjp': { dialect: { ...head }, run: headVjpRun(session, head) },
    layer: { dialect: { ...layer }, run: layerRun(session, layer) },
    'layer-vjp': { dialect: layerVjp, run: layerVjpRun(session, layer) },
    'layer-stack': { dialect: { ...layer }, run: layerStackRun(session, layer) },
    'layer-stack-vjp': { dialect: { ...layerVjp, backward: 'stored' }, run: layerStackVjpRun(session, layer) },
    'single-pass': { dialect: { ...layer }, run: singlePassRun(session, layer) },
    'single-pass-vjp': { dialect: layerVjp, run: singlePassVjpRun(session, layer) },
  };
}
