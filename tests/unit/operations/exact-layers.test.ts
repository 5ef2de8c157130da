import { describe, expect, it } from 'vitest';

import { resolveArithmetic } from '../../../src/numerics/arithmetic.ts';
import { exactChain, exactChainVjp, exactHead, exactHeadVjp, type HeadInputs, type SublayerParameters } from '../../../src/operations/exact/layers.ts';
import { exactly, map, plus, sum, type Matrix } from '../../../src/operations/exact/numbers.ts';
import { exactOutputs } from '../../../src/operations/exact.ts';
import { operations } from '../../../src/operations/index.ts';
import { headPresets, layerVjpPresets, type LayerVjpDialect } from '../../../src/operations/layers/dialect.ts';
import type { Operation, OperationId, Sizes } from '../../../src/operations/operation.ts';
import { Random } from '../../../src/generate/random.ts';
import { drawLayerInputs } from './layer-cases.ts';

const ids = ['expand', 'expand-vjp', 'head', 'head-vjp', 'layer', 'layer-vjp', 'layer-stack', 'layer-stack-vjp', 'single-pass', 'single-pass-vjp'] as const;
const shapes = [[1, 3, 2], [2, 1, 3], [3, 4, 1], [4, 2, 2]] as const;
const inners = ['silu', 'rms-norm', 'scale', 'identity', 'zero'] as const;

/** Dialects of an operation: its presets, and each inner function once. */
function dialectsOf(operation: Operation): [string, object][] {
  const presets = Object.entries(operation.presets as Record<string, object>);
  const paper = presets.find(([name]) => name === 'paper')![1];
  if (!('inner' in paper)) return presets;
  const own = inners.map((inner): [string, object] => [`paper, ${inner}`, { ...paper, inner, innerEpsilon: inner === 'rms-norm' ? 1e-6 : 0 }]);
  return [...presets, ...own];
}

describe.each(ids)('%s against bignumbers', (id: OperationId) => {
  const operation = operations[id];

  it.each(dialectsOf(operation))('the f64 reference keeps its bound, and so does double-double: %s', (_, dialect) => {
    let claims = 0;
    shapes.forEach(([streams, channels, depth], round) => {
      const sizes: Sizes = { tokens: 1, streams, channels, depth: operation.dims.includes('depth') ? depth : 1 };
      const inputs = drawLayerInputs(operation, sizes, round);
      const { values, errors } = operation.bounded(inputs, sizes, dialect, resolveArithmetic('ieee-f64'), {});
      const truth = exactOutputs(id, inputs, sizes, dialect);
      const precise = operation.precise(inputs, sizes, dialect);
      for (const { name } of operation.outputs) {
        expect(values[name]).toHaveLength(truth[name]!.length);
        const largest = Math.max(...truth[name]!.map((exact) => exact.abs().toNumber()));
        truth[name]!.forEach((exact, e) => {
          const bound = errors[name]![e]!;
          if (bound === Infinity) return;
          claims++;
          const error = exactly(values[name]![e]!).minus(exact).abs().toNumber();
          expect(error).toBeLessThanOrEqual(bound);
          expect(exactly(precise[name]![e]!).minus(exact).abs().toNumber()).toBeLessThanOrEqual(bound);
          // numbers of scale 1 through some hundred operations: the derivative is the derivative
          expect(error).toBeLessThanOrEqual(1e-13 * Math.max(1, largest));
        });
      }
    });
    expect(claims).toBeGreaterThanOrEqual(10);
  });
});

/** A step of 10⁻³⁰ in 100 digits: the difference quotient's own error is of order 10⁻⁶⁰. */
const step = exactly(2 ** -100);

function matrix(random: Random, rows: number, columns: number, scale = 1): Matrix {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => exactly(random.normal() * scale)));
}

const moved = (at: Matrix, along: Matrix, sign: 1 | -1): Matrix => plus(at, map(along, (value) => value.times(step).times(sign)));
const pair = (a: Matrix, b: Matrix): ReturnType<typeof sum> => sum(a.flatMap((row, i) => row.map((value, j) => value.times(b[i]![j]!))));

