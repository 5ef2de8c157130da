/**
 * Claims about both ends of the streams:
 * copies: every first stream is the hidden state, bit for bit (or stream 0 alone, and the others are zero);
 * sum: the gradient of the hidden state is the sum of those of its copies, here in f64;
 * hull: the mixes of the head lie in [ε, 1 + ε], so that its result lies between what the negative and what the positive streams can give;
 * gates: with α = 0 and biases shut or open the mixes are ε and 1 + ε.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import type { ExpandDialect, HeadDialect } from '../../src/operations/layers/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import type { Values } from '../../src/operations/operation.ts';
import { roundTo } from '../../src/tensor/codecs.ts';
import { sublayers } from './plans.ts';
import { shut } from './static.ts';

export const expandCopies = defineProperty<ExpandDialect>({
  id: 'layers/expand-copies',
  operation: 'expand',
  claim: 'The first streams are copies of the hidden state.',
  class: 'bitwise',
  usesReference: false,
  inputs: {},
  power: [],
  async check(context) {
    const { kernel, sizes: { streams: n, channels } } = context;
    const measured = (await context.run(context.inputs))['streams']!;
    const bounded = context.bounded(context.inputs);
    const hidden = context.inputs['hidden']!.map(roundTo[kernel.dtypes['streams']!]);
    const judge = context.judge();
    measured.forEach((value, index) => {
      const token = Math.floor(index / (n * channels));
      if (bounded.certified[token] === 0) return;
      const copied = kernel.dialect.copies === 'all' || Math.floor(index / channels) % n === 0;
      const expected = copied ? hidden[token * channels + (index % channels)]! : 0;
      // a subnormal may have been read as zero
      if (bounded.errors['streams']![index]! > 0 && value === 0) return;
      judge.same(token, value, expected, 'streams', index, () => 'stream − hidden state');
    });
    return judge.finish();
  },
});

export const expandGradientSum = defineProperty<ExpandDialect>({
  id: 'layers/expand-gradient-sum',
  operation: 'expand-vjp',
  claim: 'The gradient of the hidden state is the sum of the gradients of its copies.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { kernel, sizes: { streams: n, channels } } = context;
    const measured = (await context.run(context.inputs))['hiddenGradient']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    measured.forEach((value, index) => {
      const token = Math.floor(index / channels);
      if (bounded.certified[token] === 0) return;
      const terms = Array.from({ length: kernel.dialect.copies === 'all' ? n : 1 }, (_, i) => context.inputs['cotangent']![(token * n + i) * channels + (index % channels)]!);
      const magnitude = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      const bound = bounded.errors['hiddenGradient']![index]! + evaluationError(n, magnitude);
      judge.atMost(token, value - terms.reduce((sum, term) => sum + term, 0), bound, 'hiddenGradient', index, () => 'gradient − sum over the copies');
    });
    return judge.finish();
  },
});

export const headHull = defineProperty<HeadDialect>({
  id: 'layers/head-hull',
  operation: 'head',
  claim: 'The head weights every stream with a number from ε to 1 + ε.',
  class: 'exact',
  usesReference: false,
  inputs: sublayers,
  power: [],
  async check(context) {
    const { kernel: { dialect: { preEpsilon } }, sizes: { streams: n, channels } } = context;
    const measured = (await context.run(context.inputs))['collapsed']!;
    const bounded = context.bounded(context.inputs);
    const judge = context.judge();
    measured.forEach((value, index) => {
      const token = Math.floor(index / channels);
      const error = bounded.errors['collapsed']![index]!;
      if (bounded.certified[token] === 0 || !(error < Infinity)) return;
      let [low, high, magnitude] = [0, 0, 0];
      for (let i = 0; i < n; i++) {
        const x = context.inputs['streams']![(token * n + i) * channels + (index % channels)]!;
        low += (x < 0 ? 1 + preEpsilon : preEpsilon) * x;
        high += (x < 0 ? preEpsilon : 1 + preEpsilon) * x;
        magnitude += 2 * Math.abs(x);
      }
      const outside = value > high ? value - high : value < low ? value - low : Number.isNaN(value) ? NaN : 0;
      judge.atMost(token, outside, error + evaluationError(n + 2, magnitude), 'collapsed', index, () => `${value} is outside ${low} … ${high}`);
    });
    return judge.finish();
  },
});

export const headGates = defineProperty<HeadDialect>({
  id: 'layers/head-gates',
  operation: 'head',
  claim: 'With a scale of zero and biases that shut or open the gates the head’s mixes are ε and 1 + ε.',
  class: 'exact',
  usesReference: false,
  inputs: { ...sublayers, streams: ['normal', 'integers', 'magnitude-ratio', 'identical-streams'] },
  power: ['lower-precision'],
  notApplicable: ({ arithmetic }) => (arithmetic.sigmoid !== undefined && arithmetic.sigmoid.absolute > 0 ? 'the declared sigmoid has an absolute error: a gate need not close' : undefined),
  async check(context) {
    const { kernel: { dialect: { preEpsilon } }, sizes: { streams: n, channels } } = context;
    const random = tokenRandom(context, 'gates', 0);
    const open = Array.from({ length: n }, () => random.below(3) === 0);
    const inputs: Values = { ...context.inputs, headScale: new Float64Array(1), headBiases: Float64Array.from(open, (is) => (is ? -shut : shut)) };
    const measured = (await context.run(inputs))['collapsed']!;
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    measured.forEach((value, index) => {
      const token = Math.floor(index / channels);
      const error = bounded.errors['collapsed']![index]!;
      if (bounded.certified[token] === 0 || !(error < Infinity)) return;
      let [expected, magnitude] = [0, 0];
      for (let i = 0; i < n; i++) {
        const term = ((open[i]! ? 1 : 0) + preEpsilon) * inputs['streams']![(token * n + i) * channels + (index % channels)]!;
        expected += term;
        magnitude += Math.abs(term);
      }
      judge.atMost(token, value - expected, error + evaluationError(n + 2, magnitude), 'collapsed', index, () => 'collapse − Σ of the open streams');
    });
    return judge.finish();
  },
});
