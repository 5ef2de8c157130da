/** The operations of mHC as WGSL kernels, with their declarations. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { OperationId, Sizes } from '../../operations/operation.ts';
import { sinkhornPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../operations/sinkhorn/dialect.ts';
import type { ScreenedFor } from '../screening.ts';
import { expandPresets, headOf, layerPresets, type ExpandDialect, type LayerDialect } from '../../operations/layers/dialect.ts';
import { endKernels } from './ends.ts';
import type { WebgpuKernel } from './kernel.ts';
import { stackPart } from './stack.ts';
import { stackVjpPart } from './stack-vjp.ts';
import { mappingsPresets, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import { coefficientCount, mappingsParts } from './mappings.ts';
import { mappingsVjpParts } from './mappings-vjp.ts';
import { perCall, perToken, planOf, type PartSizes } from './part.ts';
import type { GpuDtype, Plan } from './plan.ts';
import { sinkhornAny } from './sinkhorn-any.ts';
import { isForFour, sinkhornFour } from './sinkhorn-four.ts';
import { sinkhornVjp } from './sinkhorn-vjp.ts';
import { isVjpForFour, sinkhornVjpFour } from './sinkhorn-vjp-four.ts';
import { streamReadPart, streamReadVjpPart } from './stream-read.ts';
import { streamWritePart, streamWriteVjpPart } from './stream-write.ts';
import { sublayerKernels } from './sublayers.ts';

export { openDevice, type DeviceOptions, type GpuDevice } from './device.ts';
export { GpuFault, type GpuFaultName } from './fault.ts';
export { makeResident, type Resident } from './resident.ts';
export { runOnDevice, upload, type PlanOf } from './run.ts';
export { prepareOnDevice, type Prepared } from './timing.ts';
export { describeGpu, type GpuDescription } from './describe.ts';
export { screenOnDevice } from './screening/screen.ts';
export type { WebgpuKernel } from './kernel.ts';
export type { GpuDtype, Plan } from './plan.ts';

export interface WebgpuOptions {
  /** Default: the preset `tilekernels`. Its orientation is also that of the mixing operations. */
  readonly sinkhorn?: SinkhornDialect;
  /** Fields of the coefficient kernel besides Sinkhorn's, which `sinkhorn` decides. Default: the preset `tilekernels`. */
  readonly mappings?: Partial<Omit<MappingsDialect, keyof SinkhornDialect>>;
  /** Which streams are copies of the hidden state. Default: all. */
  readonly expand?: ExpandDialect;
  /** The inner function of whole sublayers, whose coefficients `sinkhorn` and `mappings` decide. Default: silu. */
  readonly layer?: Partial<Pick<LayerDialect, 'inner' | 'innerEpsilon'>>;
  /** Default: unrolled. */
  readonly derivative?: SinkhornVjpDialect['derivative'];
  /** The derivative of |L| at zero, for dialects that start with it; `sinkhorn-vjp` alone. Default: 0. */
  readonly slopeAtZero?: SinkhornVjpDialect['slopeAtZero'];
  /** How streams are stored, and the matrices of Sinkhorn alone; mappings and parameters are f32. Default: f32. */
  readonly storage?: GpuDtype;
}

