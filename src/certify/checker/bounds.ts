/**
 * The checker's arithmetic about every input: of a box of logits, or of a network. As independent as the rest: + − × ÷ and steps to a neighbour. Formulas and proofs:
 * docs/certificates.md, "All inputs".
 */
import { addDown, addUp, divDown, divUp, mulDown, mulUp, step, type Interval } from './check.ts';

type Side = 'rows' | 'columns';

/** What the parameters of a claim say of a kernel. */
export interface Kernel {
  readonly n: number;
  readonly first: Side;
  readonly iterations: number;
  readonly start: 'softmax' | 'exp';
  readonly added: number;
  readonly divisor: 'add' | 'clamp' | 'plain';
  readonly epsilon: number;
  readonly temperature: number;
  readonly orientation: 'plain' | 'transposed';
  readonly rounding: { readonly start: number; readonly startLine: number; readonly entry: number; readonly line: number; readonly underflow: number };
  readonly stored: { readonly relative: number; readonly absolute: number };
}

/** What holds of H for every input: row and column sums as H multiplies the streams, ‖H‖₂, σ₂. */
export interface Holds {
  readonly forward: Interval;
  readonly backward: Interval;
  readonly exact: Interval;
  readonly free: Interval;
  readonly twoNorm: number;
  readonly second: number;
}

/** A root from above, by Newton's steps, verified by squaring. */
function rootUp(x: number): number {
  if (!(x > 0 && x < Infinity)) return x;
  if (x < 2 ** -900) return mulUp(rootUp(x * 2 ** 200), 2 ** -100);
  let s = Math.max(1, x);
  for (let next = (s + x / s) / 2; next < s; next = (s + x / s) / 2) s = next;
  while (mulDown(s, s) < x) s = step(s);
  return s;
}

/** e^x within an interval: Taylor's polynomial at x/2^k ≤ 1/8, its remainder, k squarings; 1/e^−x for negative x. */
export function exponential(x: number): Interval {
  if (x < 0) {
    const [low, high] = exponential(-x);
    return [high === Infinity ? 0 : Math.max(0, divDown(1, high)), low === Infinity ? 2 ** -1074 : divUp(1, low)];
  }
  if (!(x < 710)) return [x === Infinity ? Infinity : Number.MAX_VALUE, Infinity];
  let [r, k] = [x, 0];
  for (; r > 1 / 8; r /= 2) k++;
  let [low, high, rest] = [1, 1, r];
  for (let i = 14; i >= 1; i--) [low, high, rest] = [addDown(1, mulDown(divDown(r, i), low)), addUp(1, mulUp(divUp(r, i), high)), mulUp(rest, r)];
  high = addUp(high, rest); // r^15 exceeds the remainder r^15/15!·1/(1 − r/16)
  for (; k > 0; k--) [low, high] = [mulDown(low, low), mulUp(high, high)];
  return [low, high];
}

/** ρ^κ ≤ σ^⌊64κ⌋·(1 + f·(σ − 1)), σ = ρ^(1/64), by Bernoulli. */
function power(ratio: number, kappa: number): number {
  let root = ratio;
  for (let i = 0; i < 6; i++) root = rootUp(root);
  const whole = Math.floor(64 * kappa);
  let result = addUp(1, mulUp(64 * kappa - whole, addUp(root, -1)));
  for (let i = 0; i < whole; i++) result = mulUp(result, root);
  return Math.min(result, ratio);
}

export function powerOf(base: number, depth: number, times: (a: number, b: number) => number): number {
  let result = 1;
  for (let i = 0; i < depth; i++) result = times(result, base);
  return result;
}

