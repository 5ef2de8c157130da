import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { differences } from '../../../src/perf/history/differences.ts';
import { lookAt } from '../../../src/perf/history/look.ts';
import type { BenchRecord, Counts, Environment } from '../../../src/perf/history/record.ts';
import { benchRecord, environment } from './sample.ts';

const options = { threshold: Math.log(1.02) };

/** A run on each of `count` commits; times of 1 ms with 1 % of noise, times `factor`. */
function runs(count: number, factor: (k: number) => number, seed = 1, more: (k: number) => Partial<BenchRecord> = () => ({})): BenchRecord[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, k) => benchRecord({
    samples: Array.from({ length: 9 }, () => factor(k) * (1 + 0.01 * random.normal())),
    commit: k.toString(16).padStart(40, '0'),
    date: new Date(Date.UTC(2026, 0, 1 + k)).toISOString(),
    ...more(k),
  }));
}

describe('a look at a history', () => {
  it('names the run from which times are longer, by how much, and that they still are', () => {
    const [history] = lookAt(runs(30, (k) => (k < 18 ? 1 : 1.1)), options);
    expect(history).toMatchObject({ verdict: 'slower', changes: [{ direction: 'slower', at: 18, lasting: true }] });
    const { before, after, pValue } = history!.changes[0]!;
    // medians of medians of 1 % of noise
    expect(Math.abs(after / before - 1.1)).toBeLessThan(0.02);
    expect(pValue).toBeLessThanOrEqual(0.01);
  });

  it('is quiet where a slow commit was taken back, and where times fell', () => {
    const [back] = lookAt(runs(40, (k) => (k >= 15 && k < 28 ? 1.2 : 1)), options);
    expect(back).toMatchObject({ verdict: 'quiet', changes: [{ direction: 'slower', at: 15, lasting: false }, { direction: 'faster', at: 28, lasting: false }] });
    expect(lookAt(runs(30, (k) => (k < 18 ? 1.1 : 1)), options)[0]).toMatchObject({ verdict: 'quiet', changes: [{ direction: 'faster', at: 18 }] });
  });

  it('finds nothing where nothing changed more often than it says: 1 in 100 looks', () => {
    // binomial(300, 0.01) has mean 3 and deviation 1.7: more than 12 has a probability below 1e-4
    const found = Array.from({ length: 300 }, (_, k) => lookAt(runs(16, () => 1, k + 100), options)[0]!).filter(({ changes }) => changes.length > 0);
    expect(found.length).toBeLessThanOrEqual(12);
  });

  it('needs no more than a change below the threshold to call it neither slower nor faster', () => {
    const [history] = lookAt(runs(40, (k) => (k < 20 ? 1 : 1.012)), options);
    expect(history).toMatchObject({ verdict: 'quiet', changes: [{ direction: 'changed' }] });
  });

  it('names no run between two of one clean commit', () => {
    const commit = (k: number): Partial<BenchRecord> => ({ commit: Math.floor(k / 5).toString(16).padStart(40, '0') });
    expect(lookAt(runs(30, (k) => (k < 18 ? 1 : 1.3), 1, commit), options)[0]!.changes[0]!.at).toBe(20);
  });

  it('accepts what was before a commit', () => {
    const records = runs(40, (k) => (k < 18 ? 1 : 1.2));
    expect(lookAt(records, { ...options, since: records[19]!.commit })[0]).toMatchObject({ verdict: 'quiet', leftOut: [{ reason: `before ${records[19]!.commit}`, runs: 19 }] });
  });

  it('tells too few runs from runs on other machines', () => {
    expect(lookAt(runs(5, () => 1), options)[0]!.verdict).toBe('too-few');
    const moved = (k: number): Partial<BenchRecord> => ({ environment: k < 12 ? environment : { ...environment, cpu: 'Other CPU' } });
    expect(lookAt(runs(15, (k) => (k < 12 ? 1 : 5), 1, moved), options)[0]).toMatchObject({
      verdict: 'not-comparable', changes: [], leftOut: [{ reason: "CPU 'Some CPU 3000' instead of 'Other CPU'", runs: 12 }],
    });
  });

  it('names the run whose counts grew, from two runs on, and forgives what was taken back', () => {
    const counted = (launches: readonly number[]): BenchRecord[] => runs(launches.length, () => 1, 1, (k): { counts: Counts } => ({ counts: { launches: launches[k]! } }));
    expect(lookAt(counted([3, 4]), options)[0]).toMatchObject({ verdict: 'more', counts: [{ at: 1, verdict: 'more', changes: [{ name: 'launches', before: 3, after: 4 }] }] });
    expect(lookAt(counted([3, 4, 3]), options)[0]!.verdict).toBe('too-few');
  });

  it('keeps workloads apart: another size, dtype, dialect, cache', () => {
    const workload = benchRecord().workload;
    const records = [{}, { dtype: 'bf16' }, { dialect: 'other' }, { cache: 'cold' as const }, { sizes: { tokens: 65 } }].map((change) => benchRecord({ workload: { ...workload, ...change } }));
    expect(lookAt(records, options)).toHaveLength(5);
  });
});

describe('what differs between two environments', () => {
  const changes: [Partial<Environment>, string[]][] = [
    [{}, []],
    [{ cpu: 'Other' }, ["CPU 'Some CPU 3000' instead of 'Other'"]],
    [{ device: 'H200', driver: '570' }, ["device unnamed instead of 'H200'", "driver unnamed instead of '570'"]],
    [{ cores: 2, machine: 'ci' }, ["machine unnamed instead of 'ci'", "cores '8' instead of '2'"]],
    [{ node: '22.0.0' }, ["Node '20.20.2' instead of '22.0.0'"]],
    [{ plumbline: '9.0.0', dependencies: { tinybench: '7.0.0' } }, []],
  ];
  it.each(changes)('%o', (change, expected) => {
    expect(differences(benchRecord(), benchRecord({ environment: { ...environment, ...change } }))).toEqual(expected);
  });
});
