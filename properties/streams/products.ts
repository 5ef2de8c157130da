/** Every element of a stream operation is a sum of products of two inputs. This says which, and when such a sum is exact in the kernel's arithmetic. */
import type { OperationId, Sizes, Values } from '../../src/operations/operation.ts';
import type { MixingDialect } from '../../src/operations/streams/dialect.ts';

/** Σ_k left[leftStart + k·leftStride] · right[rightStart + k·rightStride]. */
export interface Dot {
  readonly left: string;
  readonly leftStart: number;
  readonly leftStride: number;
  readonly right: string;
  readonly rightStart: number;
  readonly rightStride: number;
  readonly count: number;
}

type StreamOperation = Extract<OperationId, `stream-${string}`>;
type DotsOf = (sizes: Sizes, token: number, element: number, orientation: MixingDialect['orientation']) => readonly Dot[];

function dot(left: string, leftStart: number, leftStride: number, right: string, rightStart: number, rightStride: number, count: number): Dot {
  return { left, leftStart, leftStride, right, rightStart, rightStride, count };
}

/** The products of element `element` (flat within its token) of an output; MATHS.md §7.2, B8 of §12. */
export const dotsOf: Readonly<Record<StreamOperation, Readonly<Record<string, DotsOf>>>> = {
  'stream-read': {
    layerInput: ({ streams: n, channels }, token, c) => [dot('preMapping', token * n, 1, 'streams', token * n * channels + c, channels, n)],
  },
  'stream-read-vjp': {
    preMappingGradient: ({ streams: n, channels }, token, i) => [dot('cotangent', token * channels, 1, 'streams', (token * n + i) * channels, 1, channels)],
    streamsGradient: ({ streams: n, channels }, token, k) => [
      dot('preMapping', token * n + Math.floor(k / channels), 0, 'cotangent', token * channels + (k % channels), 0, 1),
    ],
  },
  'stream-write': {
    nextStreams: ({ streams: n, channels }, token, k, orientation) => {
      const [i, c] = [Math.floor(k / channels), k % channels];
      const [start, stride] = orientation === 'plain' ? [i * n, 1] : [i, n];
      return [
        dot('residualMapping', token * n * n + start, stride, 'streams', token * n * channels + c, channels, n),
        dot('postMapping', token * n + i, 0, 'layerOutput', token * channels + c, 0, 1),
      ];
    },
  },
  'stream-write-vjp': {
    residualMappingGradient: ({ streams: n, channels }, token, k, orientation) => {
      const [row, column] = [Math.floor(k / n), k % n];
      const [out, from] = orientation === 'plain' ? [row, column] : [column, row];
      return [dot('cotangent', (token * n + out) * channels, 1, 'streams', (token * n + from) * channels, 1, channels)];
    },
    postMappingGradient: ({ streams: n, channels }, token, i) => [dot('cotangent', (token * n + i) * channels, 1, 'layerOutput', token * channels, 1, channels)],
    streamsGradient: ({ streams: n, channels }, token, k, orientation) => {
      const [j, c] = [Math.floor(k / channels), k % channels];
      const [start, stride] = orientation === 'plain' ? [j, n] : [j * n, 1];
      return [dot('residualMapping', token * n * n + start, stride, 'cotangent', token * n * channels + c, channels, n)];
    },
    layerOutputGradient: ({ streams: n, channels }, token, c) => [dot('postMapping', token * n, 1, 'cotangent', token * n * channels + c, channels, n)],
  },
};

/** The largest power of two that divides a number; Infinity for 0, NaN for what is not finite. */
export function lowestBit(value: number): number {
  if (value === 0) return Infinity;
  if (!Number.isFinite(value)) return NaN;
  let unit = 2 ** Math.min(1023, Math.max(-1074, Math.floor(Math.log2(Math.abs(value))) + 1));
  while (value % unit !== 0) unit /= 2;
  return unit;
}

/** A sum of products, with what decides whether it is exact. */
export interface ExactSum {
  readonly value: number;
  /** Σ |terms|. */
  readonly magnitude: number;
  /** All terms are multiples of this power of two. */
  readonly unit: number;
}

/** Evaluates the products; `units` holds the lowest bits of the inputs. `value` is exact when magnitude ≤ 2^53·unit. */
export function evaluate(dots: readonly Dot[], inputs: Values, units: Values): ExactSum {
  let [value, magnitude, unit] = [0, 0, Infinity];
  for (const { left, leftStart, leftStride, right, rightStart, rightStride, count } of dots) {
    const [a, b, aUnits, bUnits] = [inputs[left]!, inputs[right]!, units[left]!, units[right]!];
    for (let k = 0; k < count; k++) {
      const at = leftStart + k * leftStride;
      const to = rightStart + k * rightStride;
      if (a[at] === 0 || b[to] === 0) continue;
      const term = a[at]! * b[to]!;
      value += term;
      magnitude += Math.abs(term);
      unit = Math.min(unit, aUnits[at]! * bUnits[to]!);
    }
  }
  return { value, magnitude, unit };
}