/** Bounds for logits within `box` [n·n], whose four-logit sums are at most `spans` where those are given. Undefined where nothing is proved. */
export function holds(kernel: Kernel, ranges: readonly Interval[], spans?: readonly number[]): Holds | undefined {
  const { n, first, added, epsilon, divisor, rounding, temperature } = kernel;
  const box = ranges.map(([low, high]): Interval => [divDown(low, temperature), divUp(high, temperature)]);
  const plain = divisor === 'plain' || epsilon === 0;
  const divided = (sum: Interval): Interval => (plain ? sum : divisor === 'add' ? [addDown(sum[0], epsilon), addUp(sum[1], epsilon)] : [Math.max(sum[0], epsilon), Math.max(sum[1], epsilon)]);
  const share = (sum: number, up: boolean): number => (plain ? 1 : up ? Math.min(1, divUp(sum, divided([sum, sum])[0])) : divDown(sum, divided([sum, sum])[1]));
  const opening: Interval = kernel.start === 'softmax' || plain ? [1, 1] : [share(1, false), share(n, true)];
  const lineOf = (i: number): number => (first === 'rows' ? Math.floor(i / n) : i % n);
  const softmax = box.map((own, i): Interval => {
    const others = box.filter((_, k) => k !== i && lineOf(k) === lineOf(i));
    const few = others.reduce((sum, [low]) => addDown(sum, exponential(addDown(low, -own[1]))[0]), 1);
    const many = others.reduce((sum, [, high]) => addUp(sum, exponential(addUp(high, -own[0]))[1]), 1);
    return [divDown(1, many), divUp(1, few)];
  });
  const entries = softmax.map(([low, high]): Interval => [addDown(mulDown(low, opening[0]), added), addUp(mulUp(high, opening[1]), added)]);
  const theta = crossRatio(n, box, entries, softmax, added, spans, temperature);
  const count = 2 * kernel.iterations - 1;
  let error = rounding.entry;
  if (rounding.underflow > 0) {
    const { smallest } = walk(error, undefined);
    const least = divDown(smallest, mulUp(2 * n * n, theta));
    const lost = least > 0 ? divUp(mulUp(2, rounding.underflow), least) : Infinity;
    error = addUp(error, lost);
    if (!(addUp(mulUp(4, rounding.start), mulUp(4 * (count + 1), error)) <= 0.69)) return undefined;
  }
  const root = rootUp(mulUp(theta, exponential(addUp(mulUp(4, rounding.start), mulUp(4 * (count + 1), error)))[1]));
  const kappa = root < Infinity ? Math.min(1, divUp(addUp(root, -1), addDown(root, 1))) : 1;
  const end = walk(error, kappa);
  return mapping(kernel, end.other, end.sums, kappa);

  function walk(entry: number, contraction: number | undefined): { sums: Interval; other: Interval; smallest: number } {
    const factor = exponential(addUp(entry, rounding.line))[1];
    const lost = mulUp(n, rounding.underflow);
    const begin = exponential(addUp(rounding.start, rounding.startLine))[1];
    const lines = Array.from({ length: n }, (_, line) => entries.filter((_entry, i) => (first === 'rows' ? i % n : Math.floor(i / n)) === line));
    const totals = lines.map((line) => line.reduce<Interval>(([low, high], x) => [addDown(low, x[0]), addUp(high, x[1])], [0, 0]));
    let sums: Interval = [divDown(Math.min(...totals.map(([low]) => low)), begin), mulUp(Math.max(...totals.map(([, high]) => high)), begin)];
    let other: Interval = [divDown(addDown(opening[0], mulDown(n, added)), begin), mulUp(addUp(opening[1], mulUp(n, added)), begin)];
    const ratioOf = ([low, high]: Interval): number => (low > 0 ? divUp(high, low) : Infinity);
    const product = (): number => divDown(mulDown(Math.max(0, sums[0]), Math.max(0, other[0])), Math.min(sums[1], other[1]));
    let [ratio, otherRatio, smallest] = [ratioOf(sums), ratioOf(other), product()];
    for (let half = 0; half < count; half++) {
      const after: Interval = [Math.max(0, addDown(divDown(share(sums[0], false), factor), -lost)), addUp(mulUp(share(sums[1], true), factor), lost)];
      const [small, large] = divided(sums);
      const crossed: Interval = [Math.max(0, addDown(divDown(divDown(other[0], large), factor), -lost)), small > 0 ? addUp(mulUp(divUp(other[1], small), factor), lost) : Infinity];
      const contracted = contraction === undefined || ratio === Infinity ? Infinity : mulUp(mulUp(power(ratio, contraction), otherRatio), mulUp(factor, factor));
      ratio = Math.min(contracted, ratioOf(crossed));
      const low = ratio < Infinity ? Math.max(crossed[0], divDown(after[0], ratio)) : crossed[0];
      const high = Math.min(crossed[1], ratio < Infinity ? mulUp(after[1], ratio) : Infinity, addUp(mulUp(n, after[1]), -mulDown(n - 1, low)));
      sums = [Math.max(low, addDown(mulDown(n, after[0]), -mulUp(n - 1, high))), high];
      ratio = Math.min(ratio, ratioOf(sums));
      [other, otherRatio] = [after, ratioOf(after)];
      smallest = Math.min(smallest, product());
    }
    return { sums, other, smallest };
  }
}

