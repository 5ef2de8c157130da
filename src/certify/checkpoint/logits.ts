/**
 * Where the logits of a sublayer can lie, for every input of the network (paper, Eq. 7). A flattened RMSNorm gives x′ with ‖x′‖₂ ≤ √(nC), whatever x and whatever its ε ≥ 0 (per stream: √C for each, together
 * the same). With w_k the k-th row of the projection times the norm's weight, Cauchy and Schwarz give
 *   |L_k − b_k| ≤ |α|·‖w_k‖₂·√(nC),
 * which some x′ attains, and for the sums of four logits that cross ratios are made of
 *   |(L_ij + L_kl − L_il − L_kj) − (same of b)| ≤ |α|·‖w_ij + w_kl − w_il − w_kj‖₂·√(nC),
 * at most as much as the four boxes together, since the rows share x′. A kernel that accumulates K = nC products in f32, in any order, from operands rounded to TF32 or better, is off by at most
 * γ of Σ|w||x′| ≤ ‖w‖‖x′‖, so both radii of single logits grow by `projection` = (1 + 2⁻¹¹)²(1 + γ_{K+8}) − 1; the four of a sum do so one by one.
 */
import { addDown, addUp, mulUp, sqrtUp } from '../../numerics/directed.ts';
import { PlumblineError } from '../../errors.ts';
import type { Checkpoint } from './file.ts';
import { readTensor } from './file.ts';
import type { SublayerNames } from './schemes.ts';

export interface SublayerLogits {
  readonly n: number;
  readonly channels: number;
  /** Bounds of the n² + 2n logits, in the order pre | post | residual. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Upper bounds of L_ij + L_kl − L_il − L_kj at [(i·n + k)·n² + j·n + l]. */
  readonly spans: Float64Array;
}

export interface SublayerWeights {
  readonly n: number;
  /** n·C. */
  readonly width: number;
  /** [n² + 2n, n·C], times the norm's weight. */
  readonly projection: Float64Array;
  readonly scales: Float64Array;
  readonly bias: Float64Array;
}

/** The parameters of a sublayer. Throws `bad-file` for shapes that are not those of mHC. */
export function readWeights(checkpoint: Checkpoint, names: SublayerNames): SublayerWeights {
  const place = checkpoint.get(names.projection)!;
  const wrong = (reason: string): PlumblineError => new PlumblineError('bad-file', `${names.name}: ${reason}`, 'The projection is [n² + 2n, n·C], there are three scales, and the bias has n² + 2n elements.');
  const [outputs = 0, width = 0] = place.shape;
  const n = Math.round(Math.sqrt(outputs + 1)) - 1;
  if (place.shape.length !== 2 || n < 1 || n > 16 || n * n + 2 * n !== outputs) throw wrong(`'${names.projection}' is [${place.shape.join(', ')}].`);
  if (width === 0 || width % n !== 0) throw wrong(`'${names.projection}' has ${width} columns, no multiple of n = ${n}.`);
  const bias = readTensor(names.bias, checkpoint.get(names.bias)!);
  if (bias.length !== outputs) throw wrong(`'${names.bias}' has ${bias.length} elements, not ${outputs}.`);
  const scales = Float64Array.from(names.scales.flatMap((scale) => [...readTensor(scale, checkpoint.get(scale)!)]));
  if (scales.length !== 3) throw wrong(`'${names.scales.join("' and '")}' have ${scales.length} elements, not 3.`);
  const projection = readTensor(names.projection, place);
  if (names.normWeight === undefined) return { n, width, projection, scales, bias };
  const gain = readTensor(names.normWeight, checkpoint.get(names.normWeight)!);
  if (gain.length !== width) throw wrong(`'${names.normWeight}' has ${gain.length} elements, not ${width}.`);
  for (let i = 0; i < projection.length; i++) projection[i] = projection[i]! * gain[i % width]!;
  return { n, width, projection, scales, bias };
}

/** Growth of a radius by the rounding of a projection of `width` products. */
export function projectionGrowth(width: number): number {
  const gamma = ((width + 8) * 2 ** -24) / (1 - (width + 8) * 2 ** -24);
  return (1 + 2 ** -11) ** 2 * (1 + gamma) * (1 + 2 ** -40);
}

