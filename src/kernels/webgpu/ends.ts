/** Both ends of the streams as kernels, each with its derivative. */
import type { ArithmeticInput } from '../../numerics/arithmetic.ts';
import type { ExpandDialect, HeadDialect } from '../../operations/layers/dialect.ts';
import type { OperationId, Sizes } from '../../operations/operation.ts';
import { expandPart, expandVjpPart } from './expand.ts';
import { headParts } from './head.ts';
import { headVjpParts } from './head-vjp.ts';
import type { WebgpuKernel } from './kernel.ts';
import { perCall, perToken, planOf, type PartSizes } from './part.ts';
import type { GpuDtype, Plan } from './plan.ts';

const names = { streams: 'streams', projection: 'headProjection', scale: 'headScale', biases: 'headBiases' };
const gradients = { streams: 'streamsGradient', projection: 'headProjectionGradient', scale: 'headScaleGradient', biases: 'headBiasesGradient' };

/** expand, head and their derivatives. */
export function endKernels(expand: ExpandDialect, head: HeadDialect, storage: GpuDtype, arithmetic: ArithmeticInput): Partial<Record<OperationId, WebgpuKernel>> {
  const f32 = ({ projection, scale, biases }: typeof names): Pick<WebgpuKernel, 'dtypes'> => (storage === 'f32' ? {} : { dtypes: Object.fromEntries([projection, scale, biases].map((name) => [name, 'f32' as const])) });
  const sizesOf = ({ streams, channels }: Sizes): PartSizes => ({ n: streams, channels, dtype: storage });
  const streamsOf = ({ streams, channels }: Sizes, role: 'input' | 'output') => perToken(role, streams * channels, storage);
  return {
    expand: {
      dialect: { ...expand },
      arithmetic,
      plan: (sizes) => planOf(sizes, { hidden: perToken('input', sizes.channels, storage) }, { streams: streamsOf(sizes, 'output') }, [expandPart(sizesOf(sizes), expand, 'hidden', 'streams')]),
    },
    'expand-vjp': {
      dialect: { ...expand },
      arithmetic,
      plan: (sizes) => planOf(sizes, { cotangent: streamsOf(sizes, 'input') }, { hiddenGradient: perToken('output', sizes.channels, storage) }, [expandVjpPart(sizesOf(sizes), expand, 'cotangent', 'hiddenGradient')]),
    },
    head: {
      dialect: { ...head },
      arithmetic,
      ...f32(names),
      plan: (sizes) => planOf(sizes, headInputs(sizes, storage), { collapsed: perToken('output', sizes.channels, storage) }, headParts(sizesOf(sizes), head, names, 'collapsed')),
    },
    'head-vjp': {
      dialect: { ...head },
      arithmetic,
      dtypes: { ...f32(names).dtypes, ...f32(gradients).dtypes },
      plan(sizes) {
        const inputs = headInputs(sizes, storage);
        const outputs = Object.fromEntries(Object.entries(inputs).map(([name, buffer]) => [`${name}Gradient`, { ...buffer, role: 'output' as const }]));
        return planOf(sizes, { ...inputs, cotangent: perToken('input', sizes.channels, storage) }, outputs, headVjpParts(sizesOf(sizes), head, names, 'cotangent', gradients));
      },
    },
  };
}

function headInputs({ streams: n, channels }: Sizes, dtype: GpuDtype): Plan['buffers'] {
  return { streams: perToken('input', n * channels, dtype), headProjection: perCall('input', n * n * channels), headScale: perCall('input', 1), headBiases: perCall('input', n) };
}
