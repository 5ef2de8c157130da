import { cpus } from 'node:os';

/** The machine in one line, for figures that are quoted. */
export function machine(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`;
}

/** Largest value not above the share `q` of sorted numbers. */
export function quantile(sorted: readonly number[] | Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
