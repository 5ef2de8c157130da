/** All operations as plain TypeScript that a reader can check against the paper, with their declarations. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import { expandPresets, headOf, layerPresets, type ExpandDialect, type LayerDialect, type StackVjpDialect } from '../../operations/layers/dialect.ts';
import { mappingsPresets, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { OperationId } from '../../operations/operation.ts';
import { sinkhornPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { expandKernel, expandVjpKernel } from './expand.ts';
import { headKernel, headVjpKernel } from './head.ts';
import type { ReferenceRun, Round } from './kernel.ts';
import { layerKernel, layerVjpKernel } from './layer.ts';
import { layerStackKernel, layerStackVjpKernel } from './layer-stack.ts';
import { mappingsKernel } from './mappings.ts';
import { mappingsVjpKernel } from './mappings-vjp.ts';
import { singlePassKernel, singlePassVjpKernel } from './single-pass.ts';
import { sinkhornKernel } from './sinkhorn.ts';
import { sinkhornVjpKernel } from './sinkhorn-vjp.ts';
import { stackKernel } from './stack.ts';
import { stackVjpKernel } from './stack-vjp.ts';
import { streamReadKernel } from './stream-read.ts';
import { streamReadVjpKernel } from './stream-read-vjp.ts';
import { streamWriteKernel } from './stream-write.ts';
import { streamWriteVjpKernel } from './stream-write-vjp.ts';

export type { ReferenceRun, Round } from './kernel.ts';
export { mappingsKernel, mappingsVjpKernel, sinkhornKernel, sinkhornVjpKernel, stackKernel, stackVjpKernel, streamReadKernel, streamReadVjpKernel, streamWriteKernel, streamWriteVjpKernel };

export interface ReferenceOptions {
  /** Default: the preset `tilekernels`. Its orientation is also that of the mixing operations. */
  readonly sinkhorn?: SinkhornDialect;
  /** Fields of the coefficient kernel besides Sinkhorn's, which `sinkhorn` decides. Default: the preset `tilekernels`. */
  readonly mappings?: Partial<Omit<MappingsDialect, keyof SinkhornDialect>>;
  /** Which streams are copies of the hidden state. Default: all. */
  readonly expand?: ExpandDialect;
  /** The inner function of whole sublayers, whose coefficients `sinkhorn` and `mappings` decide. Default: silu. */
  readonly layer?: Partial<Pick<LayerDialect, 'inner' | 'innerEpsilon'>>;
  /** Whether the backward of a stack keeps or recomputes. Default: keeps. */
  readonly backward?: StackVjpDialect['backward'];
  /** Default: unrolled. */
  readonly derivative?: SinkhornVjpDialect['derivative'];
  /** Applied after every arithmetic operation. Default: `Math.fround`. */
  readonly round?: Round;
  /** Dtype of the outputs (inputs may have any). Default: f32. */
  readonly storage?: Dtype;
  /** What the kernels declare; by default the IEEE arithmetic that the storage asks for. Say it where `round` is another. */
  readonly arithmetic?: ArithmeticInput;
}

/** A kernel's declaration; fits `KernelDeclaration`. */
export interface ReferenceDeclaration {
  readonly dialect: Readonly<Record<string, unknown>>;
  readonly arithmetic: ArithmeticInput;
  readonly run: ReferenceRun;
}

const declared: Record<Dtype, string> = { f32: 'ieee-f32', f64: 'ieee-f64', bf16: 'bf16-storage', f16: 'f16-storage' };

/** The reference kernels. For f64 throughout give `round: (x) => x` and `storage: 'f64'`. */
export function referenceKernels(options: ReferenceOptions = {}): Record<OperationId, ReferenceDeclaration> {
  const { derivative = 'unrolled', round = Math.fround, storage = 'f32' } = options;
  const arithmetic = options.arithmetic ?? declared[storage];
  const sinkhorn = options.sinkhorn ?? sinkhornPresets['tilekernels']!;
  const sinkhornVjp: SinkhornVjpDialect = { ...sinkhorn, derivative };
  const mappings: MappingsDialect = { ...mappingsPresets['tilekernels']!, ...options.mappings, ...sinkhorn };
  const mappingsVjp = { ...mappings, derivative };
  const layer: LayerDialect = { ...layerPresets['tilekernels']!, ...options.layer, ...mappings };
  const layerVjp = { ...layer, derivative };
  const layerStackVjp = { ...layerVjp, backward: options.backward ?? ('stored' as const) };
  const expand = options.expand ?? expandPresets['paper']!;
  const head = headOf(mappings);
  const mixing = { orientation: sinkhorn.orientation };
  return {
    sinkhorn: { dialect: { ...sinkhorn }, arithmetic, run: sinkhornKernel(sinkhorn, round, storage) },
    'sinkhorn-vjp': { dialect: { ...sinkhornVjp }, arithmetic, run: sinkhornVjpKernel(sinkhornVjp, round, storage) },
    mappings: { dialect: { ...mappings }, arithmetic, run: mappingsKernel(mappings, round, storage) },
    'mappings-vjp': { dialect: { ...mappingsVjp }, arithmetic, run: mappingsVjpKernel(mappingsVjp, round, storage) },
    'stream-read': { dialect: {}, arithmetic, run: streamReadKernel(round, storage) },
    'stream-read-vjp': { dialect: {}, arithmetic, run: streamReadVjpKernel(round, storage) },
    'stream-write': { dialect: mixing, arithmetic, run: streamWriteKernel(mixing, round, storage) },
    'stream-write-vjp': { dialect: mixing, arithmetic, run: streamWriteVjpKernel(mixing, round, storage) },
    stack: { dialect: mixing, arithmetic, run: stackKernel(mixing, round, storage) },
    'stack-vjp': { dialect: mixing, arithmetic, run: stackVjpKernel(mixing, round, storage) },
    expand: { dialect: { ...expand }, arithmetic, run: expandKernel(expand, storage) },
    'expand-vjp': { dialect: { ...expand }, arithmetic, run: expandVjpKernel(expand, round, storage) },
    head: { dialect: { ...head }, arithmetic, run: headKernel(head, round, storage) },
    'head-vjp': { dialect: { ...head }, arithmetic, run: headVjpKernel(head, round, storage) },
    layer: { dialect: { ...layer }, arithmetic, run: layerKernel(layer, round, storage) },
    'layer-vjp': { dialect: { ...layerVjp }, arithmetic, run: layerVjpKernel(layerVjp, round, storage) },
    'layer-stack': { dialect: { ...layer }, arithmetic, run: layerStackKernel(layer, round, storage) },
    'layer-stack-vjp': { dialect: { ...layerStackVjp }, arithmetic, run: layerStackVjpKernel(layerStackVjp, round, storage) },
    'single-pass': { dialect: { ...layer }, arithmetic, run: singlePassKernel(layer, round, storage) },
    'single-pass-vjp': { dialect: { ...layerVjp }, arithmetic, run: singlePassVjpKernel(layerVjp, round, storage) },
  };
}
