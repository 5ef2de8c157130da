/** Identifies a Sinkhorn kernel: 51 problems in three calls; the rest is computed here. */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { sinkhornPresets } from '../../operations/sinkhorn/dialect.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { Session } from '../budget.ts';
import { ladderOf, type Ladder } from '../ladder.ts';
import { nearPresets, nameOf, presetDistance, type Fields } from '../naming.ts';
import type { Field, Identification } from '../result.ts';
import { enumeratedField, iterationsField, numberField, type Survivor } from './fields.ts';
import { observe } from './observe.ts';
import { rangesOf, written } from './ranges.ts';
import { readingOf, type Reading } from './reading.ts';
import { Search, type Candidate, type Fitted } from './search.ts';
import { enumerated, formsOf, functionKey, someEpsilon, type Form, type Numbers } from './space.ts';

const presets: Readonly<Record<string, Fields>> = sinkhornPresets;
/** Groups of survivors whose ranges are measured; the others are not nearer. */
const mostRanges = 6;

/** What is known from elsewhere. */
export interface SinkhornHints {
  /** What the kernel declares: settles which of several possible dialects is named. */
  readonly declared?: Fields | undefined;
  /** What the mixing kernels of the same target were seen to do. */
  readonly orientation?: Field | undefined;
}

/** Asks the kernel and concludes. Throws `Stopped`. */
export async function identifySinkhorn(session: Session, n: number, hints: SinkhornHints = {}): Promise<Identification> {
  const { declared: prefer, orientation } = hints;
  const unseen = orientation === undefined ? ['orientation'] : [];
  const observation = await observe(session, n);
  const asked = (): Pick<Identification, 'operation' | 'streams' | 'problems' | 'calls'> => ({ operation: 'sinkhorn', streams: n, problems: session.problems, calls: session.calls });
  const nothing = { dialect: undefined, fields: [], presets: [], nearest: undefined };
  if ('failure' in observation) return { ...asked(), ...nothing, verdict: 'no-answer', sentence: `does not answer: ${observation.failure}`, notes: [] };

  const { byLayout } = observation;
  if (!byLayout['as-is'].ordinary.values.some(Number.isFinite)) return { ...asked(), ...nothing, verdict: 'no-answer', sentence: 'returns no finite number', notes: [] };
  const ladder = ladderOf(byLayout['as-is'].ordinary.values, session.kernel.arithmetic);
  const notes = [...observation.notes, ...coarseness(ladder, session)];
  const search = new Search(byLayout, ladder.storage, () => session.pause());
  const levels = levelsOf(ladder);
  const dtype = session.kernel.dtypes['logits']!;
  const { fits, judged } = await explore(search, levels[0]!, dtype);
  for (const arithmetic of levels) {
    const candidates = arithmetic === levels[0] ? judged : await search.judged(fits, arithmetic);
    const { read, survivors } = readAs(search, candidates, arithmetic, dtype);
    if (survivors.length === 0) {
      if (arithmetic !== levels.at(-1)) continue;
      return { ...asked(), ...nothing, ...unexplained(candidates.map((one) => oriented(one, orientation)), read, unseen), verdict: 'no-known-dialect', notes };
    }
    const ranged = (await withRanges(search, survivors, arithmetic, prefer)).map((survivor) => oriented(survivor, orientation));
    const chosen = choose(ranged, prefer, unseen);
    const fields = [...fieldsOf(chosen, ranged, candidates), orientation ?? hiddenOrientation(chosen), readingField(read, chosen), roundingField(search, chosen, ladder)];
    if (arithmetic !== levels[0]) notes.push(`Under ${levels[0]!.name}, which it declares, no dialect explains every answer; this one does under ${arithmetic.name}.`);
    return {
      ...asked(),
      verdict: 'identified',
      sentence: `computes ${chosen.layout === 'transposed' ? 'the transpose of ' : ''}${nameOf(chosen.dialect, presets, unseen)}`,
      dialect: { ...chosen.dialect, layout: chosen.layout },
      fields,
      presets: nearPresets(chosen.dialect, presets, unseen),
      nearest: undefined,
      notes,
    };
  }
  throw new Error('unreachable: the last arithmetic concludes');
}

interface Explored {
  readonly fits: readonly Fitted[];
  /** The candidates of the fits, judged under the arithmetic that was asked for. */
  readonly judged: readonly Candidate[];
}

