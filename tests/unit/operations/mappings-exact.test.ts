/** The coefficient kernel and its derivative against 100 digits, which share no code with them. */
import { describe, expect, test } from 'vitest';

import { derivativeError } from '../../../bench/derivative-error.ts';
import { finiteParameterFamilies } from '../../../src/generate/families/parameters.ts';
import { expand } from '../../../src/generate/expand.ts';
import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { exactly, exactOutputs } from '../../../src/operations/exact.ts';
import { mappings, mappingsVjp } from '../../../src/operations/mappings/index.ts';
import { mappingsPresets, type MappingsVjpDialect } from '../../../src/operations/mappings/dialect.ts';
import type { Operation, Sizes, Values } from '../../../src/operations/operation.ts';

const tilekernels: MappingsVjpDialect = { ...mappingsPresets['tilekernels']!, iterations: 3, derivative: 'unrolled' };
const variants: Record<string, Partial<MappingsVjpDialect>> = {
  'normalised per stream, weighted': { norm: 'per-stream', normWeight: true, projectionRounding: 'exact' },
  'normalised per stream, ε outside': { norm: 'per-stream', rmsEpsilonPlace: 'outside', rmsEpsilon: 0.5, projectionRounding: 'exact' },
  'not normalised': { norm: 'none', rmsEpsilon: 0, projectionRounding: 'exact' },
  'TF32 half up, weighted': { normWeight: true },
  'TF32 to nearest even, not normalised': { projectionRounding: 'tf32-nearest-even', norm: 'none', rmsEpsilon: 0 },
  'any TF32': { projectionRounding: 'tf32-any' },
  'other gates': { preEpsilon: 0.25, postMultiplier: 3.5 },
  'implicit derivative': { derivative: 'implicit', iterations: 40 },
};
const dialects: (readonly [string, MappingsVjpDialect])[] = [
  ...Object.entries(mappingsPresets).map(([name, dialect]) => [name, { ...dialect, iterations: 3, derivative: 'unrolled' as const }] as const),
  ...Object.entries(variants).map(([name, own]) => [name, { ...tilekernels, ...own }] as const),
];
const shapes: readonly (readonly [streams: number, channels: number])[] = [[1, 3], [2, 1], [3, 4], [4, 3]];
const backward = mappingsVjp as unknown as Operation;
const f64 = resolveArithmetic('ieee-f64');

function draw(operation: Operation, [streams, channels]: (typeof shapes)[number], seed: number): { sizes: Sizes; inputs: Values } {
  const sizes = { tokens: 1, streams, channels, depth: 1 };
  const parameters = finiteParameterFamilies[seed % finiteParameterFamilies.length]!;
  const drawn = expand({ operation: operation.id, sizes, seed, families: { streams: 'normal', parameters, cotangents: 'normal' }, scale: 1 }, operation, {});
  return { sizes, inputs: Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, values.map(Math.fround)])) };
}

describe.each(dialects)('%s', (_, dialect) => {
  test.each([mappings, mappingsVjp] as unknown as Operation[])('$id: f64 keeps its bound, double-double is closer', (operation) => {
    const { derivative: _derivative, ...forward } = dialect;
    const own = operation.id === 'mappings' ? forward : dialect;
    let judged = 0;
    shapes.forEach((shape, k) => {
      for (const seed of operation.id === 'mappings' ? [k, k + 3] : [k]) {
        const { sizes, inputs } = draw(operation, shape, seed);
        const truth = exactOutputs(operation.id, inputs, sizes, own);
        const { values, errors } = operation.bounded(inputs, sizes, own, f64, {});
        const precise = operation.precise(inputs, sizes, own);
        for (const { name } of operation.outputs) {
          expect(values[name]).toEqual(operation.reference(inputs, sizes, own)[name]);
          for (let e = 0; e < values[name]!.length; e++) {
            if (!(errors[name]![e]! < Infinity)) continue;
            judged++;
            const exact = truth[name]![e]!;
            expect(exactly(values[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(errors[name]![e]!);
            // rounded to f64 at the end; Sinkhorn's derivative is only exact to f64 and takes logits that are
            const rounded = exact.abs().toNumber() * 2 ** -53 * (1 + 2 ** -40);
            const rest = operation.id === 'mappings' ? errors[name]![e]! * 2 ** -40 : errors[name]![e]!;
            expect(exactly(precise[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(rounded + rest);
          }
        }
      }
    });
    expect(judged).toBeGreaterThan(operation.id === 'mappings' ? 80 : 400);
  });

  test('the gradient is exact to 10⁻¹³ of its terms', () => {
    shapes.slice(0, 3).forEach((shape, k) => {
      const { sizes, inputs } = draw(backward, shape, k + 2);
      const { derivative: _derivative, ...forward } = dialect;
      const plain = { ...mappings, reference: (given: Values) => mappings.reference(given, sizes, forward) } as unknown as Operation;
      expect(derivativeError(plain, backward, inputs, sizes, dialect).relative).toBeLessThanOrEqual(1e-13);
    });
  });
});

test('gradients of what tokens share are the sums of what each token gives', () => {
  const sizes = { tokens: 3, streams: 2, channels: 3, depth: 1 };
  const operation = backward;
  const inputs = expand({ operation: 'mappings-vjp', sizes, seed: 4, families: { streams: 'normal', parameters: 'usual', cotangents: 'normal' }, scale: 1 }, operation, {});
  const { values, errors } = operation.bounded(inputs, sizes, tilekernels, f64, {});
  const single = { ...sizes, tokens: 1 };
  const parts = [0, 1, 2].map((token) => {
    const ofToken = operation.inputs.map(({ name, dims }) => {
      const per = inputs[name]!.length / 3;
      return [name, dims[0] === 'tokens' ? inputs[name]!.slice(token * per, (token + 1) * per) : inputs[name]!] as const;
    });
    return exactOutputs('mappings-vjp', Object.fromEntries(ofToken), single, tilekernels);
  });
  for (const name of ['projectionGradient', 'scalesGradient', 'biasesGradient']) {
    values[name]!.forEach((value, e) => {
      const truth = parts.map((part) => part[name]![e]!).reduce((sum, part) => sum.plus(part));
      expect(exactly(value).minus(truth).abs().toNumber()).toBeLessThanOrEqual(errors[name]![e]!);
    });
  }
});
