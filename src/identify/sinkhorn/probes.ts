/**
 * The fixed problems that a Sinkhorn kernel is asked, and what each shows. All logits are dyadic and short, so that f32, f16 and bf16
 * hold them exactly and nothing depends on how they are read.
 *
 * Ordinary probes stay where every arithmetic carries them. The result is always D₁·A·D₂, so what a dialect does differently must be seen in
 * the scaling that T steps reach: patterns without a positive diagonal never settle (T shows as a factor per iteration, or as 1/T), lines of
 * tiny sum meet the epsilon on the way, and shifts of lines move sums through it. Extreme probes leave the range of every arithmetic (e^±1024 is no f64)
 * on purpose: where a kernel overflows or divides zero by zero, it has shown what it subtracts.
 */

export interface Probe {
  readonly name: string;
  /** n·n logits. */
  readonly logits: Float64Array;
}

/** The ordinary probes, 37 of them for every n. */
export function ordinaryProbes(n: number): Probe[] {
  const probes: Probe[] = [];
  const add = (name: string, entry: (i: number, j: number) => number): void => void probes.push({ name, logits: matrix(n, entry) });
  const both = (name: string, entry: (i: number, j: number) => number): void => {
    add(name, entry);
    add(`${name}, transposed`, (i, j) => entry(j, i));
  };
  for (const value of [0, 12, -20]) add(`constant ${value}`, () => value);
  for (const depth of [9, 40]) add(`diagonal above ${-depth}`, (i, j) => (i === j ? 0 : -depth));
  both('triangle above -60', (i, j) => (j <= i ? 0 : -60));
  add('triangle above -12', (i, j) => (j <= i ? 0 : -12));
  both('no positive diagonal', (i, j) => (rowless(i, j) ? -60 : 0));
  for (const depth of [2, 4, 6]) add(`weak coupling ${-depth}`, (i, j) => (i === j ? 0 : j > i ? -depth : -depth - 4));
  for (const amplitude of [1, 4, 8, 16]) add(`dense ±${amplitude}`, (i, j) => dense(i, j) * amplitude);
  for (const step of [12, 30]) both(`dense ±4, rows shifted by ${step}`, (i, j) => dense(i, j) * 4 + step * ((i % 3) - 1));
  for (const depth of [6, 14, 22, 40]) {
    both(`triangle, first column at ${-depth}`, (i, j) => (j <= i ? 0 : -40) - (j === 0 ? depth : 0));
    both(`triangle, last column at ${-depth}`, (i, j) => (j <= i ? 0 : -40) - (j === n - 1 ? depth : 0));
  }
  return probes;
}

/** The extreme probes: one line, or everything, far above or below the rest. */
export function extremeProbes(n: number): Probe[] {
  const far = 1024;
  return [
    { name: 'all at 1024', logits: matrix(n, () => far) },
    { name: 'all at -1024', logits: matrix(n, () => -far) },
    { name: 'first row at 1024', logits: matrix(n, (i) => (i === 0 ? far : 0)) },
    { name: 'first column at 1024', logits: matrix(n, (_, j) => (j === 0 ? far : 0)) },
    { name: 'last row at 1024', logits: matrix(n, (i) => (i === n - 1 ? far : 0)) },
    { name: 'last column at 1024', logits: matrix(n, (_, j) => (j === n - 1 ? far : 0)) },
    { name: 'first row at -1024', logits: matrix(n, (i) => (i === 0 ? -far : 0)) },
    { name: 'first column at -1024', logits: matrix(n, (_, j) => (j === 0 ? -far : 0)) },
  ];
}

/** Dense logits with all 24 bits of an f32 in use: what a kernel that reads them as something shorter cannot see. */
export function longProbes(n: number): Probe[] {
  return [2, 6].map((amplitude) => ({ name: `dense ±${amplitude} with all bits in use`, logits: matrix(n, (i, j) => Math.fround((dense(i, j) + ((7919 * i + 104_729 * j + 1009) % 4093) / 2 ** 16) * amplitude)) }));
}

/** The logits of several probes as one batch. */
export function batchOf(probes: readonly Probe[]): Float64Array {
  return Float64Array.from(probes.flatMap(({ logits }) => Array.from(logits)));
}

function matrix(n: number, entry: (i: number, j: number) => number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
}

/** The first two columns have no support but in the first row: by Hall's theorem no permutation lies in it (n ≥ 3). */
function rowless(i: number, j: number): boolean {
  return i > 0 && j < 2;
}

/** A fixed table in [−1, 1) in eighths, without symmetry and not of the form a_i + b_j. */
function dense(i: number, j: number): number {
  return (((7 * i + 5 * j + 3 * i * j + 2 * i * i) % 16) - 8) / 8;
}
