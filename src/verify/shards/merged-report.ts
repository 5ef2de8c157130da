/**
 * The report of the run that some shards are of. Where all of them are there and held, it says what the whole run would have said: the same cases, problems, margins and
 * quantiles, because the shards' cases are the run's, each in one shard. Of failures, that of the earliest case stands, which is the one that the whole run
 * would have stopped at. A claim is passed only if every case of it ran.
 */
import { Sketch } from '../../numerics/sketch.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { Effort, Explanation, PropertyResult, Report, TargetReport } from '../results.ts';
import { nothingJudged, quantilesOf } from '../run-property.ts';
import { totalsOf } from '../totals.ts';
import type { VerifiedShards } from './file.ts';
import { missingOf } from './join.ts';
import type { VerifiedShard } from './schema.ts';

/** A pure function of the shards. */
export function mergedReport(joined: VerifiedShards): Report {
  const { run, shards } = joined;
  const missing = missingOf(joined);
  const names = textsOf(run.plan['targets']);
  const targets = mergedTargets(names, shards);
  const results = claimsOf(shards, names, textsOf(run.plan['properties'])).map((own) => mergedResult(own, missing));
  const interrupted = shards.some((shard) => shard.interrupted);
  const planned = Math.max(...shards.map((shard) => shard.results.length + shard.elsewhere));
  const explanations = firstOfEach(shards.flatMap((shard) => (shard.explanations ?? []) as Explanation[]), ({ target, operation }) => `${target}\n${operation}`);
  return {
    schemaVersion: 1,
    plumbline: run.plumbline,
    seed: run.seed,
    effort: run.plan['effort'] as Effort,
    environment: sameOrAll(shards.map(({ environment }) => environment)),
    targets,
    results,
    totals: totalsOf(results),
    ...(shards.some((shard) => shard.explanations !== undefined) ? { explanations } : {}),
    shards: { count: run.shards, included: shards.map(({ index }) => index), merged: true, elsewhere: Math.max(0, planned - results.length) },
    interrupted,
    exitCode: exitCodeOf({ results, targets, required: textsOf(run.plan['required']), interrupted, missing: missing.length }),
    durationMs: Math.max(...shards.map(({ durationMs }) => durationMs)),
  };
}

/** One claim's results in the shards that have it. */
interface Claim {
  readonly parts: readonly { readonly shard: number; readonly result: PropertyResult }[];
}

/** In the order of the plan. */
function claimsOf(shards: readonly VerifiedShard[], targets: readonly string[], properties: readonly string[]): Claim[] {
  const byName = new Map<string, { shard: number; result: PropertyResult }[]>();
  for (const { index, results } of shards) {
    for (const result of results as unknown as PropertyResult[]) { // JSON leaves undefined fields out
      const name = JSON.stringify([targets.indexOf(result.target), properties.indexOf(result.property)]);
      const parts = byName.get(name) ?? [];
      parts.push({ shard: index, result });
      byName.set(name, parts);
    }
  }
  const place = (name: string): number[] => JSON.parse(name) as number[];
  const order = [...byName].toSorted(([a], [b]) => place(a)[0]! - place(b)[0]! || place(a)[1]! - place(b)[1]!);
  return order.map(([, parts]) => ({ parts }));
}

