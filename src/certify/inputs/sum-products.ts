/** How large a product of four sums may be that sum to 4, from above: what potential.ts needs. */
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from '../../numerics/directed.ts';
import { powerUp } from './mapping.ts';

/** A part that is at most this far above the best product found is not split again. */
const within = 1 + 2 ** -8;

/** x and y of a part. */
interface Part {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** At least x(1 + y − x)·(1 + z − y)(2 − z) for all x, y, z in (0, 1] with xyz = p, by branch and bound. */
export function largestProduct(p: number): number {
  let best = p * (2 - p); // of (1, 1, p); any value of the product would do
  let result = 0;
  const open: Part[] = [{ x: [p / 2, 1], y: [p / 2, 1] }];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { x: [x0, x1], y: [y0, y1] } = part;
    const z0 = divDown(p, mulUp(x1, y1));
    if (z0 > 1) continue;
    const z1 = Math.min(1, divUp(p, mulDown(x0, y0)));
    // both factors are parabolas, with y at the end that enlarges them: x(c − x), and with v = 2 − z v(3 − y − v)
    const bound = mulUp(parabolaUp(x0, x1, addUp(1, y1)), parabolaUp(addDown(2, -z1), addUp(2, -z0), addUp(3, -y0)));
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    const z = p / (x * y);
    if (z <= 1) best = Math.max(best, x * (1 + y - x) * (1 + z - y) * (2 - z));
    if (bound <= best * within) result = Math.max(result, bound);
    else if (x1 - x0 > y1 - y0) open.push({ x: [x0, x], y: [y0, y1] }, { x: [x, x1], y: [y0, y1] });
    else open.push({ x: [x0, x1], y: [y0, y] }, { x: [x0, x1], y: [y, y1] });
  }
  return result;
}

/** At least v(c − v) for v from `low` to `high`. */
function parabolaUp(low: number, high: number, c: number): number {
  if (high < c / 2) return mulUp(high, addUp(c, -high));
  if (low > c / 2) return mulUp(low, addUp(c, -low));
  return mulUp(c / 2, c / 2);
}

/** At least ∏ r when those of the four that are below 1 lack `lacking` together, or more: k of them share it equally, and the others what they lack. */
export function spreadProduct(lacking: number): number {
  let most = 0;
  for (let k = 1; k <= 3; k++) {
    if (!(lacking < k)) continue;
    most = Math.max(most, mulUp(powerUp(addUp(1, -divDown(lacking, k)), k), powerUp(addUp(1, divUp(lacking, 4 - k)), 4 - k)));
  }
  return most;
}
