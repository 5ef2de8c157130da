/**
 * Claims about who reads with whose pre mapping in a single-pass chain (MHC.md §1.4). One kernel shows nothing of it; the chain does:
 * last pre: what the last sublayer predicts for its pre makes the final collapse and nothing else: other numbers there leave the final streams, bit for bit;
 * collapse: with that pre open on stream k alone (static) the collapse is (1 + ε)·x_k + ε·Σ_{j≠k} x_j of the final streams that the same call returned;
 * gradient: no cotangent of the collapse means no gradient for the last sublayer's pre: the rows and biases of its block get zeros.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { isClaimed, type Sizes, type Values } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { chains, summed } from './plans.ts';
import { gatesNeverClose, shut } from './static.ts';

/** Inputs with other biases for some coefficients of the last sublayer. */
function withLastPre(inputs: Values, { streams: n, depth }: Sizes, change: (value: number, stream: number) => number): Values {
  const from = (depth - 1) * (n * n + 2 * n);
  return { ...inputs, biases: inputs['biases']!.map((value, at) => (at >= from && at < from + n ? change(value, at - from) : value)) };
}

export const lastPre = defineProperty<LayerDialect>({
  id: 'layers/single-pass-last-pre',
  operation: 'single-pass',
  claim: 'The last sublayer of a single-pass chain reads with the previous pre: its own has no effect on the final streams.',
  class: 'bitwise',
  usesReference: false,
  inputs: chains,
  power: [],
  notApplicable: (kernel) => (kernel.deterministic ? undefined : 'the kernel does not promise the same bits on every call'),
  async check(context) {
    const inputs = withLastPre(context.inputs, context.sizes, (value, i) => value + (i % 2 === 0 ? 3 : -3));
    const [plain, other] = [(await context.run(context.inputs))['finalStreams']!, (await context.run(inputs))['finalStreams']!];
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    const port = context.kernel.operation.outputs[0]!;
    const per = context.sizes.streams * context.sizes.channels;
    plain.forEach((value, index) => {
      const token = Math.floor(index / per);
      if (isClaimed(bounded, port, token, index)) judge.same(token, other[index]!, value, 'finalStreams', index, () => "final streams for another pre of the last sublayer");
    });
    return judge.finish();
  },
});

export const collapseOfLast = defineProperty<LayerDialect>({
  id: 'layers/single-pass-collapse',
  operation: 'single-pass',
  claim: 'The final collapse of a single-pass chain uses the last sublayer’s pre.',
  class: 'exact',
  usesReference: false,
  inputs: { ...chains, streams: ['normal', 'integers', 'magnitude-ratio', 'one-hot-stream'] },
  power: ['lower-precision'],
  notApplicable: gatesNeverClose,
  async check(context) {
    const { kernel: { dialect }, sizes } = context;
    const { tokens, streams: n, channels, depth } = sizes;
    const k = tokenRandom(context, 'open stream', 0).below(n);
    const open = withLastPre(context.inputs, sizes, (_, i) => (i === k ? -shut : shut));
    const scales = context.inputs['scales']!.map((value, at) => (at === (depth - 1) * 3 ? 0 : value));
    const inputs = { ...open, scales };
    const { finalStreams, collapsed } = (await context.run(inputs)) as Record<string, Float64Array>;
    const { errors } = context.bounded(inputs);
    const judge = context.judge();
    for (let token = 0; token < tokens; token++) {
      for (let c = 0; c < channels; c++) {
        let [expected, bound, magnitude] = [0, errors['collapsed']![token * channels + c]!, 0];
        for (let i = 0; i < n; i++) {
          const at = (token * n + i) * channels + c;
          const weight = (i === k ? 1 : 0) + dialect.preEpsilon;
          expected += weight * finalStreams![at]!;
          magnitude += weight * Math.abs(finalStreams![at]!);
          bound += weight * errors['finalStreams']![at]!;
        }
        const index = token * channels + c;
        if (bound < Infinity) judge.atMost(token, collapsed![index]! - expected, bound + evaluationError(n + 2, magnitude), 'collapsed', index, () => `collapse − stream ${k} of the final streams`);
      }
    }
    return judge.finish();
  },
});

export const lastPreGradient = defineProperty<LayerDialect>({
  id: 'layers/single-pass-last-pre-gradient',
  operation: 'single-pass-vjp',
  claim: 'Without a cotangent of the collapse the last sublayer’s pre gets no gradient.',
  class: 'bitwise',
  usesReference: false,
  inputs: summed,
  power: [],
  async check(context) {
    const { streams: n, depth, tokens } = context.sizes;
    const inputs = { ...context.inputs, collapsedCotangent: new Float64Array(context.inputs['collapsedCotangent']!.length) };
    const gradient = (await context.run(inputs))['biasesGradient']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const port = context.kernel.operation.outputs.find(({ name }) => name === 'biasesGradient')!;
    const from = (depth - 1) * (n * n + 2 * n);
    for (let index = from; index < from + n; index++) {
      if (tokens > 0 && isClaimed(bounded, port, 0, index)) judge.atMost(0, gradient[index]!, 0, port.name, index, () => 'gradient of a bias of the last pre');
    }
    return judge.finish();
  },
});
