/**
 * The checker's bound of the side that is not normalised last, for all logits at n = 4: the potential of Sinkhorn's iterations. As independent as the rest: + − × ÷ and steps to a neighbour.
 * Formulas and proof: docs/certificates.md, "The free side for all logits". Y is e to the power of what is left of the potential, so that no logarithm is needed.
 */
import { exponential, powerOf, type Kernel } from './bounds.ts';
import { addDown, addUp, divDown, divUp, mulDown, mulUp, must, step } from './check.ts';

/** Neighbouring values of Y; where the search for the largest product of sums stops; the level above which it is not made any more. */
const [ratio, within, far] = [33 / 32, 1 + 2 ** -8, 1024];

function rootUp(x: number): number {
  let s = Math.max(1, x);
  for (let next = (s + x / s) / 2; next < s; next = (s + x / s) / 2) s = next;
  while (mulDown(s, s) < x) s = step(s);
  return s;
}

/** At least x·(c − x) for any x from `low` to `high`. */
function parabola(low: number, high: number, c: number): number {
  const top = Math.min(high, Math.max(low, c / 2));
  const least = mulUp(top, addUp(c, -top));
  return low <= c / 2 && c / 2 <= high ? step(Math.max(least, mulUp(c / 2, c / 2))) : step(least);
}

/** At least ∏ r of r = (x, 1 + y − x, 1 + z − y, 2 − z) with xyz = p, all three in (0, 1]. */
function largestProduct(p: number): number {
  let [best, result] = [p * (2 - p), 0]; // of (1, 1, p)
  const open: (readonly [number, number, number, number])[] = [[p / 2, 1, p / 2, 1]];
  for (let cell = open.pop(); cell !== undefined; cell = open.pop()) {
    const [a, b, c, d] = cell;
    const [low, high] = [divDown(p, mulUp(b, d)), Math.min(1, divUp(p, mulDown(a, c)))];
    if (low > 1) continue;
    // (1 + z − c)(2 − z) = v(3 − c − v) with v = 2 − z
    const bound = mulUp(parabola(a, b, addUp(1, d)), parabola(addDown(2, -high), addUp(2, -low), addUp(3, -c)));
    const [x, y] = [(a + b) / 2, (c + d) / 2];
    const z = p / (x * y);
    if (z <= 1) best = Math.max(best, x * (1 + y - x) * (1 + z - y) * (2 - z));
    if (bound <= best * within) result = Math.max(result, bound);
    else if (b - a > d - c) open.push([a, x, c, d], [x, b, c, d]);
    else open.push([a, b, c, y], [a, b, y, d]);
  }
  return result;
}

/** At least ∏ r of four sums with Σ r = 4 of which those below 1 lack at least `lacking` together. */
function spreadProduct(lacking: number): number {
  let most = 0;
  for (let k = 1; k <= 3; k++) {
    if (!(lacking < k)) continue;
    const [below, above] = [addUp(1, -divDown(lacking, k)), addUp(1, divUp(lacking, 4 - k))];
    most = Math.max(most, mulUp(powerOf(below, k, mulUp), powerOf(above, 4 - k, mulUp)));
  }
  return most;
}

type Level = { readonly from: number; readonly to: number; readonly product: number };
const memory = new Map<string, readonly Level[]>();
const products: number[] = [];

/** What a half-step multiplies Y by at most, for Y from 1 to `most`, e^Ω = `reach`. */
function levels(reach: number, most: number): readonly Level[] {
  const key = `${reach} ${most}`;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const found: Level[] = [];
  for (let [from, i] = [1, 0]; from <= most; i++) {
    const to = from * ratio;
    if (from <= far) products[i] ??= Math.min(1, largestProduct(divUp(1, from)));
    let product = products[Math.min(i, products.length - 1)]!;
    if (from > reach) product = Math.min(product, spreadProduct(Math.max(0, addDown(2, -rootUp(divUp(reach, from))))));
    if (from > mulUp(reach, reach)) product = Math.min(product, spreadProduct(addDown(3, -divUp(mulUp(reach, reach), from))));
    found.push({ from, to, product });
    from = to;
  }
  memory.clear();
  memory.set(key, found);
  return found;
}

/** At least Y after a half-step. */
function after(most: number, steps: readonly Level[], loss: number): number {
  return steps.reduce((worst, { from, to, product }) => (from <= most ? Math.max(worst, mulUp(mulUp(Math.min(to, most), product), loss)) : worst), 0);
}

/** δ·log((1 + δ)/(1 − δ/3)) from below, by the series of log((1 + y)/(1 − y)), y = 2δ/(3 + δ). */
function jeffreys(delta: number): number {
  const y = divDown(mulDown(2, delta), addUp(3, delta));
  let sum = 0;
  for (let [k, power] = [1, y]; k < 60; k += 2) {
    sum = addDown(sum, divDown(power, k));
    power = mulDown(mulDown(power, y), y);
  }
  return mulDown(mulDown(2, delta), sum);
}

/** Whether the sums of the free side are within `bound` of 1 for all finite logits. */
export function freeSideWithin({ n, start, added, divisor, epsilon, iterations, rounding, stored }: Kernel, bound: number): boolean {
  must(n === 4 && start === 'softmax' && added >= 2 ** -64 && added <= 2 ** -10 && divisor !== 'clamp' && epsilon <= added && iterations >= 2, 'nothing is proved of its kernel for all logits');
  must([...Object.values(rounding), ...Object.values(stored)].every((error) => error === 0), 'nothing is proved of kernels that round, for all logits');
  const halves = 2 * iterations;
  const opening = addUp(1, divUp(epsilon, 4 * added));
  const eta = divUp(epsilon, divDown(1, mulUp(opening, addUp(4, epsilon))));
  const loss = powerOf(addUp(1, eta), 8, mulUp);
  const first = divUp(addUp(1, added), added);
  const reach = mulUp(mulUp(first, opening), powerOf(addUp(1, eta), halves, mulUp));
  const begin = divUp(mulUp(first, first), 0.75);
  const steps = levels(reach, begin);
  const delta = addDown(bound, -mulUp(4, eta));
  if (!(delta > 0 && delta < 3)) return false;
  const divergence = jeffreys(delta);
  let left = after(begin, steps, mulUp(mulUp(powerOf(opening, 3, mulUp), addUp(1, epsilon)), powerOf(addUp(1, mulUp(4, epsilon)), 4, mulUp)));
  for (let half = 2; half < halves; half++) {
    const rest = halves - half;
    const lost = mulUp(eta, mulUp(rest, addUp(4, mulUp(3.5, rest))));
    if (half % 2 === 0 && exponential(Math.max(0, addDown(mulDown(rest / 2, divergence), -lost)))[0] > left) return true;
    left = after(left, steps, loss);
  }
  return false;
}