/** The kernels by operation. */
export function webgpuKernels(options: WebgpuOptions = {}): Partial<Record<OperationId, WebgpuKernel>> {
  const { storage = 'f32', derivative = 'unrolled', slopeAtZero = 0 } = options;
  const sinkhorn = options.sinkhorn ?? sinkhornPresets['tilekernels']!;
  const backward: SinkhornVjpDialect = { ...sinkhorn, derivative, slopeAtZero };
  const mappings: MappingsDialect = { ...mappingsPresets['tilekernels']!, ...options.mappings, ...sinkhorn };
  const expand = options.expand ?? expandPresets['paper']!;
  const head = headOf(mappings);
  const layer: LayerDialect = { ...layerPresets['tilekernels']!, ...options.layer, ...mappings };
  const mixing = { orientation: sinkhorn.orientation };
  const arithmetic: ArithmeticInput = storage === 'f32' ? 'wgsl-f32' : { preset: 'wgsl-f32', source: 'wgsl-f32 between loads and stores; streams stored as bf16, rounded to nearest even (u = 2⁻⁸)', storage };
  const mappingDtypes = (...names: string[]): Pick<WebgpuKernel, 'dtypes'> => (storage === 'f32' ? {} : { dtypes: Object.fromEntries(names.map((name) => [name, 'f32' as const])) });
  const screeningFor = (...seeks: ScreenedFor[]): Pick<WebgpuKernel, 'screening'> => (storage === 'f32' && isForFour(sinkhorn) ? { screening: { seeks, dialect: sinkhorn } } : {});
  const sizesOf = ({ streams, channels }: Sizes): PartSizes => ({ n: streams, channels, dtype: storage });
  const gradientNames = ['projection', 'scales', 'biases', 'normWeight'].flatMap((name) => [name, `${name}Gradient`]);
  const mappingsVjp: WebgpuKernel = {
    dialect: { ...mappings, derivative },
    arithmetic,
    ...mappingDtypes(...gradientNames, ...mappingNames.map((name) => `${name}Cotangent`)),
    plan(sizes) {
      const inputs = mappingInputs(sizes, storage);
      const outputs = Object.fromEntries(Object.entries(inputs).map(([name, buffer]) => [`${name}Gradient`, { ...buffer, role: 'output' as const }]));
      const cotangents = mappingNames.map((name) => `${name}Cotangent`) as [string, string, string];
      const gradients = { streams: 'streamsGradient', projection: 'projectionGradient', scales: 'scalesGradient', biases: 'biasesGradient', normWeight: 'normWeightGradient' };
      return planOf(sizes, { ...inputs, ...mappingTensors(sizes, 'input', 'Cotangent') }, outputs, mappingsVjpParts(sizesOf(sizes), { ...mappings, derivative }, parameterNames, cotangents, gradients));
    },
  };
  return {
    sinkhorn: {
      dialect: { ...sinkhorn },
      arithmetic,
      plan: (sizes) => (sizes.streams === 4 && isForFour(sinkhorn) ? sinkhornFour : sinkhornAny)(sinkhorn, storage, sizes),
      ...screeningFor('line-sums', 'positivity', 'cross-ratios'),
    },
    'sinkhorn-vjp': {
      dialect: { ...backward },
      arithmetic,
      plan: (sizes) => (sizes.streams === 4 && isVjpForFour(backward) ? sinkhornVjpFour : sinkhornVjp)(backward, storage, sizes),
      ...(derivative === 'unrolled' ? screeningFor('gradient-sums') : {}),
    },
    mappings: {
      dialect: { ...mappings },
      arithmetic,
      ...mappingDtypes('projection', 'scales', 'biases', 'normWeight', ...mappingNames),
      plan(sizes) {
        return planOf(sizes, mappingInputs(sizes, storage), mappingTensors(sizes, 'output', ''), mappingsParts(sizesOf(sizes), mappings, parameterNames, mappingNames));
      },
    },
    'mappings-vjp': mappingsVjp,
    'stream-read': {
      dialect: {},
      arithmetic,
      ...mappingDtypes('preMapping'),
      plan(sizes) {
        const { streams: n, channels } = sizes;
        const inputs = { preMapping: perToken('input', n), streams: perToken('input', n * channels, storage) };
        return planOf(sizes, inputs, { layerInput: perToken('output', channels, storage) }, [streamReadPart(sizesOf(sizes), 'preMapping', 'streams', 'layerInput')]);
      },
    },
    'stream-read-vjp': {
      dialect: {},
      arithmetic,
      ...mappingDtypes('preMapping', 'preMappingGradient'),
      plan(sizes) {
        const { streams: n, channels } = sizes;
        const inputs = { preMapping: perToken('input', n), streams: perToken('input', n * channels, storage), cotangent: perToken('input', channels, storage) };
        const outputs = { preMappingGradient: perToken('output', n), streamsGradient: perToken('output', n * channels, storage) };
        return planOf(sizes, inputs, outputs, [streamReadVjpPart(sizesOf(sizes), ['preMapping', 'streams', 'cotangent', 'preMappingGradient', 'streamsGradient'])]);
      },
    },
    'stream-write': {
      dialect: mixing,
      arithmetic,
      ...mappingDtypes('residualMapping', 'postMapping'),
      plan(sizes) {
        const inputs = writeInputs(sizes, storage);
        return planOf(sizes, inputs, { nextStreams: perToken('output', sizes.streams * sizes.channels, storage) }, [streamWritePart(sizesOf(sizes), mixing, writeNames, 'nextStreams')]);
      },
    },
    stack: {
      dialect: mixing,
      arithmetic,
      ...mappingDtypes('residualMappings', 'composite'),
      plan(sizes) {
        const { streams: n, channels, depth } = sizes;
        const inputs = { residualMappings: perToken('input', depth * n * n), streams: perToken('input', n * channels, storage) };
        const outputs = { composite: perToken('output', n * n), finalStreams: perToken('output', n * channels, storage) };
        return planOf(sizes, inputs, outputs, [stackPart(sizesOf(sizes), mixing, ['residualMappings', 'streams', 'composite', 'finalStreams'])]);
      },
    },
    'stack-vjp': {
      dialect: mixing,
      arithmetic,
      ...mappingDtypes('residualMappings', 'residualMappingsGradient'),
      plan(sizes) {
        const { streams: n, channels, depth } = sizes;
        const inputs = { residualMappings: perToken('input', depth * n * n), streams: perToken('input', n * channels, storage), cotangent: perToken('input', n * channels, storage) };
        const outputs = { residualMappingsGradient: perToken('output', depth * n * n), streamsGradient: perToken('output', n * channels, storage) };
        const names = { mappings: 'residualMappings', streams: 'streams', cotangent: 'cotangent', mappingsGradient: 'residualMappingsGradient', streamsGradient: 'streamsGradient' };
        return planOf(sizes, inputs, outputs, [stackVjpPart(sizesOf(sizes), depth, mixing, names)]);
      },
    },
    ...endKernels(expand, head, storage, arithmetic),
    ...sublayerKernels({ ...layer, derivative }, storage, arithmetic),
    'stream-write-vjp': {
      dialect: mixing,
      arithmetic,
      ...mappingDtypes('residualMapping', 'postMapping', 'residualMappingGradient', 'postMappingGradient'),
      plan(sizes) {
        const { streams: n, channels } = sizes;
        const inputs = { ...writeInputs(sizes, storage), cotangent: perToken('input', n * channels, storage) };
        const outputs = Object.fromEntries(Object.entries(writeInputs(sizes, storage)).map(([name, buffer]) => [`${name}Gradient`, { ...buffer, role: 'output' as const }]));
        const gradients = { residualMapping: 'residualMappingGradient', postMapping: 'postMappingGradient', streams: 'streamsGradient', layerOutput: 'layerOutputGradient' };
        return planOf(sizes, inputs, outputs, [streamWriteVjpPart(sizesOf(sizes), mixing, writeNames, 'cotangent', gradients)]);
      },
    },
  };
}

