/**
 * Claims: gradients are the derivative of the forward: ⟨ḡ_p, v⟩ = d/dh ⟨ȳ, f(p + h·v)⟩ for each input p and random directions v with entries ±1 (MATHS.md G4, B6, §6.9).
 *
 * The right side is a central difference D(h) of the f64 forward, h = 2⁻¹⁶; no gradient of ours is involved. Its error is h²·f‴/6 + …, of which |D(2h) − D(h)| is three times as much
 * as long as the series has begun to fall (streams of scale 1, logits of scale 1, a step of 10⁻⁵), and the bound of the forward in f64, divided by h. The rest is the sum of
 * the gradient's own bounds. Class: exact.
 *
 * A rounding to TF32 has no differences. So the streams and the projection are rounded to it beforehand, and norm weights, which the projection is multiplied with first, to powers of two:
 * this leaves nothing to round in the first sublayer. Where there are more, the scales are 0, which takes the projection out of the forward, and the directions are those of the streams, the biases and the inner weights.
 */
import { evaluationError } from '../evaluation.ts';
import { outsideIteration } from '../sinkhorn/form.ts';
import { tokenRandom } from '../tokens.ts';
import { resolveArithmetic } from '../../src/numerics/arithmetic.ts';
import { tf32 } from '../../src/operations/calculus/tf32.ts';
import { operations } from '../../src/operations/index.ts';
import type { HeadDialect, LayerVjpDialect } from '../../src/operations/layers/dialect.ts';
import type { OperationId, Port, Sizes, Values } from '../../src/operations/operation.ts';
import { isScaleFree } from '../../src/operations/sinkhorn/steps.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';
import { chains } from './plans.ts';

const step = 2 ** -16;
const float64 = resolveArithmetic('ieee-f64');

function derivative(id: string, operation: OperationId, forward: OperationId, power: Property['power']): Property {
  return defineProperty<LayerVjpDialect | HeadDialect>({
    id,
    operation,
    claim: 'The gradients are the derivative of the forward, in random directions.',
    class: 'exact',
    usesReference: false,
    inputs: { ...chains, parameters: ['usual', 'initial', 'static'], streams: ['normal', 'integers', 'identical-streams'], cotangents: ['normal', 'one-hot', 'rank-one', 'integers'], maxElements: 2 ** 11 },
    power,
    notApplicable: ({ dialect }) => ('derivative' in dialect ? notDifferences(dialect) : undefined),
    async check(context) {
      const { kernel, sizes } = context;
      const rounded = kernel.dialect.projectionRounding !== 'exact';
      const inputs = rounded ? withoutRoundings(context.inputs, sizes) : context.inputs;
      const output = await context.run(inputs);
      const { errors } = context.bounded(inputs);
      const judge = context.judge();
      if (sizes.tokens === 0) return judge.finish();
      const dialect = forwardDialect(kernel.dialect);
      const paired = (given: Values): { value: number; error: number } => pairing(forward, given, sizes, dialect);
      const ports = kernel.operation.inputs.filter(({ role, name }) => role !== 'cotangent' && moves(name, rounded, sizes));
      for (const port of ports) {
        const v = direction(context.inputs[port.name]!, tokenRandom(context, `direction ${port.name}`, 0));
        const at = (h: number): { value: number; error: number } => paired({ ...inputs, [port.name]: inputs[port.name]!.map((value, k) => value + h * v[k]!) });
        const [up, down, up2, down2] = [at(step), at(-step), at(2 * step), at(-2 * step)];
        const near = (up.value - down.value) / (2 * step);
        const far = (up2.value - down2.value) / (4 * step);
        const own = (up.error + down.error + up2.error + down2.error) / step + Math.abs(far - near);
        let [product, bound, magnitude] = [0, own, 0];
        const name = `${port.name}Gradient`;
        output[name]!.forEach((value, k) => {
          product += v[k]! * value;
          magnitude += Math.abs(value);
          bound += errors[name]![k]!;
        });
        if (!(bound < Infinity)) continue;
        judge.atMost(0, product - near, bound + evaluationError(output[name]!.length + 2, magnitude), name, 0, () => `⟨${name}, v⟩ − difference quotient of the forward`);
      }
      return judge.finish();
    },
  });
}

