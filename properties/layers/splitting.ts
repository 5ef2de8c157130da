/**
 * Claim: a stack is the composition of its sublayers: the lower part's result through the upper part is the whole's result (MATHS.md K7, M15).
 *
 * Proof: |ŷ₂(x̂) − ŷ| ≤ Δ₂(x̂) + Δ + |y₂(x̂) − y|, where x̂ is what the kernel returned for the lower part, Δ₂ and Δ are the operation's bounds of the upper part from x̂ and
 * of the whole, and the last term, how far the f64 function carries the lower part's error, is evaluated. Class: exact. Sees sublayers in another order, parameters
 * of another sublayer, whatever depends on how deep the stack is.
 */
import { evaluationError } from '../evaluation.ts';
import { elementsOf, type Values } from '../../src/operations/operation.ts';
import type { LayerDialect } from '../../src/operations/layers/dialect.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { deep } from './plans.ts';

export const stackSplitting = defineProperty<LayerDialect>({
  id: 'layers/stack-splitting',
  operation: 'layer-stack',
  claim: 'The lower sublayers and then the upper ones give what all of them give at once.',
  class: 'exact',
  usesReference: false,
  inputs: { ...deep, streams: ['normal', 'integers', 'identical-streams', 'magnitude-ratio', 'large'] },
  power: [], // a lower precision is as low in two parts
  async check(context) {
    const { kernel, sizes, inputs } = context;
    const { tokens, streams: n, channels, depth } = sizes;
    const judge = context.judge();
    if (depth < 2) return judge.finish();
    const cut = depth >> 1;
    const part = (from: number, to: number, streams: Float64Array): Values => {
      const parameters = kernel.operation.inputs.filter(({ dims }) => dims[0] === 'depth').map((port) => {
        const per = elementsOf(port, { ...sizes, depth: 1 });
        return [port.name, inputs[port.name]!.slice(from * per, to * per)] as const;
      });
      return { streams, ...Object.fromEntries(parameters) };
    };
    const middle = (await context.run(part(0, cut, inputs['streams']!), { depth: cut }))['finalStreams']!;
    const upper = part(cut, depth, context.round('streams', middle));
    const split = (await context.run(upper, { depth: depth - cut }))['finalStreams']!;
    const whole = (await context.run(inputs))['finalStreams']!;
    const [a, b] = [context.bounded(inputs), context.bounded(upper, { depth: depth - cut })];
    for (let index = 0; index < tokens * n * channels; index++) {
      const carried = Math.abs(b.values['finalStreams']![index]! - a.values['finalStreams']![index]!);
      const bound = a.errors['finalStreams']![index]! + b.errors['finalStreams']![index]! + carried;
      if (!(bound < Infinity)) continue;
      const magnitude = Math.abs(split[index]!) + Math.abs(whole[index]!) + carried;
      judge.atMost(Math.floor(index / (n * channels)), split[index]! - whole[index]!, bound + evaluationError(2, magnitude), 'finalStreams', index, () => 'upper part of the lower part − the whole');
    }
    return judge.finish();
  },
});
