/**
 * Claims about stacks whose coefficients do not depend on the streams and whose post gates are shut. Then x_D = E_{D−1}···E_0·x and the gradient goes back through the
 * transposes, with E_l the mapping of the biases alone:
 * product: the result is that product, and no larger than its Amax gain, max row sum, times the streams (MATHS.md K8);
 * scaling: it is linear: f(2^k·x) = 2^k·f(x), bit for bit;
 * sum: Σ_j x̄_j is the cotangent's sum weighted by the product's row sums (B5): where effective rows are exact the component along the mean is conserved;
 * no gradient: ∂t = α·∂z = 0, so that the projections get none.
 *
 * E_l comes from the f64 Sinkhorn of the biases (within 2⁻⁴⁰ of exact at these sizes, which the bound of sinkhorn in f64 gives and adds), the product from n additions a sublayer.
 */
import { evaluationError } from '../evaluation.ts';
import { propagate } from '../depth/layers.ts';
import { effectiveMapping } from '../streams/mixing.ts';
import { tokenRandom } from '../tokens.ts';
import { resolveArithmetic } from '../../src/numerics/arithmetic.ts';
import { operations } from '../../src/operations/index.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { sinkhornOf } from '../../src/operations/mappings/dialect.ts';
import { isClaimed, type OperationId, type Sizes, type Values } from '../../src/operations/operation.ts';
import { maxFinite, minNormal } from '../../src/tensor/dtype.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';
import { chains, deep } from './plans.ts';
import { gatesNeverClose, shut, withStatic } from './static.ts';

const plan = { ...deep, parameters: ['usual', 'initial', 'integers'], streams: ['normal', 'integers', 'identical-streams', 'one-hot-stream', 'magnitude-ratio'] };

/** The same inputs with α = 0 and post shut. */
function mixingOnly(inputs: Values, sizes: Sizes): Values {
  const n = sizes.streams;
  return withStatic(inputs, sizes, (_, j) => (j >= n && j < 2 * n ? shut : undefined));
}

/** E_0 … E_{D−1}, and how far the largest entry of any may be from exact. */
function mappingsOf(inputs: Values, { streams: n }: Sizes, depth: number, dialect: LayerDialect): { layers: Float64Array[]; doubt: number } {
  const count = n * n + 2 * n;
  const logits = new Float64Array(depth * n * n);
  for (let l = 0; l < depth; l++) logits.set(inputs['biases']!.subarray(l * count + 2 * n, (l + 1) * count), l * n * n);
  const sinkhorn = operations.sinkhorn.bounded({ logits }, { tokens: depth, streams: n, channels: 1, depth: 1 }, sinkhornOf(dialect), resolveArithmetic('ieee-f64'), { residualMapping: 'f64' });
  const doubt = sinkhorn.errors['residualMapping']!.reduce((most, error) => Math.max(most, error), 0);
  return { layers: Array.from({ length: depth }, (_, l) => effectiveMapping(sinkhorn.values['residualMapping']!, l * n * n, n, dialect)), doubt };
}

function product(id: string, operation: OperationId, output: string): Property {
  return defineProperty<LayerDialect>({
    id,
    operation,
    claim: 'With static coefficients and the post gates shut the result is the product of the mappings and the streams, and gains no more than the row sums allow.',
    class: 'exact',
    usesReference: false,
    inputs: plan,
    power: ['transposed', 'lower-precision'],
    notApplicable: gatesNeverClose,
    async check(context) {
      const { tokens, streams: n, channels, depth } = context.sizes;
      const inputs = mixingOnly(context.inputs, context.sizes);
      const measured = (await context.run(inputs))[output]!;
      const bounded = context.bounded(inputs);
      const { layers, doubt } = mappingsOf(inputs, context.sizes, depth, context.kernel.dialect);
      const judge = context.judge();
      for (let token = 0; token < tokens; token++) {
        if (bounded.certified[token] === 0) continue;
        for (let c = 0; c < channels; c++) {
          const x = Float64Array.from({ length: n }, (_, i) => inputs['streams']![(token * n + i) * channels + c]!);
          const { values, magnitudes } = propagate(layers, x, false);
          const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const rowSums = propagate(layers, new Float64Array(n).fill(1), false).values;
          const gain = rowSums.reduce((most, value) => Math.max(most, value), 0) * largest;
          // each of n·D entries that is off by `doubt` is carried on by mappings whose row sums are at most n·(1 + doubt)
          const carried = doubt * n * depth * (n * (1 + doubt)) ** Math.max(depth - 1, 0) * largest;
          for (let i = 0; i < n; i++) {
            const index = (token * n + i) * channels + c;
            const error = bounded.errors[output]![index]!;
            if (!(error < Infinity)) continue;
            const own = error + carried + evaluationError(depth * (n + 1), magnitudes[i]! + gain);
            judge.atMost(token, measured[index]! - values[i]!, own, output, index, () => 'final streams − product of the mappings · streams');
            judge.atMost(token, Math.max(0, Math.abs(measured[index]!) - gain), own, output, index, () => `|${measured[index]}| is above the gain ${gain}`);
          }
        }
      }
      return judge.finish();
    },
  });
}

