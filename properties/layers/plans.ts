/**
 * What the claims about whole sublayers ask of their inputs. Errors grow from sublayer to sublayer, and a gradient that is summed over tokens is claimed only
 * where every token's is: few tokens, few sublayers, and parameters whose logits a bound can carry.
 */
import type { InputPlan } from '../../src/generate/recipe.ts';

const parameters = ['usual', 'initial', 'static', 'one-hot'];

export const sublayers: InputPlan = { parameters, tokenCounts: [1, 2, 5, 9], channelCounts: [1, 3, 8, 31, 64], maxElements: 2 ** 13 };

export const chains: InputPlan = { parameters, tokenCounts: [1, 2, 5], channelCounts: [1, 3, 8, 64], depths: [1, 2, 3], maxElements: 2 ** 12 };

/** Gradients that are summed over tokens. */
export const summed: InputPlan = {
  ...chains,
  streams: ['normal', 'integers', 'identical-streams', 'one-hot-stream', 'magnitude-ratio', 'large'],
  cotangents: ['normal', 'one-hot', 'rank-one', 'integers'],
};

/** Coefficients that do not depend on the streams carry no error from sublayer to sublayer but that of the streams themselves. */
export const deep: InputPlan = { ...chains, parameters: ['static', 'initial'], depths: [2, 5, 8] };
