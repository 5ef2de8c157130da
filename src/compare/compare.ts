/** The table of the designs: the same inputs through each, measured at several depths and in several settings. Everything in f64. */
import { requireStreams, type Design } from './designs.ts';
import type { Distribution, Setting } from './inputs.ts';
import { layersOf } from './orbit.ts';
import { mappingsOf, streamsOf } from './mappings.ts';
import { measureChain, type ChainFigures } from './measure.ts';

export interface CompareOptions {
  readonly designs: readonly Design[];
  readonly settings: readonly Setting[];
  /** Ascending, each at least 1. */
  readonly depths: readonly number[];
  readonly tokens: number;
  readonly streams: number;
  readonly seed: number;
  readonly gate: number;
  readonly spread: number;
  /** Gates of the sweep; none leaves it out. */
  readonly sweepGates: readonly number[];
}

export interface DesignFigures {
  readonly design: string;
  readonly title: string;
  readonly figures: readonly ChainFigures[];
}

/** One composite gain of the sweep. */
export interface SweepPoint {
  readonly setting: string;
  readonly design: string;
  readonly gate: number;
  readonly depth: number;
  readonly forward: number;
  readonly backward: number;
}

/** What `plumbline compare --reporter json` prints. Gains, ratios, σ₂ and leak have no unit; see `measure.ts` for their definitions. */
export interface CompareReport {
  readonly schemaVersion: 1;
  readonly kind: 'compare';
  readonly seed: number;
  readonly tokens: number;
  readonly streams: number;
  readonly depths: readonly number[];
  readonly gate: number;
  readonly spread: number;
  readonly settings: readonly { readonly name: string; readonly what: string; readonly designs: readonly DesignFigures[] }[];
  readonly sweep: readonly SweepPoint[];
}

/** Sublayers at which the sweep is measured, as in the paper's 27B model; less where no such depth was asked for. */
const sweepDepth = 60;

/** Runs the comparison. Throws `bad-usage` where a design is not defined for the streams. */
export function compare(options: CompareOptions): CompareReport {
  const { designs, settings, depths, tokens, streams, seed, gate, spread, sweepGates } = options;
  for (const design of designs) requireStreams(design, streams);
  const deepest = Math.min(sweepDepth, depths.at(-1)!);
  return {
    schemaVersion: 1,
    kind: 'compare',
    seed,
    tokens,
    streams,
    depths,
    gate,
    spread,
    settings: settings.map((setting) => ({
      name: setting.name,
      what: setting.what,
      designs: designs.map((design) => ({ design: design.name, title: design.title, figures: chain(design, setting, { gate, spread, seed }, options, depths) })),
    })),
    sweep: settings.flatMap((setting) =>
      designs.flatMap((design) =>
        sweepGates.map((swept) => {
          const [{ forward, backward }] = chain(design, setting, { gate: swept, spread, seed }, options, [deepest]) as [ChainFigures];
          return { setting: setting.name, design: design.name, gate: swept, depth: deepest, forward, backward };
        }),
      ),
    ),
  };
}

function chain(design: Design, setting: Setting, distribution: Distribution, { tokens, streams }: CompareOptions, depths: readonly number[]): ChainFigures[] {
  const n = streamsOf(design, streams);
  const statics = design.start(n);
  const layers = layersOf(design, setting, distribution, tokens, n, depths.at(-1)!);
  return measureChain((layer) => mappingsOf(design, { ...layers(layer), statics }, tokens, n), tokens, n, depths, distribution.seed);
}