const writeNames = { residualMapping: 'residualMapping', postMapping: 'postMapping', streams: 'streams', layerOutput: 'layerOutput' };

function writeInputs({ streams: n, channels }: Sizes, dtype: GpuDtype): Plan['buffers'] {
  return { residualMapping: perToken('input', n * n), postMapping: perToken('input', n), streams: perToken('input', n * channels, dtype), layerOutput: perToken('input', channels, dtype) };
}

const parameterNames = { streams: 'streams', projection: 'projection', scales: 'scales', biases: 'biases', normWeight: 'normWeight' };
const mappingNames = ['preMapping', 'postMapping', 'residualMapping'] as const;

function mappingInputs({ streams: n, channels }: Sizes, dtype: GpuDtype): Plan['buffers'] {
  const count = coefficientCount(n);
  return {
    streams: perToken('input', n * channels, dtype),
    projection: perCall('input', count * n * channels),
    scales: perCall('input', 3),
    biases: perCall('input', count),
    normWeight: perCall('input', n * channels),
  };
}

function mappingTensors({ streams: n }: Sizes, role: 'input' | 'output', suffix: string): Plan['buffers'] {
  return Object.fromEntries(mappingNames.map((name) => [`${name}${suffix}`, perToken(role, name === 'residualMapping' ? n * n : n)]));
}
