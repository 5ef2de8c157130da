/**
 * The derivative of one token's logits along a direction, forwards and in f64: no step size, and nothing of the backward that kernels share with the reference.
 *
 *   ∂r = (∂r/∂s)·2Σ x·ẋ,  ṁ = Σ (ẋ·w·φ + x·ẇ·φ + x·w·φ̇),  ż = α̇·t + α·(ṙ·m + r·ṁ) + ḃ
 *
 * Each number comes with the sum of the magnitudes of its terms, from which the check bounds its own rounding.
 */
import { inverseRoot, inverseRootSlope } from '../../src/operations/calculus/elementary.ts';
import { tf32 } from '../../src/operations/calculus/tf32.ts';
import { coefficientBlocks, tensorFloatOf } from '../../src/operations/mappings/coefficients.ts';
import type { MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import type { Sizes, Values } from '../../src/operations/operation.ts';

export interface Tangent {
  /** z and ż [coefficients]. */
  readonly logits: Float64Array;
  readonly direction: Float64Array;
  /** Σ|terms| of each. */
  readonly logitSizes: Float64Array;
  readonly directionSizes: Float64Array;
}

/** z and ż of a token; `along` has a direction for any of the inputs, zero where it has none. */
export function tangentOf(inputs: Values, along: Values, token: number, { streams: n, channels }: Sizes, dialect: MappingsDialect): Tangent {
  const width = n * channels;
  const count = n * n + 2 * n;
  const groups = dialect.norm === 'per-stream' ? n : 1;
  const perGroup = width / groups;
  const [x, phi, b] = [inputs['streams']!.subarray(token * width, (token + 1) * width), inputs['projection']!, inputs['biases']!];
  const weight = dialect.normWeight ? inputs['normWeight']! : undefined;
  const rounding = tensorFloatOf(dialect);
  const operand = (value: number): number => (rounding === undefined ? value : tf32(value, rounding));
  const root = inverseRoot(perGroup, dialect.rmsEpsilon, dialect.rmsEpsilonPlace);
  const slope = inverseRootSlope(perGroup, dialect.rmsEpsilon, dialect.rmsEpsilonPlace);
  const move = (port: string, at: number): number => along[port]?.[at] ?? 0;
  const [logits, direction, logitSizes, directionSizes] = [0, 1, 2, 3].map(() => new Float64Array(count)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const factors = Array.from({ length: groups }, (_, g) => {
    let [squares, moved, size] = [0, 0, 0];
    for (let k = g * perGroup; k < (g + 1) * perGroup; k++) {
      const step = x[k]! * move('streams', token * width + k);
      squares += x[k]! * x[k]!;
      moved += step;
      size += Math.abs(step);
    }
    if (dialect.norm === 'none') return { r: 1, moved: 0, size: 0 };
    const derivative = slope.float64(squares);
    return { r: root.float64(squares), moved: derivative * moved, size: Math.abs(derivative) * size };
  });
  coefficientBlocks(n).forEach(([from, length], block) => {
    const scale = inputs['scales']![block]!;
    for (let j = from; j < from + length; j++) {
      let [t, dt, size, movedSize] = [0, 0, 0, 0];
      factors.forEach(({ r, moved, size: rootSize }, g) => {
        for (let k = g * perGroup; k < (g + 1) * perGroup; k++) {
          const at = j * width + k;
          const w = weight?.[k] ?? 1;
          const folded = operand(w * phi[at]!);
          const product = operand(x[k]!) * folded;
          const step = move('streams', token * width + k) * folded + x[k]! * ((weight === undefined ? 0 : move('normWeight', k)) * phi[at]! + w * move('projection', at));
          t += r * product;
          dt += moved * product + r * step;
          size += Math.abs(r * product);
          movedSize += rootSize * Math.abs(product) + Math.abs(r * step);
        }
      });
      const dScale = move('scales', block);
      logits[j] = scale * t + b[j]!;
      direction[j] = dScale * t + scale * dt + move('biases', j);
      logitSizes[j] = Math.abs(scale) * size + Math.abs(b[j]!);
      directionSizes[j] = Math.abs(dScale) * size + Math.abs(scale) * movedSize + Math.abs(move('biases', j));
    }
  });
  return { logits, direction, logitSizes, directionSizes };
}