/** Why differences of the forward are not what the dialect calls its gradient. */
function notDifferences(dialect: LayerVjpDialect): string | undefined {
  if (dialect.derivative === 'implicit') return 'the implicit derivative is not that of the iterations';
  if (dialect.start === 'exp' && dialect.stabilisation !== 'none' && !isScaleFree(dialect)) return 'the result depends on the shift before the exponential, which carries no derivative';
  return outsideIteration(dialect); // |L| has a kink, a threshold a jump
}

/** ⟨outputs of the forward, cotangents⟩ in f64, and how far it may be from exact. */
function pairing(forward: OperationId, given: Values, sizes: Sizes, dialect: unknown): { value: number; error: number } {
  const { inputs, outputs } = operations[forward];
  const own = Object.fromEntries(inputs.map(({ name }) => [name, given[name]!]));
  const { values, errors } = operations[forward].bounded(own, sizes, dialect, float64, Object.fromEntries(outputs.map(({ name }) => [name, 'f64' as const])));
  let [value, error, magnitude] = [0, 0, 0];
  for (const port of outputs) {
    const g = given[cotangentName(port, outputs)]!;
    values[port.name]!.forEach((y, k) => {
      value += y * g[k]!;
      magnitude += Math.abs(y * g[k]!);
      error += errors[port.name]![k]! * Math.abs(g[k]!);
    });
  }
  return { value, error: error + evaluationError(2 * (values[outputs[0]!.name]?.length ?? 0), magnitude) };
}

function cotangentName(port: Port, outputs: readonly Port[]): string {
  return outputs.length === 1 ? 'cotangent' : `${port.name}Cotangent`;
}

/** The dialect of the forward, without roundings of operands. */
function forwardDialect(dialect: LayerVjpDialect | HeadDialect): unknown {
  const { derivative: _, backward: __, ...fields } = dialect as LayerVjpDialect & { backward?: string };
  return { ...fields, projectionRounding: 'exact' };
}

function withoutRoundings(inputs: Values, { depth }: Sizes): Values {
  const exact = (name: string): Float64Array => inputs[name]!.map((value) => tf32(value, 'nearest-even'));
  const names = Object.keys(inputs).filter((name) => name === 'streams' || name.toLowerCase().includes('projection'));
  const weights = Object.keys(inputs).filter((name) => name.startsWith('normWeight'));
  const prepared = { ...inputs, ...Object.fromEntries([...names.map((name) => [name, exact(name)]), ...weights.map((name) => [name, inputs[name]!.map(powerOfTwo)])]) };
  return depth > 1 ? { ...prepared, scales: new Float64Array(inputs['scales']!.length) } : prepared;
}

/** The power of two below a number, with its sign; zero, infinities and NaN as they are. */
function powerOfTwo(value: number): number {
  return value === 0 || !Number.isFinite(value) ? value : Math.sign(value) * 2 ** Math.floor(Math.log2(Math.abs(value)));
}

/** Whether the forward is smooth in an input. */
function moves(name: string, rounded: boolean, { depth }: Sizes): boolean {
  if (!rounded) return true;
  if (name === 'biases' || name === 'headBiases' || name.startsWith('innerWeight')) return true;
  if (depth > 1) return name === 'streams';
  return !name.startsWith('normWeight');
}

function direction(like: Float64Array, random: { sign(): number }): Float64Array {
  return like.map(() => random.sign());
}

export const layerDerivative = derivative('layers/derivative', 'layer-vjp', 'layer', ['transposed', 'lower-precision']);
export const stackDerivative = derivative('layers/stack-derivative', 'layer-stack-vjp', 'layer-stack', ['transposed', 'lower-precision']);
export const singlePassDerivative = derivative('layers/single-pass-derivative', 'single-pass-vjp', 'single-pass', ['transposed', 'lower-precision']);
export const headDerivative = derivative('layers/head-derivative', 'head-vjp', 'head', ['lower-precision']);
