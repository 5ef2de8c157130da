/**
 * Drift: margins that grew while every claim still passed. A target's history is tested for a rise of the means over its operations, then of the means over single claims; a rise or a fall splits
 * the history there, and both parts are looked at again (binary segmentation), so that an old change does not hide a new one.
 *
 * **Error.** A history without a change is tested once for each: P(false alert) ≤ `alertLevel`, four fifths for operations, where a fault of a kernel shows, and one for claims. Targets share it (Bonferroni). A fall
 * is searched at the same level; a false one splits the history, and the parts are tested anew: a factor 1 + 2·alertLevel. H looks at a growing history: at most H·alertLevel.
 *
 * **Size.** The test says that something rose; an alert also needs its mean to have risen by half an octave, the middle between no change and a doubling.
 */
import { hashText } from '../../generate/random.ts';
import { comparableRuns, type LeftOut } from './comparable.ts';
import type { MarginRecord } from './record.ts';
import { meansOver, quantileSeries, resolution, type MeanSeries, type Quantile, type QuantileSeries } from './series.ts';
import { fewestRuns, findShift, median, type Shift } from './shift.ts';

/** False alerts per look, at most: one in a thousand. */
export const alertLevel = 1 / 1000;
const share = { operations: 4 / 5, claims: 1 / 5 } as const;
const halfOctave = 0.5;

/** One quantile of one claim, before a change and from it on. */
export interface Moved {
  readonly property: string;
  readonly quantile: Quantile;
  /** Medians over the runs. */
  readonly before: number;
  readonly after: number;
  /** Of the medians: 1 is a doubling. */
  readonly octaves: number;
}

/** An operation, the whole target (`*`) or a claim that moved. */
export interface MovedGroup {
  readonly name: string;
  /** How far its mean moved; a member counts for at most one octave on either side of its median. */
  readonly octaves: number;
  /** Its members, those that moved furthest first. No statement about a single one is made: that the group moved is what was shown. */
  readonly members: readonly Moved[];
}

export interface Change {
  readonly direction: 'rise' | 'fall';
  /** A rise of half an octave or more. */
  readonly alert: boolean;
  /** Index of the first run after it among the target's compared runs. */
  readonly at: number;
  /** Of all operations, or all claims, together. */
  readonly pValue: number;
  readonly groups: readonly MovedGroup[];
}

export interface TargetDrift {
  readonly target: string;
  readonly runs: readonly MarginRecord[];
  readonly leftOut: readonly LeftOut[];
  /** In the order of the runs. */
  readonly changes: readonly Change[];
  /** Runs that there must be for a change to be found. */
  readonly needed: number;
  /** too-few: nothing was compared. */
  readonly verdict: 'quiet' | 'drift' | 'too-few';
}

export interface DriftOptions {
  /** Commit of the first run to look at: a change that was accepted is not found again. */
  readonly since?: string | undefined;
}

/** Looks at the histories of all targets that the records are of. */
export function findDrift(records: readonly MarginRecord[], { since }: DriftOptions = {}): TargetDrift[] {
  const targets = [...new Set(records.map(({ target }) => target))];
  const level = alertLevel / targets.length;
  const needed = fewestRuns(level * share.operations);
  return targets.map((target) => {
    const { records: runs, leftOut } = comparableRuns(records.filter((record) => record.target === target), since);
    if (runs.length < needed) return { target, runs, leftOut, changes: [], needed, verdict: 'too-few' };
    const changes = changesOf(runs, level, hashText(target));
    return { target, runs, leftOut, changes, needed, verdict: changes.some(({ alert }) => alert) ? 'drift' : 'quiet' };
  });
}

interface Found extends Shift {
  readonly direction: Change['direction'];
  readonly means: readonly MeanSeries[];
}

function changesOf(runs: readonly MarginRecord[], level: number, seed: number): Change[] {
  const found: Change[] = [];
  const look = (from: number, to: number): void => {
    const part = runs.slice(from, to);
    const change = clearest(part, level, seed);
    if (change === undefined) return;
    const groups = change.rose.map((index) => groupOf(change.means[index]!, change.at));
    const alert = change.direction === 'rise' && groups.some(({ octaves }) => octaves >= halfOctave);
    found.push({ direction: change.direction, alert, at: from + change.at, pValue: change.pValue, groups });
    look(from, from + change.at);
    look(from + change.at, to);
  };
  look(0, runs.length);
  return found.toSorted((a, b) => a.at - b.at);
}

/** A rise of an operation, else of a claim, else a fall of an operation. */
function clearest(runs: readonly MarginRecord[], level: number, seed: number): Found | undefined {
  const mayCut = (k: number): boolean => isBoundary(runs[k - 1]!, runs[k]!);
  const series = quantileSeries(runs);
  const operations = [...meansOver(series, () => '*'), ...meansOver(series, ({ operation }) => operation)];
  const among = (means: readonly MeanSeries[], direction: Change['direction'], ofLevel: number): Found | undefined => {
    const sign = direction === 'rise' ? 1 : -1;
    const shift = findShift(means.map(({ values }) => values.map((value) => sign * value)), { level: level * ofLevel, seed, resolution, mayCut });
    return shift === undefined ? undefined : { ...shift, direction, means };
  };
  return among(operations, 'rise', share.operations)
    ?? among(meansOver(series, ({ property }) => property), 'rise', share.claims)
    ?? among(operations, 'fall', share.operations);
}

/** Two runs of one clean commit ran the same code: no change lies between them. */
function isBoundary(before: MarginRecord, after: MarginRecord): boolean {
  return before.commit === undefined || before.commit !== after.commit || before.dirty === true || after.dirty === true;
}

function groupOf({ name, members, values }: MeanSeries, at: number): MovedGroup {
  const mean = (part: Float64Array): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const moved = members.map((member) => movedBy(member, at)).toSorted((a, b) => Math.abs(b.octaves) - Math.abs(a.octaves));
  return { name, octaves: mean(values.subarray(at)) - mean(values.subarray(0, at)), members: moved };
}

function movedBy({ property, quantile, values }: QuantileSeries, at: number): Moved {
  const middle = (part: Float64Array): number => median(part.filter((value) => !Number.isNaN(value)));
  const [before, after] = [middle(values.subarray(0, at)), middle(values.subarray(at))];
  return { property, quantile, before: 2 ** before, after: 2 ** after, octaves: after - before };
}
