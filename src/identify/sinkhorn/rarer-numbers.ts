/**
 * The numbers that most dialects do not have: a temperature, and a deviation at which the loop ends early.
 *
 * Temperature. Whatever is divided by, entry (i,j) of the result is r_i·exp(L_ij/τ)·c_j where no epsilon was added to it, so the cross ratios of the
 * result are those of the logits over τ: log(X_ij·X_kl / (X_il·X_kj)) = (L_ij + L_kl − L_il − L_kj)/τ. On dense logits of small range an added epsilon
 * is far below every entry, and least squares over the cross ratios gives τ; the distance of walk.ts then says which τ nearby is nearest.
 */
import { meant } from '../round-number.ts';
import type { Fit } from './fit.ts';
import type { Probe } from './probes.ts';
import { distances, type Seen } from './walk.ts';

/** A temperature nearer to 1 than this is 1: below it a bf16 result cannot tell. */
const nearOne = 2 ** -6;
const golden = (Math.sqrt(5) - 1) / 2;

/** An estimate of the temperature from one dense probe; nothing where it is 1, or where the result has no logarithms. */
export function temperatureOf({ n, values, logits }: Seen, probes: readonly Probe[]): number | undefined {
  const offset = probes.findIndex(({ name }) => name === 'dense ±1') * n * n;
  let product = 0;
  let square = 0;
  for (let i = 1; i < n; i++) {
    for (let j = 1; j < n; j++) {
      const corners = [0, j, i * n, i * n + j].map((k) => offset + k) as [number, number, number, number];
      const crossed = ([a, b, c, d]: readonly number[]): number => a! + d! - b! - c!;
      const given = crossed(corners.map((k) => logits[k]!));
      product += given * crossed(corners.map((k) => Math.log(values[k]!)));
      square += given * given;
    }
  }
  const temperature = square / product;
  return temperature > 2 ** -20 && temperature < 2 ** 20 && Math.abs(Math.log(temperature)) > nearOne ? temperature : undefined;
}

/** The temperature near that of a fit that brings it nearest, as a person would have written it. */
export function refineTemperature(seen: Seen, { dialect }: Fit): number {
  const at = (temperature: number): number => distances(seen, { ...dialect, temperature }, dialect.iterations)[dialect.iterations]!;
  let [low, high] = [Math.log(dialect.temperature) - nearOne, Math.log(dialect.temperature) + nearOne];
  while (high - low > 2 ** -22) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (at(Math.exp(a)) < at(Math.exp(b))) high = b;
    else low = a;
  }
  const written = meant(Math.exp((low + high) / 2));
  return written.reduce((best, tried) => (at(tried) < at(best) ? tried : best));
}

/** Deviations at which a loop may end: 1, 2 and 5 of every decade. */
const stops = Array.from({ length: 36 }, (_, k) => Number(`${[1, 2, 5][k % 3]}e${Math.floor(k / 3) - 12}`));

/** The fit with the early stop that brings it nearest; nothing where none does. More iterations are tried, because fewer were needed without it. */
export function bestStop(seen: Seen, { dialect, distance }: Fit): Fit | undefined {
  let best: Fit = { dialect, distance };
  const look = Math.min(1000, dialect.iterations + 8);
  for (const stopBelow of stops) {
    const sums = distances(seen, { ...dialect, stopBelow }, look);
    for (let iterations = 1; iterations <= look; iterations++) {
      if (sums[iterations]! < best.distance) best = { dialect: { ...dialect, iterations, stopBelow }, distance: sums[iterations]! };
    }
  }
  return best.dialect.stopBelow > 0 ? best : undefined;
}
