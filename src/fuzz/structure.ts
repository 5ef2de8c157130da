/** What two inputs of one shape have to do with each other: kernels have paths for gradients that pick one entry, and for masks. */
/**
 * What the numbers b have to do with as many numbers a: whether b is largest in magnitude where a is largest (1) or smallest (2), whether both are zero in the same places (4) or nowhere at once
 * with zeros in both (8), and how many of b are zero except there (16: all of them).
 */
export function relationOf(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let [high, low, most, peak] = [-Infinity, Infinity, -1, 0];
  let [bothZero, zeroA, zeroB, nonZeroB] = [0, 0, 0, 0];
  for (let k = 0; k < length; k++) {
    const [x, y] = [a[atA + k]!, b[atB + k]!];
    if (x > high) high = x;
    if (x < low) low = x;
    if (Math.abs(y) > most) {
      most = Math.abs(y);
      peak = k;
    }
    if (x === 0) zeroA++;
    if (y === 0) zeroB++;
    else nonZeroB++;
    if (x === 0 && y === 0) bothZero++;
  }
  const there = a[atA + peak]!;
  const zeros = zeroA === 0 || zeroB === 0 ? 0 : bothZero === zeroA && bothZero === zeroB ? 4 : bothZero === 0 ? 8 : 0;
  return (there === high ? 1 : 0) + (there === low ? 2 : 0) + zeros + (nonZeroB === 1 ? 16 : 0);
}
