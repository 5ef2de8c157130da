/**
 * The numbers that most dialects do not have: a temperature, and a deviation at which the loop ends early.
 *
 * Temperature. Whatever is divided by, entry (i,j) of the result is r_i·exp(L_ij/τ)·c_j where no epsilon was added to it, so the cross ratios of the
 * result are those of the logits over τ: log(X_ij·X_kl / (X_il·X_kj)) = (L_ij + L_kl − L_il − L_kj)/τ. On dense logits of small range an added epsilon
 * is far below every entry, and least squares over the cross ratios gives τ; the distance of walk.ts then says which τ nearby is nearest.
 */
import { meant } from '../round-number.ts';
import { bestIterations, refineEpsilon, type Fit } from './fit.ts';
import type { Probe } from './probes.ts';
import { distances, type Seen } from './walk.ts';

/** A temperature nearer to 1 than this is 1: below it a bf16 result cannot tell. */
const nearOne = 2 ** -6;
/** How much too large, in its logarithm, an estimate may be. */
const most = 0.5;
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

/**
 * The temperature near that of a fit that brings it nearest, as a person would have written it. Each temperature gets its own best epsilon and iterations, because an epsilon in
 * the start shrinks the cross ratios as a larger temperature does: the estimate is then too large, by up to `most` in its logarithm.
 */
export function refineTemperature(seen: Seen, fit: Fit): number {
  const at = (temperature: number): Fit => {
    const start = bestIterations(seen, { ...fit.dialect, temperature }, fit.dialect.iterations + 4);
    return refineEpsilon(seen, start, 4, 2 ** -8);
  };
  const centre = Math.log(fit.dialect.temperature);
  let middle = centre;
  let best = Infinity;
  for (let logarithm = centre - most; logarithm <= centre + nearOne; logarithm += nearOne) {
    const { distance } = at(Math.exp(logarithm));
    if (distance < best) [middle, best] = [logarithm, distance];
  }
  let [low, high] = [middle - nearOne, middle + nearOne];
  while (high - low > 2 ** -22) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (at(Math.exp(a)).distance < at(Math.exp(b)).distance) high = b;
    else low = a;
  }
  const written = meant(Math.exp((low + high) / 2)).map((temperature) => at(temperature));
  return written.reduce((nearest, tried) => (tried.distance < nearest.distance ? tried : nearest)).dialect.temperature;
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