describe('the bignumber derivatives are derivatives', () => {
  const n = 3;
  const channels = 2;
  const count = n * n + 2 * n;
  const draw = (random: Random, scale: number): SublayerParameters => ({
    projection: matrix(random, count, n * channels, scale),
    scales: matrix(random, 1, 3, scale)[0]!,
    biases: matrix(random, 1, count, scale)[0]!,
    normWeight: matrix(random, 1, n * channels, scale)[0]!,
    innerWeight: matrix(random, 1, channels, scale)[0]!,
  });
  const asMatrices = (p: SublayerParameters): Matrix[] => [p.projection, [p.scales], [p.biases], [p.normWeight], [p.innerWeight]];
  const movedParameters = (p: SublayerParameters, v: SublayerParameters, sign: 1 | -1): SublayerParameters => {
    const [projection, [scales], [biases], [normWeight], [innerWeight]] = asMatrices(p).map((own, k) => moved(own, asMatrices(v)[k]!, sign)) as [Matrix, Matrix, Matrix, Matrix, Matrix];
    return { projection, scales: scales!, biases: biases!, normWeight: normWeight!, innerWeight: innerWeight! };
  };

  it.each(inners.flatMap((inner) => (['own', 'previous'] as const).map((read) => [inner, read] as const)))('chains with inner %s that read their %s pre', (inner, read) => {
    const dialect: LayerVjpDialect = { ...layerVjpPresets['paper']!, iterations: 3, inner, innerEpsilon: inner === 'rms-norm' ? 0.25 : 0 };
    const random = new Random(inners.indexOf(inner), read === 'own' ? 1 : 2);
    const x = matrix(random, n, channels);
    const sublayers = [draw(random, 0.7), draw(random, 0.7)];
    const [vx, v] = [matrix(random, n, channels), [draw(random, 1), draw(random, 1)]];
    const [g, gCollapsed] = [matrix(random, n, channels), read === 'previous' ? matrix(random, 1, channels) : undefined];
    const value = (sign: 1 | -1): ReturnType<typeof sum> => {
      const out = exactChain(moved(x, vx, sign), sublayers.map((own, l) => movedParameters(own, v[l]!, sign)), dialect, read);
      return gCollapsed === undefined ? pair(out.streams, g) : pair(out.streams, g).plus(pair(out.collapsed, gCollapsed));
    };
    const quotient = value(1).minus(value(-1)).div(step.times(2));
    const gradients = exactChainVjp(x, sublayers, g, gCollapsed, dialect);
    const product = sum([pair(gradients.streams, vx), ...gradients.sublayers.flatMap((own, l) => asMatrices(own).map((part, k) => pair(part, asMatrices(v[l]!)[k]!)))]);
    expect(product.minus(quotient).abs().toNumber()).toBeLessThanOrEqual(2 ** -190 * 1e6); // h²·f‴/6, with a third derivative of up to a million
    expect(quotient.abs().toNumber()).toBeGreaterThan(1e-3);
  });

  it('the head', () => {
    const dialect = headPresets['paper']!;
    const random = new Random(7);
    const make = (scale: number): HeadInputs => ({ streams: matrix(random, n, channels), projection: matrix(random, n, n * channels, scale), scale: exactly(random.normal()), biases: matrix(random, 1, n)[0]! });
    const [at, v] = [make(0.7), make(1)];
    const g = matrix(random, 1, channels);
    const value = (sign: 1 | -1): ReturnType<typeof sum> => {
      const [scale] = moved([[at.scale]], [[v.scale]], sign);
      const [biases] = moved([at.biases], [v.biases], sign);
      return pair(exactHead({ streams: moved(at.streams, v.streams, sign), projection: moved(at.projection, v.projection, sign), scale: scale![0]!, biases: biases! }, dialect), g);
    };
    const quotient = value(1).minus(value(-1)).div(step.times(2));
    const found = exactHeadVjp(at, g, dialect);
    const product = pair(found.streams, v.streams).plus(pair(found.projection, v.projection)).plus(found.scale.times(v.scale)).plus(pair([found.biases], [v.biases]));
    expect(product.minus(quotient).abs().toNumber()).toBeLessThanOrEqual(2 ** -190 * 1e6);
    expect(quotient.abs().toNumber()).toBeGreaterThan(1e-3);
  });
});
