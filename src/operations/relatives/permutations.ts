/** The permutations of 0 … n − 1 in lexicographic order, as the implementations of mHC-lite list them: the identity first. */
const known = new Map<number, readonly (readonly number[])[]>();

/** All n! permutations, n ≤ 5; π[i] is where line i has its one. */
export function permutationsOf(n: number): readonly (readonly number[])[] {
  let list = known.get(n);
  if (list === undefined) {
    list = extend([], n);
    known.set(n, list);
  }
  return list;
}

function extend(start: readonly number[], n: number): number[][] {
  if (start.length === n) return [[...start]];
  return Array.from({ length: n }, (_, next) => next).flatMap((next) => (start.includes(next) ? [] : extend([...start, next], n)));
}