function mergedResult({ parts }: Claim, missing: readonly number[]): PropertyResult {
  const results = parts.map(({ result }) => result);
  const first = results[0]!;
  // the first of the largest, as on one machine
  const byPlace = results.filter(({ worst }) => worst !== undefined).toSorted((a, b) => (a.part?.worstAt ?? 0) - (b.part?.worstAt ?? 0));
  const worst = byPlace.reduce<PropertyResult['worst']>((most, one) => (most !== undefined && one.worst!.margin <= most.margin ? most : one.worst), undefined);
  const failed = results.filter(({ status }) => status === 'failed').toSorted((a, b) => (a.part?.failedAt ?? 0) - (b.part?.failedAt ?? 0))[0];
  const fault = results.find((one) => one.fault !== undefined)?.fault;
  const sum = (of: (result: PropertyResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const [cases, problems] = [sum((result) => result.cases), sum((result) => result.problems)];
  const sketch = new Sketch();
  for (const { part } of results) if (part?.sketch !== undefined) sketch.merge(Sketch.of(part.sketch));
  const { target, operation, property, claim, class: kind, seed } = first;
  const base = {
    target, operation, property, claim, class: kind, seed, cases, problems,
    margin: results.reduce((most, { margin }) => (margin <= most ? most : margin), 0),
    margins: quantilesOf(sketch),
    durationMs: sum((result) => result.durationMs),
    ...(fault === undefined ? {} : { fault }),
    ...(results.some(({ screened }) => screened !== undefined) ? { screened: sum(({ screened = 0 }) => screened) } : {}),
  };
  if (failed !== undefined) {
    const { reason, counterexample, explanation } = failed;
    return { ...base, status: 'failed', reason, worst: failed.worst, counterexample, ...(explanation === undefined ? {} : { explanation }) };
  }
  const end = { ...base, worst, counterexample: undefined };
  const errored = parts.find(({ result }) => result.status === 'errored');
  if (errored !== undefined) return { ...end, status: 'errored', reason: `shard ${errored.shard}: ${errored.result.reason ?? ''}` };
  const planned = results.find(({ part }) => part !== undefined)?.part?.planned;
  if (planned === undefined || cases < planned || missing.length > 0 && planned > 0) return { ...end, status: cases === 0 ? 'skipped' : 'incomplete', reason: unfinished(parts, missing, cases, planned) };
  if (planned === 0) return { ...end, status: 'unsupported', reason: first.reason };
  return problems === 0 ? { ...end, status: 'unsupported', reason: nothingJudged } : { ...end, status: 'passed', reason: undefined };
}

function unfinished(parts: Claim['parts'], missing: readonly number[], cases: number, planned: number | undefined): string {
  const why = parts.filter(({ result }) => result.status === 'incomplete' || result.status === 'skipped').map(({ shard, result }) => `shard ${shard}: ${result.reason ?? ''}`);
  if (missing.length > 0) why.push(`${missing.length === 1 ? 'shard' : 'shards'} ${missing.join(', ')} missing`);
  if (why.length === 0) why.push('its target was not available in every shard');
  return `${cases}${planned === undefined ? '' : ` of ${planned}`} cases ran; ${why.join('; ')}`;
}

/** What all shards say of some targets. */
export function mergedTargets(names: readonly string[], shards: readonly VerifiedShard[]): TargetReport[] {
  return names.map((name) => mergedTarget(name, shards)).filter((target) => target !== undefined);
}

/** Available where any shard could open it: cases that others could not run are missing from its claims. */
function mergedTarget(name: string, shards: readonly VerifiedShard[]): TargetReport | undefined {
  const found = shards.flatMap(({ targets }) => targets.filter((target) => target.name === name)) as TargetReport[];
  const available = found.filter(({ status }) => status === 'available');
  const one = available[0] ?? found[0];
  if (one === undefined) return undefined;
  const { declares: _, about: _one, notes: _own, ...report } = { ...one, reason: one.reason, remedy: one.remedy };
  const abouts = available.flatMap(({ about }) => (about === undefined ? [] : [about]));
  const notes = [...new Set(available.flatMap((target) => target.notes ?? []))];
  return { ...report, about: abouts.length === 0 ? undefined : sameOrAll(abouts), ...(notes.length === 0 ? {} : { notes }) };
}

/** Field by field: the value where all agree, else all that there are, in the order of the shards. */
export function sameOrAll<V extends string | number | boolean>(records: readonly Readonly<Record<string, V>>[]): Record<string, V | string> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return Object.fromEntries(names.map((name) => {
    const values = [...new Set(records.flatMap((record) => (record[name] === undefined ? [] : [record[name]])))];
    return [name, values.length === 1 ? values[0]! : values.map(String).join(', ')];
  }));
}

function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)).size > 0);
}

/** The texts of a list; none of anything else. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
