/**
 * Drift: margins that grew while every claim still passed. A target's history is tested for a rise of its operations, then of single claims; a rise or a fall splits
 * the history there, and both parts are looked at again (binary segmentation), so that an old change does not hide a new one.
 *
 * **Error.** A history without a change is tested once for each: P(false alert) ≤ `alertLevel`, four fifths for operations, where a fault of a kernel shows, and one for claims. Targets share it (Bonferroni). A fall
 * is searched at the same level; a false one splits the history, and the parts are tested anew: a factor 1 + 2·alertLevel. H looks at a growing history: at most H·alertLevel.
 *
 * **Size.** The test says that something rose. How far is the mean rise of its series, each weighted by its part in the evidence; an alert needs half an octave, the middle between no change and a doubling.
 */
import { hashText } from '../../generate/random.ts';
import { comparableRuns, type LeftOut } from './comparable.ts';
import type { MarginRecord } from './record.ts';
import { groupsOf, quantileSeries, resolution, type Group, type Quantile, type QuantileSeries } from './series.ts';
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
  /** How far: the mean over its members, weighted by their evidence; a member counts for at most one octave on either side of its median. */
  readonly octaves: number;
  /** Its members, those with most of the evidence first. No statement about a single one is made: that the group moved is what was shown. */
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
  readonly among: readonly Group[];
}

function changesOf(runs: readonly MarginRecord[], level: number, seed: number): Change[] {
  const found: Change[] = [];
  const look = (from: number, to: number): void => {
    const part = runs.slice(from, to);
    const change = clearest(part, level, seed);
    if (change === undefined) return;
    const groups = change.rose.map((index) => movedGroup(change.among[index]!, change.evidence[index]!, change.at));
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
  const operations = groupsOf(series, ({ operation }) => operation);
  const test = (among: readonly Group[], direction: Change['direction'], part: number): Found | undefined => {
    const sign = direction === 'rise' ? 1 : -1;
    const signed = among.map(({ scores }) => scores.map((values) => values.map((value) => sign * value)));
    const shift = findShift(signed, { level: level * part, seed, resolution, mayCut });
    return shift === undefined ? undefined : { ...shift, direction, among: [...among, together(among)] };
  };
  return test(operations, 'rise', share.operations)
    ?? test(groupsOf(series, ({ property }) => property), 'rise', share.claims)
    ?? test(operations, 'fall', share.operations);
}

function together(groups: readonly Group[]): Group {
  return { name: '*', members: groups.flatMap(({ members }) => members), scores: groups.flatMap(({ scores }) => scores) };
}

/** Two runs of one clean commit ran the same code: no change lies between them. */
function isBoundary(before: MarginRecord, after: MarginRecord): boolean {
  return before.commit === undefined || before.commit !== after.commit || before.dirty === true || after.dirty === true;
}

function movedGroup({ name, members, scores }: Group, evidence: Float64Array, at: number): MovedGroup {
  const mean = (part: Float64Array): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const weights = evidence.reduce((sum, weight) => sum + weight, 0);
  const octaves = scores.reduce((sum, values, k) => sum + (evidence[k]! / weights) * (mean(values.subarray(at)) - mean(values.subarray(0, at))), 0);
  const order = members.map((member, k) => ({ member, weight: evidence[k]! })).toSorted((a, b) => b.weight - a.weight);
  return { name, octaves, members: order.map(({ member }) => movedBy(member, at)) };
}

function movedBy({ property, quantile, values }: QuantileSeries, at: number): Moved {
  const middle = (part: Float64Array): number => median(part.filter((value) => !Number.isNaN(value)));
  const [before, after] = [middle(values.subarray(0, at)), middle(values.subarray(at))];
  return { property, quantile, before: 2 ** before, after: 2 ** after, octaves: after - before };
}