/** Bounds of the logits for every input. */
export function logitsOf(weights: SublayerWeights): SublayerLogits {
  const { n, width, projection, scales, bias } = weights;
  const outputs = n * n + 2 * n;
  const [radius, growth] = [sqrtUp(width), projectionGrowth(width)];
  const squares = squaredNorms(projection, outputs, width);
  const [low, high, radii] = [new Float64Array(outputs), new Float64Array(outputs), new Float64Array(outputs)];
  for (let k = 0; k < outputs; k++) {
    const scale = Math.abs(scales[k < n ? 0 : k < 2 * n ? 1 : 2]!);
    const own = mulUp(mulUp(scale, sqrtUp(squares[k]!)), radius);
    const off = mulUp(Math.abs(bias[k]!), 2 ** -20); // the logit's own roundings: two of an f32
    radii[k] = addUp(mulUp(own, growth), off);
    low[k] = addDown(bias[k]!, -radii[k]!);
    high[k] = addUp(bias[k]!, radii[k]!);
  }
  return { n, channels: width / n, low, high, spans: spansOf(weights, squares, radii, radius, growth) };
}

/** ‖w_k‖² of each row, rounded up: the sum in f64 and γ for its roundings. */
function squaredNorms(rows: Float64Array, count: number, width: number): Float64Array {
  const slack = 1 + (width + 4) * 2 ** -52;
  return Float64Array.from({ length: count }, (_, k) => mulUp(dot(rows, k * width, k * width, width), slack) + Number.MIN_VALUE * width);
}

function dot(rows: Float64Array, a: number, b: number, width: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < width; i += 4) {
    s0 += rows[a + i]! * rows[b + i]!;
    s1 += rows[a + i + 1]! * rows[b + i + 1]!;
    s2 += rows[a + i + 2]! * rows[b + i + 2]!;
    s3 += rows[a + i + 3]! * rows[b + i + 3]!;
  }
  for (; i < width; i++) s0 += rows[a + i]! * rows[b + i]!;
  return s0 + s1 + (s2 + s3);
}

/** Through the Gram matrix of the n² rows of the residual: ‖Σ c·w‖² = cᵀGc, off by at most γ of (Σ‖w‖)² for the roundings of its sums. */
function spansOf({ n, width, projection, scales, bias }: SublayerWeights, squares: Float64Array, radii: Float64Array, radius: number, growth: number): Float64Array {
  const size = n * n;
  const first = 2 * n;
  const gram = new Float64Array(size * size);
  for (let a = 0; a < size; a++) for (let b = 0; b <= a; b++) gram[a * size + b] = gram[b * size + a] = dot(projection, (first + a) * width, (first + b) * width, width);
  const scale = Math.abs(scales[2]!);
  const rounding = addUp(growth, -1);
  const spans = new Float64Array(size * size);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) {
        for (let l = 0; l < n; l++) {
          if (i === k || j === l) continue;
          const four = [i * n + j, k * n + l, i * n + l, k * n + j];
          let [square, lengths, centre, own] = [0, 0, 0, 0];
          four.forEach((a, p) => {
            four.forEach((b, q) => (square += (p < 2 === q < 2 ? 1 : -1) * gram[a * size + b]!));
            lengths = addUp(lengths, sqrtUp(squares[first + a]!));
            centre += (p < 2 ? 1 : -1) * bias[first + a]!;
            own = addUp(own, radii[first + a]!);
          });
          const most = Math.max(0, square) + mulUp(mulUp(lengths, lengths), (width + 40) * 2 ** -52);
          const sizeOfCentre = four.reduce((sum, a) => addUp(sum, Math.abs(bias[first + a]!)), 0);
          const off = addUp(mulUp(mulUp(mulUp(scale, lengths), radius), rounding), mulUp(sizeOfCentre, 2 ** -19)); // roundings of four logits, and of this sum
          const joint = addUp(addUp(centre, mulUp(mulUp(scale, sqrtUp(most)), radius)), off);
          spans[(i * n + k) * size + j * n + l] = Math.min(joint, addUp(addUp(centre, own), off));
        }
      }
    }
  }
  return spans;
}
