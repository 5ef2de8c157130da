/**
 * Claims: with scales of zero the mappings do not depend on the streams (MATHS.md K4) and the streams, the projection and the norm weight get no gradient, bit for bit.
 *
 * Proof: 0·t + b = b for any finite t, so all tokens have the same logits; ∂t = 0·∂z = 0, and every term of these gradients has it as a factor. The forward claim needs
 * the kernel's promise that a token's bits do not depend on its place; without it both are within their bounds. Class: bitwise, ±0 taken as equal.
 */
import { partsOf } from '../tokens.ts';
import type { MappingsDialect, MappingsVjpDialect } from '../../src/operations/mappings/dialect.ts';
import { isClaimed, type Values } from '../../src/operations/operation.ts';
import { defineProperty } from '../../src/verify/property.ts';
import { moderate, summable } from './plans.ts';

const withoutScales = (inputs: Values): Values => ({ ...inputs, scales: new Float64Array(inputs['scales']!.length) });

export const staticMappings = defineProperty<MappingsDialect>({
  id: 'mappings/static',
  operation: 'mappings',
  claim: 'With scales of zero every token has the same mappings.',
  class: 'bitwise',
  usesReference: false,
  inputs: moderate,
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const inputs = withoutScales(context.inputs);
    const output = await context.run(inputs);
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    const first = bounded.certified.indexOf(1);
    if (first < 0) return judge.finish();
    for (const port of kernel.operation.outputs) {
      for (const { token, from, to } of partsOf(port, sizes)) {
        if (token === first) continue;
        for (let index = from; index < to; index++) {
          const model = first * (to - from) + index - from;
          if (!isClaimed(bounded, port, token, index) || !isClaimed(bounded, port, first, model)) continue;
          const bound = kernel.batchInvariant && kernel.deterministic ? 0 : bounded.errors[port.name]![index]! + bounded.errors[port.name]![model]!;
          judge.atMost(token, output[port.name]![index]! - output[port.name]![model]!, bound, port.name, index, () => `mapping of scales 0 − that of token ${first}`);
        }
      }
    }
    return judge.finish();
  },
});

export const staticGradients = defineProperty<MappingsVjpDialect>({
  id: 'mappings/static-gradients',
  operation: 'mappings-vjp',
  claim: 'With scales of zero the streams, the projection and the norm weight get no gradient.',
  class: 'bitwise',
  usesReference: false,
  inputs: summable,
  power: [],
  async check(context) {
    const { kernel, sizes } = context;
    const inputs = withoutScales(context.inputs);
    const output = await context.run(inputs);
    const bounded = context.bounded(inputs);
    const judge = context.judge();
    for (const port of kernel.operation.outputs) {
      if (port.name === 'scalesGradient' || port.name === 'biasesGradient') continue;
      for (const { token, from, to } of partsOf(port, sizes)) {
        for (let index = from; index < to; index++) {
          if (isClaimed(bounded, port, token, index)) judge.atMost(token, output[port.name]![index]!, 0, port.name, index, () => 'gradient through a scale of zero');
        }
      }
    }
    return judge.finish();
  },
});
