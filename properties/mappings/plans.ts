/** What the claims about the coefficient kernel ask of their inputs. */
import { streamFamilies } from '../../src/generate/families/streams.ts';
import type { InputPlan } from '../../src/generate/recipe.ts';

/** All families of streams, those at which a rounding to TF32 must decide included. */
export const allStreams: readonly string[] = Object.keys(streamFamilies);

/** Tensors small enough for a derivative whose bound costs tokens × coefficients × columns. */
export const moderate: InputPlan = { maxElements: 8192 };

/**
 * Inputs for gradients that are sums over tokens: one token without a bound would leave them all without, so the families that a bound
 * of 2T half-steps cannot carry (logits of scale 8 and more, cotangents of 10¹⁰) are left to the claims about single tokens. `zeros` is what 16-bit kernels can
 * be held to: other logits, which they may have stored, are off by too much for the derivative of Sinkhorn.
 */
export const summable: InputPlan = {
  maxElements: 8192,
  parameters: ['usual', 'picking', 'static', 'integers', 'zeros', 'initial'],
  streams: ['normal', 'integers', 'identical-streams', 'one-hot-stream', 'magnitude-ratio', 'large'],
  cotangents: ['normal', 'one-hot', 'rank-one', 'integers'],
};
