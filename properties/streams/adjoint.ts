/**
 * Claims: the gradients are the adjoint of the operation: ⟨ȳ, f(v)⟩ = ⟨f̄, v⟩ for random directions v with entries ±1 (MATHS.md G4, B8).
 *
 * Proof: reading and mixing are linear in each input alone, so the derivative in direction v is the operation itself with v in place of that input.
 * Its inner product with the cotangent ȳ is evaluated here in f64, without the kernel and without the reference. Directions along the streams and the
 * layer output are tested channel by channel. Bound: the sum of the gradient's bounds, and the f64 error of both sides. One wrong entry
 * shows in every direction. Class: exact.
 */
import { evaluationError } from '../evaluation.ts';
import { tokenRandom } from '../tokens.ts';
import { effectiveMapping } from './mixing.ts';
import type { Bounded, Values } from '../../src/operations/operation.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';
import type { Judge } from '../../src/verify/judge.ts';
import { defineProperty } from '../../src/verify/property.ts';

export const readAdjoint = defineProperty({
  id: 'streams/read-adjoint',
  operation: 'stream-read-vjp',
  claim: 'The gradients of reading are its adjoint, in random directions.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { preMapping, streams, cotangent } = context.inputs as Record<string, Float64Array>;
    const pairing = new Pairing(await context.run(context.inputs), context.bounded(context.inputs), context.judge());
    for (let token = 0; token < tokens; token++) {
      const random = tokenRandom(context, 'direction', token);
      const v = Array.from({ length: n }, () => random.sign());
      const [pre, x, g] = [token * n, token * n * channels, token * channels];
      pairing.start(token, 'preMappingGradient');
      for (let i = 0; i < n; i++) {
        pairing.gradient(pre + i, v[i]!);
        for (let c = 0; c < channels; c++) pairing.term(v[i]! * streams![x + i * channels + c]! * cotangent![g + c]!);
      }
      pairing.finish(pre);
      for (let c = 0; c < channels; c++) {
        pairing.start(token, 'streamsGradient');
        for (let i = 0; i < n; i++) {
          pairing.gradient(x + i * channels + c, v[i]!);
          pairing.term(v[i]! * preMapping![pre + i]! * cotangent![g + c]!);
        }
        pairing.finish(x + c);
      }
    }
    return pairing.judge.finish();
  },
});

export const writeAdjoint = defineProperty<MixingDialect>({
  id: 'streams/write-adjoint',
  operation: 'stream-write-vjp',
  claim: 'The gradients of mixing are its adjoint, in random directions.',
  class: 'exact',
  usesReference: false,
  inputs: {},
  power: ['transposed', 'lower-precision'],
  async check(context) {
    const { tokens, streams: n, channels } = context.sizes;
    const { residualMapping, postMapping, streams, layerOutput, cotangent } = context.inputs as Record<string, Float64Array>;
    const plain = context.kernel.dialect.orientation === 'plain';
    const pairing = new Pairing(await context.run(context.inputs), context.bounded(context.inputs), context.judge());
    for (let token = 0; token < tokens; token++) {
      const random = tokenRandom(context, 'direction', token);
      const [h, p, x, o] = [token * n * n, token * n, token * n * channels, token * channels];
      const effective = effectiveMapping(residualMapping!, h, n, context.kernel.dialect);
      const v = Array.from({ length: n }, () => random.sign());

      pairing.start(token, 'residualMappingGradient');
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          const direction = random.sign();
          pairing.gradient(h + (plain ? i * n + j : j * n + i), direction);
          for (let c = 0; c < channels; c++) pairing.term(direction * cotangent![x + i * channels + c]! * streams![x + j * channels + c]!);
        }
      }
      pairing.finish(h);

      pairing.start(token, 'postMappingGradient');
      for (let i = 0; i < n; i++) {
        pairing.gradient(p + i, v[i]!);
        for (let c = 0; c < channels; c++) pairing.term(v[i]! * layerOutput![o + c]! * cotangent![x + i * channels + c]!);
      }
      pairing.finish(p);

      for (let c = 0; c < channels; c++) {
        pairing.start(token, 'streamsGradient');
        for (let j = 0; j < n; j++) {
          pairing.gradient(x + j * channels + c, v[j]!);
          for (let i = 0; i < n; i++) pairing.term(v[j]! * effective[i * n + j]! * cotangent![x + i * channels + c]!);
        }
        pairing.finish(x + c);

        pairing.start(token, 'layerOutputGradient');
        pairing.gradient(o + c, 1);
        for (let i = 0; i < n; i++) pairing.term(postMapping![p + i]! * cotangent![x + i * channels + c]!);
        pairing.finish(o + c);
      }
    }
    return pairing.judge.finish();
  },
});

/** Sums up ⟨gradient, direction⟩ − ⟨cotangent, f(direction)⟩ together with its bound. */
class Pairing {
  readonly judge: Judge;
  private readonly output: Values;
  private readonly bounded: Bounded;
  private token = 0;
  private port = '';
  private difference = 0;
  private bound = 0;
  private magnitude = 0;
  private terms = 0;

  constructor(output: Values, bounded: Bounded, judge: Judge) {
    this.output = output;
    this.bounded = bounded;
    this.judge = judge;
  }

  start(token: number, port: string): void {
    this.token = token;
    this.port = port;
    this.difference = this.bound = this.magnitude = this.terms = 0;
  }

  /** One gradient entry times ±1. */
  gradient(index: number, direction: number): void {
    const value = this.output[this.port]![index]!;
    this.difference += direction * value;
    this.magnitude += Math.abs(value);
    this.bound += this.bounded.errors[this.port]![index]!;
    this.terms++;
  }

  /** One product of ⟨ȳ, f(v)⟩. */
  term(value: number): void {
    this.difference -= value;
    this.magnitude += Math.abs(value);
    this.terms++;
  }

  finish(index: number): void {
    if (this.bounded.certified[this.token] === 0) return;
    const { port } = this;
    this.judge.atMost(this.token, this.difference, this.bound + evaluationError(this.terms + 2, this.magnitude), port, index, () => `⟨${port}, v⟩ − ⟨cotangent, f(v)⟩`);
  }
}
