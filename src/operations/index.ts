import { expand, expandVjp, head, headVjp, layer, layerStack, layerStackVjp, layerVjp, singlePass, singlePassVjp } from './layers/index.ts';
import { mappings, mappingsVjp } from './mappings/index.ts';
import type { Operation, OperationId } from './operation.ts';
import { sinkhornVjp } from './sinkhorn/sinkhorn-vjp.ts';
import { sinkhorn } from './sinkhorn/sinkhorn.ts';
import { stack, stackVjp } from './stack/index.ts';
import { streamRead, streamReadVjp, streamWrite, streamWriteVjp } from './streams/index.ts';

const list = [
  sinkhorn, sinkhornVjp, mappings, mappingsVjp, streamRead, streamReadVjp, streamWrite, streamWriteVjp, stack, stackVjp,
  expand, expandVjp, head, headVjp, layer, layerVjp, layerStack, layerStackVjp, singlePass, singlePassVjp,
];

/** All operations by id. */
export const operations = Object.fromEntries(list.map((operation) => [operation.id, operation])) as unknown as Readonly<Record<OperationId, Operation>>;
