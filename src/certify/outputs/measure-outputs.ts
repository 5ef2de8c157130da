/** The worst of every measure over all matrices, and over all products over depth, with its place. */
import { breathe } from '../../verify/breathe.ts';
import { compositeMeasures, CompositeMeasures, matrixMeasures, MatrixMeasures, type CompositeMeasure, type MatrixMeasure } from './measures.ts';

export interface Worst {
  readonly measure: MatrixMeasure | CompositeMeasure;
  /** Rounded outwards; Infinity where something cannot be bounded. */
  readonly value: number;
  /** Number of the matrix, or of the token of a composite. */
  readonly index: number;
  /** Matrices or tokens without a bound. */
  readonly unbounded: number;
}

export interface Measuring {
  readonly values: Float64Array;
  readonly n: number;
  /** Absent: no depth, no composites. */
  readonly layers: number | undefined;
  readonly transposed: boolean;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly stopped?: (() => boolean) | undefined;
}

/** Matrices measured between two looks at the world. */
const piece = 8192;

/** Worst first seen of each measure, in their order. Undefined when it was stopped. */
export async function measureOutputs(options: Measuring): Promise<Worst[] | undefined> {
  const { values, n, layers, transposed, onProgress, stopped } = options;
  const count = values.length / (n * n);
  const single = new MatrixMeasures(n);
  const worst = matrixMeasures.map((measure) => new Collected(measure));
  for (let index = 0; index < count; index++) {
    if (index % piece === 0) {
      await breathe();
      if (stopped?.() === true) return undefined;
      onProgress?.(index / count);
    }
    single.measure(values, index * n * n);
    for (let m = 0; m < worst.length; m++) worst[m]!.take(single.values[m]!, index);
  }
  if (layers === undefined) return worst.map((one) => one.result());
  const whole = new CompositeMeasures(n);
  const composite = compositeMeasures.map((measure) => new Collected(measure));
  const tokens = count / layers;
  for (let token = 0; token < tokens; token++) {
    if (token % piece === 0) {
      await breathe();
      if (stopped?.() === true) return undefined;
    }
    whole.measure(values, token * n * n, layers, tokens * n * n, transposed);
    for (let m = 0; m < composite.length; m++) composite[m]!.take(whole.values[m]!, token);
  }
  return [...worst, ...composite].map((one) => one.result());
}

class Collected {
  private readonly measure: Worst['measure'];
  private readonly sign: number;
  private value: number;
  private index = 0;
  private unbounded = 0;

  constructor(measure: Worst['measure']) {
    this.measure = measure;
    this.sign = measure === 'entry-range' ? -1 : 1;
    this.value = -this.sign * Infinity;
  }

  take(value: number, index: number): void {
    if (!(Math.abs(value) < Infinity)) {
      if (this.unbounded++ === 0) this.index = index;
      return;
    }
    if (this.unbounded > 0 || !(this.sign * value > this.sign * this.value)) return;
    this.value = value;
    this.index = index;
  }

  result(): Worst {
    return { measure: this.measure, value: this.unbounded > 0 ? Infinity : this.value, index: this.index, unbounded: this.unbounded };
  }
}