/** The largest X_ij·X_kl/(X_il·X_kj) of the start. */
function crossRatio(n: number, box: readonly Interval[], entries: readonly Interval[], softmax: readonly Interval[], added: number, spans: readonly number[] | undefined, temperature: number): number {
  let [span, direct] = [0, 1];
  for (let quad = 0; quad < n ** 4; quad++) {
    const [i, k, j, l] = [Math.floor(quad / n ** 3), Math.floor(quad / n ** 2) % n, Math.floor(quad / n) % n, quad % n];
    if (i === k || j === l) continue;
    const [ij, kl, il, kj] = [box[i * n + j]!, box[k * n + l]!, box[i * n + l]!, box[k * n + j]!];
    const sum = addUp(addUp(ij[1], kl[1]), -addDown(il[0], kj[0]));
    span = Math.max(span, spans === undefined ? sum : Math.min(sum, divUp(spans[quad]!, temperature)));
    direct = Math.max(direct, divUp(mulUp(entries[i * n + j]![1], entries[k * n + l]![1]), mulDown(entries[i * n + l]![0], entries[k * n + j]![0])));
  }
  const theta = exponential(span)[1];
  if (added === 0) return theta;
  const least = Math.min(...softmax.map(([low]) => low));
  const growth = least > 0 ? addUp(1, divUp(added, least)) : Infinity;
  return Math.min(direct > 0 ? direct : Infinity, growth < Infinity ? mulUp(theta, mulUp(growth, growth)) : Infinity);
}

function mapping({ n, first, orientation, stored }: Kernel, last: Interval, free: Interval, kappa: number): Holds {
  const lost = mulUp(n, stored.absolute);
  const widened = ([low, high]: Interval): Interval => [Math.max(0, addDown(mulDown(low, addDown(1, -stored.relative)), -lost)), addUp(mulUp(high, addUp(1, stored.relative)), lost)];
  const [exact, other] = [widened(last), widened(free)];
  const forwardIsExact = (first === 'columns') === (orientation === 'plain');
  const twoNorm = rootUp(mulUp(exact[1], other[1]));
  const moved = addUp(mulUp(twoNorm, stored.relative), lost);
  return { exact, free: other, forward: forwardIsExact ? exact : other, backward: forwardIsExact ? other : exact, twoNorm, second: Math.min(twoNorm, addUp(mulUp(kappa, twoNorm), moved)) };
}

/** Parameters of one sublayer: [n² + 2n, width], three scales, bias. */
export interface Sublayer {
  readonly rows: readonly Float64Array[];
  readonly scales: readonly number[];
  readonly bias: readonly number[];
}

/** The boxes of all logits of a sublayer and the bounds of the four-logit sums of its residual, for every input: Cauchy and Schwarz with ‖x′‖ ≤ √(nC). */
export function logits({ rows, scales, bias }: Sublayer, n: number): { box: Interval[]; spans: number[] } {
  const width = rows[0]!.length;
  const length = (signed: readonly (readonly [row: Float64Array, sign: number])[]): number => {
    let square = 0;
    for (let t = 0; t < width; t++) {
      let [value, size] = [0, 0];
      for (const [row, sign] of signed) {
        value += sign * row[t]!;
        size += Math.abs(row[t]!);
      }
      value = Math.abs(value) + 4 * 2 ** -52 * size;
      square += value * value;
    }
    return rootUp(mulUp(square, 1 + (width + 8) * 2 ** -52)); // squares and their sum in f64, each off by half a unit at most
  };
  const gamma = ((width + 8) * 2 ** -24) / (1 - (width + 8) * 2 ** -24);
  const growth = (1 + 2 ** -11) ** 2 * (1 + gamma) * (1 + 2 ** -40);
  const [reach, lengths] = [rootUp(width), rows.map((row) => length([[row, 1]]))];
  const scaleOf = (k: number): number => Math.abs(scales[k < n ? 0 : k < 2 * n ? 1 : 2]!);
  const radii = lengths.map((size, k) => addUp(mulUp(mulUp(mulUp(scaleOf(k), size), reach), growth), mulUp(Math.abs(bias[k]!), 2 ** -20)));
  const box = bias.map((b, k): Interval => [addDown(b, -radii[k]!), addUp(b, radii[k]!)]);
  const spans = Array.from({ length: n ** 4 }, (_, quad) => {
    const [i, k, j, l] = [Math.floor(quad / n ** 3), Math.floor(quad / n ** 2) % n, Math.floor(quad / n) % n, quad % n];
    if (i === k || j === l) return 0;
    const four = [[i, j, 1], [k, l, 1], [i, l, -1], [k, j, -1]].map(([a, b, sign]): [number, number] => [2 * n + a! * n + b!, sign!]);
    const centre = four.reduce((sum, [at, sign]) => addUp(sum, sign * bias[at]!), 0);
    const together = four.reduce((sum, [at]) => addUp(sum, lengths[at]!), 0);
    const sizes = four.reduce((sum, [at]) => addUp(sum, Math.abs(bias[at]!)), 0);
    const off = addUp(mulUp(mulUp(mulUp(scaleOf(2 * n), together), reach), addUp(growth, -1)), mulUp(sizes, 2 ** -19));
    return addUp(addUp(centre, mulUp(mulUp(scaleOf(2 * n), length(four.map(([at, sign]) => [rows[at]!, sign]))), reach)), off);
  });
  return { box, spans };
}
