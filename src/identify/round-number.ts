/** The number that a person would have written, out of an interval: fewest significant digits first, then the machine epsilons. */

/** torch.finfo(torch.float32).eps and its kin, which people use as an epsilon. */
const machineEpsilons = [2 ** -23, 2 ** -10, 2 ** -7, 2 ** -52];

/** The roundest number in [low, high] (0 < low ≤ high): the one nearest to `near` among those with the fewest digits. */
export function roundest(low: number, high: number, near: number): number {
  if (!(high > low)) return near;
  for (let digits = 1; digits <= 17; digits++) {
    const rounded = nearestWith(digits, low, high, near);
    if (rounded !== undefined) return rounded;
    const machine = machineEpsilons.find((value) => value >= low && value <= high);
    if (machine !== undefined) return machine;
  }
  return near;
}

function nearestWith(digits: number, low: number, high: number, near: number): number | undefined {
  const exponent = Math.floor(Math.log10(near)) - digits + 1;
  const middle = Math.round(near / 10 ** exponent);
  const inside = [middle, middle - 1, middle + 1]
    .map((mantissa) => Number(`${mantissa}e${exponent}`))
    .concat([roundedUp(low, digits), roundedUp(high, digits)])
    .filter((value) => value >= low && value <= high);
  return inside.toSorted((a, b) => Math.abs(Math.log(a / near)) - Math.abs(Math.log(b / near)))[0];
}

/** A number of `digits` digits at or just above the value. */
function roundedUp(value: number, digits: number): number {
  const exponent = Math.floor(Math.log10(value)) - digits + 1;
  return Number(`${Math.ceil(value / 10 ** exponent)}e${exponent}`);
}

/** What a person may have meant by a number that was fitted: itself, and its neighbours of one, two and three digits. */
export function meant(value: number): number[] {
  const rounded = [1, 2, 3].map((digits) => Number(value.toPrecision(digits)));
  return [...new Set([...rounded, ...machineEpsilons.filter((machine) => machine > value / 2 && machine < value * 2), value])];
}
