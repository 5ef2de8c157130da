/**
 * Claims (MATHS.md K1): with the post gates shut nothing of the inner function remains, bit for bit: its weights change nothing in the forward, and get no gradient
 * in the backward. The same for a single-pass chain of one sublayer whose stream 0 is zero: it reads that stream alone, and F(0) = 0.
 *
 * Proof: 0·y = ±0, and adding ±0 changes nothing but the sign of a zero (±0 are taken as equal); every term of the weights' gradient has the factor post. Class: bitwise,
 * for kernels that return the same bits on every call.
 */
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { elementsPerToken, isClaimed, type OperationId, type Sizes, type Values } from '../../src/operations/operation.ts';
import { defineProperty, type Property, type ResolvedKernel } from '../../src/verify/property.ts';
import { chains, sublayers } from './plans.ts';
import { gatesNeverClose, withoutPost } from './static.ts';

const moderateStreams = { streams: ['normal', 'integers', 'identical-streams', 'magnitude-ratio', 'one-hot-stream'] };

function applicable(kernel: ResolvedKernel<LayerDialect>): string | undefined {
  return kernel.deterministic ? gatesNeverClose(kernel) : 'the kernel does not promise the same bits on every call';
}

function unaffected(id: string, operation: OperationId, claim: string, prepare: (inputs: Values, sizes: Sizes) => Values, plan: Property['inputs'], notApplicable: (kernel: ResolvedKernel<LayerDialect>) => string | undefined): Property {
  return defineProperty<LayerDialect>({
    id,
    operation,
    claim,
    class: 'bitwise',
    usesReference: false,
    inputs: { ...plan, ...moderateStreams },
    power: [],
    notApplicable,
    async check(context) {
      const inputs = prepare(context.inputs, context.sizes);
      const weights = Object.keys(inputs).find((name) => name.startsWith('innerWeight'))!;
      const others = { ...inputs, [weights]: inputs[weights]!.map((value) => -2 * value) };
      const [plain, other] = [await context.run(inputs), await context.run(others)];
      const bounded = context.bounded(inputs);
      const judge = context.judge();
      const port = context.kernel.operation.outputs[0]!;
      const per = elementsPerToken(port, context.sizes);
      plain[port.name]!.forEach((value, index) => {
        const token = Math.floor(index / per);
        if (isClaimed(bounded, port, token, index)) judge.atMost(token, other[port.name]![index]! - value, 0, port.name, index, () => 'result for other inner weights − result');
      });
      return judge.finish();
    },
  });
}

const shutClaim = 'With the post gates shut the inner function has no effect.';
export const pureMixing = unaffected('layers/pure-mixing', 'layer', shutClaim, withoutPost, sublayers, applicable);
export const stackPureMixing = unaffected('layers/stack-pure-mixing', 'layer-stack', shutClaim, withoutPost, chains, applicable);

export const firstRead = unaffected(
  'layers/single-pass-first-read',
  'single-pass',
  'The first sublayer of a single-pass chain reads stream 0 alone: where that is zero the inner function has no effect.',
  (inputs, { streams: n, channels }) => ({ ...inputs, streams: inputs['streams']!.map((value, at) => (Math.floor(at / channels) % n === 0 ? 0 : value)) }),
  { ...chains, depths: [1] },
  (kernel) => (kernel.deterministic ? undefined : 'the kernel does not promise the same bits on every call'),
);

export const pureMixingGradient = defineProperty<LayerDialect>({
  id: 'layers/pure-mixing-gradient',
  operation: 'layer-stack-vjp',
  claim: 'With the post gates shut the weights of the inner function get no gradient.',
  class: 'bitwise',
  usesReference: false,
  inputs: { ...chains, ...moderateStreams },
  power: [],
  notApplicable: gatesNeverClose,
  async check(context) {
    const inputs = withoutPost(context.inputs, context.sizes);
    const gradient = (await context.run(inputs))['innerWeightsGradient']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const port = context.kernel.operation.outputs.find(({ name }) => name === 'innerWeightsGradient')!;
    if (context.sizes.tokens === 0) return judge.finish();
    gradient.forEach((value, index) => {
      if (isClaimed(bounded, port, 0, index)) judge.atMost(0, value, 0, port.name, index, () => 'gradient of an inner weight behind a shut gate');
    });
    return judge.finish();
  },
});
