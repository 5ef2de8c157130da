/**
 * The workloads that need no configuration: sizes of published models. Paper (arXiv 2512.24880): 3B, 9B and 27B of widths 1280, 1920 and 2560, sequences of 4096. DeepSeek-V4
 * (arXiv 2606.19348): Flash 4096 wide, Pro 7168 wide. All have four streams. `decode` is a batch of 16 single tokens, `prefill` a sequence.
 */
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { Workload } from './workload.ts';

export const models = { 'mhc-3b': 1280, 'mhc-9b': 1920, 'mhc-27b': 2560, 'v4-flash': 4096, 'v4-pro': 7168 } as const;
const phases = { decode: 16, prefill: 4096 } as const;

const square: readonly OperationId[] = ['sinkhorn', 'sinkhorn-vjp'];
const wide: readonly OperationId[] = ['mappings', 'mappings-vjp', 'stream-read', 'stream-read-vjp', 'stream-write', 'stream-write-vjp'];

/** Sinkhorn once for each phase, as its sizes know no width; what touches the streams for each model. */
export function builtInWorkloads(): Workload[] {
  const at = (operation: OperationId, name: string, tokens: number, channels: number): Workload => ({
    id: `${operation}/${name}`,
    operation,
    sizes: { tokens, streams: 4, channels: operations[operation].dims.includes('channels') ? channels : 1, depth: 1 },
    origin: 'built-in',
  });
  const steps = Object.entries(phases);
  return [
    ...square.flatMap((operation) => steps.map(([phase, tokens]) => at(operation, phase, tokens, 1))),
    ...wide.flatMap((operation) => Object.entries(models).flatMap(([model, channels]) => steps.map(([phase, tokens]) => at(operation, `${model}-${phase}`, tokens, channels)))),
  ];
}
