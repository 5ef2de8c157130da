/** Bounds of every sublayer of a checkpoint and of their products, for every input of the network. One sublayer is in memory at a time. */
import { PlumblineError, suggest } from '../../errors.ts';
import { resolveArithmetic, type Arithmetic, type ArithmeticInput } from '../../numerics/arithmetic.ts';
import { mulDown, mulUp, sqrtUp } from '../../numerics/directed.ts';
import { mappingsPresets, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import { withoutForm } from '../inputs/form.ts';
import type { Rounding, Sums } from '../inputs/walk.ts';
import { openCheckpoint, type Checkpoint } from './file.ts';
import { logitsOf, readWeights, type SublayerLogits } from './logits.ts';
import { observe, ObservedComposite } from './observe.ts';
import { findSublayers, type SublayerNames } from './schemes.ts';
import { boundSublayer, exactGain, gains, sublayerRounding, type SublayerBounds } from './sublayer.ts';

export interface CheckpointOptions {
  readonly path: string;
  /** A mappings preset; the scheme's own when absent. */
  readonly dialect?: string | undefined;
  readonly arithmetic?: ArithmeticInput | undefined;
  readonly map?: string | undefined;
  /** Random inputs of each sublayer to show beside the bounds; 0 for none. */
  readonly samples: number;
  readonly seed: number;
  readonly onSublayer?: ((done: number, count: number, name: string) => void) | undefined;
  readonly stopped?: (() => boolean) | undefined;
}

export interface SublayerReport {
  readonly names: SublayerNames;
  readonly bounds: SublayerBounds;
  /** Row sums and column sums of H as it multiplies the streams. */
  readonly forward: Sums;
  readonly backward: Sums;
  /** Largest distance of a free side's sum from 1 that was seen; undefined when none was looked at. */
  readonly observed: number | undefined;
}

/** Gains of the residual path through all sublayers. */
export interface Composite {
  readonly depth: number;
  readonly forward: number;
  readonly backward: number;
  readonly twoNorm: number;
  /** The sums of the exact side: what the mean of the streams (or of their gradients) is multiplied with. */
  readonly mean: Sums;
  readonly observed: { readonly forward: number; readonly backward: number } | undefined;
}

export interface CheckpointBounds {
  readonly scheme: string;
  readonly preset: string;
  readonly dialect: MappingsDialect;
  readonly arithmetic: Arithmetic;
  readonly n: number;
  readonly channels: number;
  readonly exact: 'forward' | 'backward';
  readonly sublayers: readonly SublayerReport[];
  readonly composite: Composite;
  /** Of the kernel, in every sublayer. */
  readonly rounding: Rounding;
  readonly checkpoint: Checkpoint;
}

/** Undefined when it was stopped. Throws `bad-file` for a checkpoint that is damaged or not of mHC, `bad-usage` for a dialect that nothing is certified of. */
export function boundCheckpoint(options: CheckpointOptions): CheckpointBounds | undefined {
  const checkpoint = openCheckpoint(options.path);
  const { scheme, dialect: usual, sublayers: found } = findSublayers(checkpoint, options.map);
  const preset = options.dialect ?? usual;
  const dialect = dialectOf(preset);
  const arithmetic = resolveArithmetic(options.arithmetic ?? 'cuda-f32');
  const products = new ObservedComposite();
  const ranges: { names: SublayerNames; logits: SublayerLogits; observed: number | undefined }[] = [];
  let [n, channels] = [0, 0];
  for (const [index, names] of found.entries()) {
    if (options.stopped?.() === true) return undefined;
    options.onSublayer?.(index, found.length, names.name);
    const weights = readWeights(checkpoint, names);
    if (index > 0 && (weights.n !== n || weights.width / weights.n !== channels)) throw new PlumblineError('bad-file', `${names.name} has n = ${weights.n}, C = ${weights.width / weights.n}; the one before n = ${n}, C = ${channels}.`, 'The residual streams of a network have one size.');
    [n, channels] = [weights.n, weights.width / weights.n];
    const seen = options.samples === 0 ? undefined : observe(weights, dialect, options.samples, options.seed + index);
    if (seen !== undefined) products.add(seen, n, dialect.orientation);
    ranges.push({ names, logits: logitsOf(weights), observed: seen?.freeDeviation });
  }
  const rounding = commonRounding(ranges.map(({ names, logits }) => orThrow(sublayerRounding(logits, dialect, arithmetic), names)));
  const sublayers = ranges.map(({ names, logits, observed }): SublayerReport => {
    const bounds = orThrow(boundSublayer(logits, dialect, arithmetic, rounding), names);
    return { names, bounds, ...gains(bounds, dialect.orientation), observed };
  });
  const exact = exactGain(dialect);
  const observed = options.samples === 0 ? undefined : { forward: products.forward, backward: products.backward };
  return { scheme, preset, dialect, arithmetic, rounding, n, channels, exact, sublayers, composite: compositeOf(sublayers, exact, n, observed), checkpoint };
}

function orThrow<T>(found: T | string, { name }: SublayerNames): T {
  if (typeof found === 'string') throw new PlumblineError('bad-file', `${name}: nothing can be certified, because ${found}.`, 'Its logits may be unbounded in practice: look at its scales and its projection.');
  return found;
}

/** One for all sublayers, as their kernel is one. */
function commonRounding(all: readonly Rounding[]): Rounding {
  return all.reduce((worst, one) => ({
    start: Math.max(worst.start, one.start), startLine: Math.max(worst.startLine, one.startLine), entry: Math.max(worst.entry, one.entry),
    line: Math.max(worst.line, one.line), underflow: Math.max(worst.underflow, one.underflow),
  }));
}

function dialectOf(preset: string): MappingsDialect {
  const dialect = Object.hasOwn(mappingsPresets, preset) ? mappingsPresets[preset]! : undefined;
  if (dialect === undefined) throw new PlumblineError('bad-usage', `There is no preset '${preset}' of mappings.`, suggest(preset, Object.keys(mappingsPresets)));
  const reason = dialect.norm === 'none' ? 'without a norm its logits have no bound' : withoutForm(dialect);
  if (reason !== undefined) throw new PlumblineError('bad-usage', `Nothing is certified for all inputs of '${preset}': ${reason}.`, 'Certify outputs of it: plumbline certify outputs.safetensors.');
  return dialect;
}

/** Products of the sublayers' bounds; the free side's never above n times the exact side's (../inputs/mapping.ts). */
function compositeOf(sublayers: readonly SublayerReport[], exact: 'forward' | 'backward', n: number, observed: Composite['observed']): Composite {
  let [exactHigh, exactLow, free, two] = [1, 1, 1, 1];
  for (const sublayer of sublayers) {
    const [own, other] = exact === 'forward' ? [sublayer.forward, sublayer.backward] : [sublayer.backward, sublayer.forward];
    exactHigh = mulUp(exactHigh, own.high);
    exactLow = mulDown(exactLow, own.low);
    free = mulUp(free, other.high);
    two = mulUp(two, sublayer.bounds.twoNorm);
  }
  const freeHigh = Math.min(free, mulUp(n, exactHigh));
  const [forward, backward] = exact === 'forward' ? [exactHigh, freeHigh] : [freeHigh, exactHigh];
  return { depth: sublayers.length, forward, backward, twoNorm: Math.min(two, sqrtUp(mulUp(forward, backward))), mean: { low: exactLow, high: exactHigh }, observed };
}
