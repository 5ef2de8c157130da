/** Streams and layer outputs, and the pre and post mappings that go with them. */
import { coefficientFamilies } from './coefficients.ts';
import type { MatrixFamily } from './family.ts';

/** How one token's streams look, and which coefficients suit them; one of these is drawn for each token and port. */
export interface StreamFamily {
  readonly fill: MatrixFamily;
  readonly coefficients: readonly string[];
}

function normalOf(scale: number): MatrixFamily {
  return (out, offset, rows, columns, random) => random.fillNormal(out, offset, offset + rows * columns, scale);
}
const normal = normalOf(1);

/** −8 … 8. */
const integers: MatrixFamily = (out, offset, rows, columns, random) => {
  for (let i = offset; i < offset + rows * columns; i++) out[i] = random.integer(-8, 8);
};

/** All streams are the same. */
const identicalStreams: MatrixFamily = (out, offset, rows, columns, random) => {
  normal(out, offset, 1, columns, random);
  for (let row = 1; row < rows; row++) out.copyWithin(offset + row * columns, offset, offset + columns);
};

/** One stream is normal, the others are zero. */
const oneHotStream: MatrixFamily = (out, offset, rows, columns, random) => {
  out.fill(0, offset, offset + rows * columns);
  normal(out, offset + random.below(rows) * columns, 1, columns, random);
};

/** Neighbouring streams differ in size by 10⁴: what a large stream rounds away matters to a small one. */
const magnitudeRatio: MatrixFamily = (out, offset, rows, columns, random) => {
  const odd = random.below(2);
  for (let row = 0; row < rows; row++) {
    const factor = row % 2 === odd ? 1 : 1e-4;
    random.fillNormal(out, offset + row * columns, offset + (row + 1) * columns, factor);
  }
};

/** Odd multiples of 2⁻¹¹ between 1 and 2: half-way between neighbours in TF32, which has a bit less. */
const halfway: MatrixFamily = (out, offset, rows, columns, random) => {
  for (let i = offset; i < offset + rows * columns; i++) out[i] = random.sign() * (1 + (2 * random.below(2 ** 10) + 1) * 2 ** -11);
};

const zeros: MatrixFamily = (out, offset, rows, columns) => {
  out.fill(0, offset, offset + rows * columns);
};

const anyCoefficients = Object.keys(coefficientFamilies);
const usualCoefficients = ['uniform', 'uniform', ...anyCoefficients];
const exactCoefficients = anyCoefficients.filter((name) => name !== 'uniform');

/** `integers` comes with dyadic coefficients, so that every result is exact. `large` stays far enough from f16's largest number for sums. */
export const streamFamilies: Readonly<Record<string, StreamFamily>> = {
  normal: { fill: normal, coefficients: usualCoefficients },
  integers: { fill: integers, coefficients: exactCoefficients },
  'identical-streams': { fill: identicalStreams, coefficients: usualCoefficients },
  'one-hot-stream': { fill: oneHotStream, coefficients: usualCoefficients },
  'magnitude-ratio': { fill: magnitudeRatio, coefficients: usualCoefficients },
  zeros: { fill: zeros, coefficients: usualCoefficients },
  tiny: { fill: normalOf(1e-12), coefficients: usualCoefficients },
  large: { fill: normalOf(2 ** 12), coefficients: usualCoefficients },
  'tf32-halfway': { fill: halfway, coefficients: usualCoefficients },
};

/** What a plan without `streams` means. `tf32-halfway` is for kernels that round to TF32. */
export const finiteStreamFamilies: readonly string[] = Object.keys(streamFamilies).filter((name) => name !== 'tf32-halfway');
