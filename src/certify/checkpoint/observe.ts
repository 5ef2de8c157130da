/**
 * What some inputs of the network really give, to be seen beside the bounds: random ones, and for each residual logit the two that attain the ends of its range. Statistics of a
 * sample, in f64 and without a claim.
 */
import { Random } from '../../generate/random.ts';
import type { MappingsDialect } from '../../operations/mappings/dialect.ts';
import { sinkhornReference } from '../../operations/sinkhorn/reference.ts';
import type { SublayerWeights } from './logits.ts';

export interface Observed {
  /** [samples, n, n], as H is computed; the first `random` of them are of random inputs. */
  readonly mappings: Float64Array;
  readonly random: number;
  /** Largest distance of a sum of the free side from 1. */
  readonly freeDeviation: number;
}

/** `samples` random inputs, and 2·n² extreme ones. */
export function observe(weights: SublayerWeights, dialect: MappingsDialect, samples: number, seed: number): Observed {
  const { n, width, projection, scales, bias } = weights;
  const size = n * n;
  const random = new Random(seed);
  const total = samples + 2 * size;
  const logits = new Float64Array(total * size);
  const input = new Float64Array(width);
  for (let s = 0; s < total; s++) {
    const extreme = s - samples;
    let square = 0;
    for (let t = 0; t < width; t++) {
      input[t] = extreme < 0 ? random.normal() : projection[(2 * n + (extreme >> 1)) * width + t]! * (extreme % 2 === 0 ? 1 : -1);
      square += input[t]! ** 2;
    }
    const scale = square > 0 ? scales[2]! * Math.sqrt(width / square) : 0;
    for (let k = 0; k < size; k++) {
      let product = 0;
      for (let t = 0, at = (2 * n + k) * width; t < width; t++, at++) product += projection[at]! * input[t]!;
      logits[s * size + k] = scale * product + bias[2 * n + k]!;
    }
  }
  const mappings = sinkhornReference(logits, total, n, dialect);
  return { mappings, random: samples, freeDeviation: freeDeviation(mappings, total, n, dialect) };
}

function freeDeviation(mappings: Float64Array, count: number, n: number, { lastNormalised }: MappingsDialect): number {
  const [line, entry] = lastNormalised === 'rows' ? [1, n] : [n, 1];
  let most = 0;
  for (let s = 0; s < count; s++) {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += mappings[s * n * n + i * line + j * entry]!;
      most = Math.max(most, Math.abs(sum - 1));
    }
  }
  return most;
}

/** Largest row sum (forward) and column sum (backward) of the products over depth, as H multiplies the streams; one product for each random input. */
export class ObservedComposite {
  forward = 0;
  backward = 0;
  private products: Float64Array | undefined;

  /** Multiplies the next sublayer on. */
  add({ mappings, random }: Observed, n: number, orientation: MappingsDialect['orientation']): void {
    const size = n * n;
    const before = this.products ?? identities(random, n);
    const after = new Float64Array(random * size);
    for (let s = 0; s < random; s++) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += mappings[s * size + (orientation === 'plain' ? i * n + k : k * n + i)]! * before[s * size + k * n + j]!;
          after[s * size + i * n + j] = sum;
        }
      }
    }
    this.products = after;
    [this.forward, this.backward] = [largestSum(after, random, n, n, 1), largestSum(after, random, n, 1, n)];
  }
}

function identities(count: number, n: number): Float64Array {
  return Float64Array.from({ length: count * n * n }, (_, i) => ((i % (n * n)) % (n + 1) === 0 ? 1 : 0));
}

function largestSum(matrices: Float64Array, count: number, n: number, line: number, entry: number): number {
  let most = 0;
  for (let s = 0; s < count; s++) {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += matrices[s * n * n + i * line + j * entry]!;
      most = Math.max(most, sum);
    }
  }
  return most;
}