/** Fits, from the usual to the rare, until something survives under `arithmetic`: as it is, with an early stop, transposed. */
async function explore(search: Search, arithmetic: Arithmetic, dtype: Dtype): Promise<Explored> {
  let explored: Explored = { fits: [], judged: [] };
  const extend = async (fits: readonly Fitted[]): Promise<Candidate[]> => {
    explored = { fits: [...explored.fits, ...fits], judged: [...explored.judged, ...(await search.judged(fits, arithmetic))] };
    return readAs(search, explored.judged, arithmetic, dtype).survivors;
  };
  const straight = await search.fits('as-is');
  let survivors = await extend(straight);
  if (survivors.length === 0) {
    const without = explored;
    survivors = await extend(await search.stopped(straight));
    // an early stop that explains nothing is not what was missing
    if (survivors.length === 0) explored = without;
  }
  await extend(await search.fits('transposed', survivors.length === 0 ? undefined : turned(survivors)));
  return explored;
}

/** The forms of some candidates in the other layout, with either side last: what the layout is to be told from. */
function turned(candidates: readonly Candidate[]): Form[] {
  const keys = new Set(candidates.flatMap(({ dialect }) => (['rows', 'columns'] as const).map((lastNormalised) => functionKey({ ...dialect, iterations: 1, lastNormalised, epsilon: dialect.epsilon === 0 ? 0 : someEpsilon }))));
  return formsOf('transposed').filter(({ members }) => keys.has(functionKey(members[0]!)));
}

/** The candidates that survive on ordinary and extreme probes, and those of them that some reading of the logits explains on long ones. */
function readAs(search: Search, candidates: readonly Candidate[], arithmetic: Arithmetic, dtype: Dtype): { read: Read[]; survivors: Candidate[] } {
  const read = surviving(candidates).map((candidate) => ({ candidate, reading: readingOf(search, candidate, arithmetic, dtype) }));
  return { read, survivors: read.filter(({ reading }) => reading.readAs !== undefined).map(({ candidate }) => candidate) };
}

/** The survivors with their ranges, which all dialects of one function share; of many functions, those that come nearest. */
async function withRanges(search: Search, survivors: readonly Candidate[], arithmetic: Arithmetic, prefer: Fields | undefined): Promise<Survivor[]> {
  const ranged: Survivor[] = [];
  const groups = new Map<string, Survivor['ranges']>();
  for (const candidate of survivors) {
    const key = JSON.stringify([candidate.layout, candidate.distance]);
    const ranges = groups.get(key) ?? (groups.size < mostRanges ? await rangesOf(search, candidate, arithmetic) : undefined);
    if (ranges === undefined) continue;
    groups.set(key, ranges);
    const { dialect } = candidate;
    const own: Numbers = {
      iterations: dialect.iterations,
      epsilon: written(dialect.epsilon, ranges.epsilon),
      temperature: written(dialect.temperature, ranges.temperature),
      stopBelow: written(dialect.stopBelow, ranges.stopBelow),
    };
    for (const wish of [{}, ...(prefer === undefined ? [] : [prefer]), ...Object.values(presets)]) ranged.push({ ...candidate, dialect: { ...dialect, ...granted(own, wish, ranges) }, ranges });
  }
  return ranged;
}

/** Numbers with those of a declaration or a preset wherever the ranges allow them. */
function granted(own: Numbers, wish: Fields, ranges: Survivor['ranges']): Numbers {
  const within = (field: keyof Numbers): number => {
    const value = wish[field];
    return typeof value === 'number' && value >= ranges[field][0] && value <= ranges[field][1] ? value : own[field];
  };
  return { iterations: within('iterations'), epsilon: within('epsilon'), temperature: within('temperature'), stopBelow: within('stopBelow') };
}

/** What the kernel declares first, then everything that allows more or other errors. */
function levelsOf({ declared, rungs }: Ladder): Ladder['rungs'] {
  return [declared, ...rungs.slice(1).filter(({ name }) => name !== declared.name)];
}

/** Not refuted, and with something to say about at least half as many probes as the candidate that comes nearest: silence explains nothing. */
function surviving(candidates: readonly Candidate[]): Candidate[] {
  const nearest = candidates.reduce((a, b) => (b.distance < a.distance ? b : a));
  const held = candidates.filter(({ refutation }) => refutation.margin <= 1 && refutation.claims > 0 && 2 * refutation.claims >= nearest.refutation.claims);
  return held.toSorted((a, b) => a.distance - b.distance);
}

