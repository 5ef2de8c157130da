/** Whole sublayers as kernels: one, several, and several that read with the previous one's pre mapping, each with its derivative. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { Read } from '../../operations/layers/chain.ts';
import type { LayerVjpDialect } from '../../operations/layers/dialect.ts';
import type { OperationId, Sizes } from '../../operations/operation.ts';
import { chainParts } from './chain.ts';
import { chainVjpParts } from './chain-vjp.ts';
import type { WebgpuKernel } from './kernel.ts';
import { coefficientCount } from './mappings.ts';
import { perCall, perToken, planOf, type PartSizes } from './part.ts';
import type { GpuDtype, Plan, PlanBuffer } from './plan.ts';

/** What an operation calls its parameters. */
interface ParameterNames {
  readonly projection: string;
  readonly scales: string;
  readonly biases: string;
  readonly normWeight: string;
  readonly innerWeight: string;
}

const ofOne: ParameterNames = { projection: 'projection', scales: 'scales', biases: 'biases', normWeight: 'normWeight', innerWeight: 'innerWeight' };
const ofSeveral: ParameterNames = { projection: 'projections', scales: 'scales', biases: 'biases', normWeight: 'normWeights', innerWeight: 'innerWeights' };

/** The operations on whole sublayers. */
export function sublayerKernels({ derivative, ...dialect }: LayerVjpDialect, storage: GpuDtype, arithmetic: ArithmeticInput): Partial<Record<OperationId, WebgpuKernel>> {
  const f32 = (names: readonly string[]): Pick<WebgpuKernel, 'dtypes'> => (storage === 'f32' ? {} : { dtypes: Object.fromEntries(names.map((name) => [name, 'f32' as const])) });
  const partSizes = ({ streams, channels }: Sizes): PartSizes => ({ n: streams, channels, dtype: storage });
  const streamsOf = ({ streams, channels }: Sizes, role: PlanBuffer['role']): PlanBuffer => perToken(role, streams * channels, storage);

  const forward = (names: ParameterNames, read: Read, outputs: { final: string; collapsed?: string }): WebgpuKernel => ({
    dialect: { ...dialect },
    arithmetic,
    ...f32(Object.values(names)),
    plan(sizes) {
      const depth = names === ofOne ? 1 : sizes.depth;
      const inputs = { streams: streamsOf(sizes, 'input'), ...parameterBuffers(sizes, names, depth) };
      const written = { [outputs.final]: streamsOf(sizes, 'output'), ...(outputs.collapsed === undefined ? {} : { [outputs.collapsed]: perToken('output', sizes.channels, storage) }) };
      return planOf(sizes, inputs, written, chainParts(partSizes(sizes), dialect, { depth, read }, { streams: 'streams', ...names }, outputs));
    },
  });
  const backward = (names: ParameterNames, read: Read, cotangents: { final: string; collapsed?: string }, label: Readonly<Record<string, string>> = {}): WebgpuKernel => ({
    dialect: { ...dialect, derivative, ...label },
    arithmetic,
    ...f32(Object.values(names).flatMap((name) => [name, `${name}Gradient`])),
    plan(sizes) {
      const depth = names === ofOne ? 1 : sizes.depth;
      const inputs = { streams: streamsOf(sizes, 'input'), ...parameterBuffers(sizes, names, depth) };
      const given = { [cotangents.final]: streamsOf(sizes, 'input'), ...(cotangents.collapsed === undefined ? {} : { [cotangents.collapsed]: perToken('input', sizes.channels, storage) }) };
      const outputs = Object.fromEntries(Object.entries(inputs).map(([name, buffer]) => [`${name}Gradient`, { ...buffer, role: 'output' as const }]));
      const gradients = { streams: 'streamsGradient', ...Object.fromEntries(Object.entries(names).map(([own, name]) => [own, `${name}Gradient`])) } as ParameterNames & { streams: string };
      return planOf(sizes, { ...inputs, ...given }, outputs, chainVjpParts(partSizes(sizes), { ...dialect, derivative }, { depth, read }, { streams: 'streams', ...names }, cotangents, gradients));
    },
  });
  return {
    layer: forward(ofOne, 'own', { final: 'nextStreams' }),
    'layer-stack': forward(ofSeveral, 'own', { final: 'finalStreams' }),
    'single-pass': forward(ofSeveral, 'previous', { final: 'finalStreams', collapsed: 'collapsed' }),
    'layer-vjp': backward(ofOne, 'own', { final: 'cotangent' }),
    'layer-stack-vjp': backward(ofSeveral, 'own', { final: 'cotangent' }, { backward: 'recomputed' }),
    'single-pass-vjp': backward(ofSeveral, 'previous', { final: 'finalStreamsCotangent', collapsed: 'collapsedCotangent' }),
  };
}

function parameterBuffers({ streams: n, channels }: Sizes, names: ParameterNames, depth: number): Plan['buffers'] {
  const count = coefficientCount(n);
  return {
    [names.projection]: perCall('input', depth * count * n * channels),
    [names.scales]: perCall('input', depth * 3),
    [names.biases]: perCall('input', depth * count),
    [names.normWeight]: perCall('input', depth * n * channels),
    [names.innerWeight]: perCall('input', depth * channels),
  };
}
