/**
 * The 4×4 zero patterns that differ in more than the order of rows and columns. Which entries of a matrix vanish decides
 * whether and how fast Sinkhorn converges, and 317 patterns stand for all 65,536 (counted by Burnside's lemma: OEIS A002724).
 */

const size = 4;
const patterns = 2 ** (size * size);
let memo: Uint16Array | undefined;

/**
 * The smallest mask of each class of 4×4 patterns under independent permutations of rows and columns, ascending.
 * Bit 4i + j of a mask stands for the entry in row i and column j. 317 of them, computed once.
 */
export function supportClasses4(): Uint16Array {
  memo ??= findClasses();
  return memo;
}

let classOf: Uint16Array | undefined;

/** Which of `supportClasses4` a mask belongs to. All 65,536 are looked up once. */
export function supportClassOf4(mask: number): number {
  if (classOf === undefined) {
    classOf = new Uint16Array(patterns);
    for (const [index, representative] of supportClasses4().entries()) for (const image of supportOrbit4(representative)) classOf[image] = index;
  }
  return classOf[mask]!;
}

/** All masks that permuting the rows and columns of a 4×4 pattern leads to; 576 of them, with repetitions. */
export function supportOrbit4(mask: number): Uint16Array {
  const orbit = new Uint16Array(permutations.length ** 2);
  let k = 0;
  for (const rows of permutations) for (const columns of permutations) orbit[k++] = permuteSupport4(mask, rows, columns);
  return orbit;
}

/** The pattern whose entry (i, j) is the entry (rows[i], columns[j]) of `mask`. */
export function permuteSupport4(mask: number, rows: readonly number[], columns: readonly number[]): number {
  let permuted = 0;
  for (let i = 0; i < size; i++) {
    const row = mask >>> (size * rows[i]!);
    for (let j = 0; j < size; j++) permuted |= ((row >>> columns[j]!) & 1) << (size * i + j);
  }
  return permuted;
}

function findClasses(): Uint16Array {
  const seen = new Uint8Array(patterns);
  const classes: number[] = [];
  for (let mask = 0; mask < patterns; mask++) {
    if (seen[mask] === 1) continue;
    classes.push(mask); // ascending, so the first of an orbit is its smallest
    for (const image of supportOrbit4(mask)) seen[image] = 1;
  }
  return Uint16Array.from(classes);
}

function permutationsOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutationsOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
const permutations = permutationsOf([0, 1, 2, 3]);