/** The survivor that takes fewest words: nearest to a preset or to what is declared; of equals, the nearest to what is declared, then to the answers. */
function choose(survivors: readonly Survivor[], prefer: Fields | undefined, unseen: readonly string[]): Survivor {
  const cost = ({ dialect, layout, distance }: Survivor): readonly number[] => {
    const toPreset = presetDistance(dialect, presets, unseen);
    const toDeclared = prefer === undefined ? toPreset : presetDistance(dialect, { prefer }, unseen);
    return [layout === 'as-is' ? 0 : 1, Math.min(toPreset, toDeclared), toDeclared, distance];
  };
  const compare = (a: readonly number[], b: readonly number[]): number => a.map((value, at) => value - b[at]!).find((difference) => difference !== 0) ?? 0;
  return survivors.toSorted((a, b) => compare(cost(a), cost(b)))[0]!;
}

function oriented<C extends Candidate>(candidate: C, orientation: Field | undefined): C {
  return orientation === undefined ? candidate : { ...candidate, dialect: { ...candidate.dialect, orientation: orientation.value as 'plain' } };
}

function hiddenOrientation({ dialect }: Survivor): Field {
  const alternatives = dialect.orientation === 'plain' ? ['transposed'] : ['plain'];
  const reason = 'how the result multiplies the streams is seen on stream-write or stack';
  return { field: 'orientation', value: dialect.orientation, status: 'not-visible', confidence: undefined, evidence: undefined, alternatives, range: undefined, reason };
}

function fieldsOf(chosen: Survivor, survivors: readonly Survivor[], candidates: readonly Candidate[]): Field[] {
  const names = [...(Object.keys(enumerated) as (keyof typeof enumerated)[]), 'layout' as const];
  return [
    iterationsField(chosen, survivors),
    ...(['epsilon', 'temperature', 'stopBelow'] as const).map((name) => numberField(name, chosen, survivors, candidates)),
    ...names.map((name) => enumeratedField(name, chosen, survivors, candidates)),
  ];
}

/** The tightest arithmetic under which the dialect explains every answer, and the next tighter one that does not. */
function roundingField(search: Search, { dialect, layout }: Survivor, { rungs, declared }: Ladder): Field {
  const margins = [...rungs, declared].map((arithmetic) => ({ name: arithmetic.name, ...search.refute(dialect, layout, arithmetic) }));
  const at = margins.findIndex(({ margin }) => margin <= 1);
  const tighter = at > 0 ? margins[at - 1] : undefined;
  const value = margins[Math.max(0, at)]!.name;
  const reason = tighter === undefined ? 'the tightest arithmetic tried explains every answer; looser ones do too' : `${tighter.name} does not explain ${tighter.probe}`;
  return { field: 'rounding', value, status: 'known', confidence: tighter?.margin, evidence: tighter?.probe, alternatives: [], range: undefined, reason };
}

interface Read {
  readonly candidate: Candidate;
  readonly reading: Reading;
}

function readingField(read: readonly Read[], chosen: Survivor): Field {
  const { reading } = read.find(({ candidate }) => candidate.distance === chosen.distance && candidate.layout === chosen.layout)!;
  const { margin, probe } = reading.longer ?? {};
  return { field: 'logitsReadAs', value: reading.readAs!, status: 'known', confidence: margin, evidence: probe, alternatives: [], range: undefined, reason: undefined };
}

/** The nearest candidate, and of its equals the one that is most like a preset; one that explains all but the long probes is nearer still. */
function unexplained(candidates: readonly Candidate[], read: readonly Read[], unseen: readonly string[]): Pick<Identification, 'nearest' | 'sentence'> {
  const ranked = (those: readonly Candidate[]): Candidate[] => those.toSorted((a, b) => a.distance - b.distance || presetDistance(a.dialect, presets, unseen) - presetDistance(b.dialect, presets, unseen));
  const almost = ranked(read.map(({ candidate }) => candidate))[0];
  const best = almost ?? ranked(candidates)[0]!;
  const refutation = read.find(({ candidate }) => candidate === almost)?.reading.longer ?? best.refutation;
  const { margin, probe, failing, claims } = refutation;
  const name = `${best.layout === 'transposed' ? 'the transpose of ' : ''}${nameOf(best.dialect, presets, unseen)}`;
  return { nearest: { name, dialect: { ...best.dialect, layout: best.layout }, margin, probe, failing, claims }, sentence: `computes no known dialect; nearest is ${name}` };
}

function coarseness({ storage }: Ladder, { kernel }: Session): string[] {
  const declared = kernel.dtypes['residualMapping']!;
  return storage === declared ? [] : [`Every answer is a ${storage} number, though ${declared} is declared: it is stored or computed in ${storage}.`];
}