export const staticProduct = product('layers/static-product', 'layer-stack', 'finalStreams');
export const layerStaticProduct = product('layers/layer-static-product', 'layer', 'nextStreams');

export const staticScaling = defineProperty<LayerDialect>({
  id: 'layers/static-scaling',
  operation: 'layer-stack',
  claim: 'With static coefficients and the post gates shut a stack commutes with powers of two, bit for bit.',
  class: 'bitwise',
  usesReference: false,
  inputs: { ...plan, streams: ['normal', 'integers', 'identical-streams'] },
  power: [],
  notApplicable(kernel) {
    if (kernel.arithmetic.storage === 'f16') return 'what is stored between sublayers may be subnormal in f16';
    return kernel.deterministic ? gatesNeverClose(kernel) : 'the kernel does not promise the same bits on every call';
  },
  async check(context) {
    const { kernel, sizes } = context;
    const inputs = mixingOnly(context.inputs, sizes);
    const exponent = tokenRandom(context, 'power of two', 0).integer(1, 4);
    const scaled = { ...inputs, streams: inputs['streams']!.map((value) => value * 2 ** exponent) };
    const [plain, other] = [(await context.run(inputs))['finalStreams']!, (await context.run(scaled))['finalStreams']!];
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const per = sizes.streams * sizes.channels;
    const { compute } = kernel.arithmetic;
    // products of D mappings and a stream keep away from subnormals and from the largest number
    const least = Math.max(minNormal[compute] * 2 ** 60, 2 * minNormal[kernel.dtypes['finalStreams']!]);
    plain.forEach((value, index) => {
      const token = Math.floor(index / per);
      const x = inputs['streams']!.subarray(token * per, (token + 1) * per);
      const inRange = x.every((entry) => entry === 0 || (Math.abs(entry) > least && Math.abs(entry) * 2 ** exponent * sizes.streams ** (sizes.depth + 1) < maxFinite[kernel.dtypes['finalStreams']!]));
      if (bounded.certified[token] === 0 || !inRange || Math.abs(value) < least) return;
      judge.atMost(token, other[index]! - value * 2 ** exponent, 0, 'finalStreams', index, () => `result for streams × 2^${exponent} − result × 2^${exponent}`);
    });
    return judge.finish();
  },
});

export const staticGradientSum = defineProperty<LayerDialect>({
  id: 'layers/static-gradient-sum',
  operation: 'layer-stack-vjp',
  claim: 'With static coefficients and the post gates shut the gradient, summed over the streams, is the cotangent weighted by the row sums of the product.',
  class: 'exact',
  usesReference: false,
  inputs: { ...plan, cotangents: ['normal', 'one-hot', 'rank-one', 'integers', 'row-constant'] },
  power: ['lower-precision'],
  notApplicable: gatesNeverClose,
  async check(context) {
    const { tokens, streams: n, channels, depth } = context.sizes;
    const inputs = mixingOnly(context.inputs, context.sizes);
    const gradient = (await context.run(inputs))['streamsGradient']!;
    const bounded = context.bounded(inputs);
    const { layers, doubt } = mappingsOf(inputs, context.sizes, depth, context.kernel.dialect);
    const sums = propagate(layers, new Float64Array(n).fill(1), false);
    const carried = doubt * n * depth * (n * (1 + doubt)) ** Math.max(depth - 1, 0);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      if (bounded.certified[token] === 0) continue;
      for (let c = 0; c < channels; c++) {
        let [difference, bound, magnitude] = [0, 0, 0];
        for (let i = 0; i < n; i++) {
          const index = (token * n + i) * channels + c;
          const cotangent = inputs['cotangent']![index]!;
          difference += gradient[index]! - sums.values[i]! * cotangent;
          bound += bounded.errors['streamsGradient']![index]! + carried * Math.abs(cotangent);
          magnitude += Math.abs(gradient[index]!) + sums.magnitudes[i]! * Math.abs(cotangent);
        }
        if (!(bound < Infinity)) continue;
        bound += evaluationError(depth * (n + 1) + 3 * n, magnitude);
        judge.atMost(token, difference, bound, 'streamsGradient', token * n * channels + c, () => `channel ${c}: sum of the gradient − weighted sum of the cotangent`);
      }
    }
    return judge.finish();
  },
});

export const staticProjections = defineProperty<LayerDialect>({
  id: 'layers/static-projections',
  operation: 'layer-stack-vjp',
  claim: 'With scales of zero the projections get no gradient.',
  class: 'bitwise',
  usesReference: false,
  inputs: { ...chains, streams: ['normal', 'integers', 'one-hot-stream'], cotangents: ['normal', 'one-hot', 'integers'] },
  power: [],
  async check(context) {
    const inputs = withStatic(context.inputs, context.sizes, () => undefined);
    const gradient = (await context.run(inputs))['projectionsGradient']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const port = context.kernel.operation.outputs.find(({ name }) => name === 'projectionsGradient')!;
    if (context.sizes.tokens === 0) return judge.finish();
    gradient.forEach((value, index) => {
      if (isClaimed(bounded, port, 0, index)) judge.atMost(0, value, 0, port.name, index, () => 'gradient of a projection behind a scale of zero');
    });
    return judge.finish();
  },
});
