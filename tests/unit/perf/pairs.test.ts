/** The judge on simulated machines: what it must find, what it must not, and that judges with a planted fault are told apart from it by the same runs. */
import { describe, expect, it } from 'vitest';

import { comparePairs, judge, judgeLaunches, type PairedComparison, type PairOptions } from '../../../src/index.ts';
import { Random } from '../../../src/generate/random.ts';
import { noisyMachine } from './noise.ts';

const seeds = Array.from({ length: 60 }, (_, k) => k + 1);
const quick = { warming: { calls: 20, timeMs: 50 } };

/** A comparison on a machine of its own; the candidate takes `factor` times as long. */
function compared(seed: number, factor: number, machine: Parameters<typeof noisyMachine>[1] = {}, more: Partial<PairOptions> = {}): Promise<PairedComparison> {
  const { arm, now } = noisyMachine(seed, machine);
  return comparePairs({ baseline: [arm(0.3)], candidate: [arm(0.3 * factor)], control: arm(0.3), seed, now, ...quick, ...more });
}

async function verdicts(factor: number, machine: Parameters<typeof noisyMachine>[1] = {}, more: Partial<PairOptions> = {}): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const seed of seeds) {
    const { judgement } = await compared(seed, factor, machine, more);
    found[judgement.verdict] = (found[judgement.verdict] ?? 0) + 1;
  }
  return found;
}

describe('comparePairs', () => {
  it('finds 5 % in all runs, slower and faster', async () => {
    expect(await verdicts(1.05)).toEqual({ slower: 60 });
    expect(await verdicts(1 / 1.05)).toEqual({ faster: 60 });
  });

  it('never calls identical code slower or faster, also on a machine that slows down all the time', async () => {
    for (const machine of [{}, { drift: 2 }, { noise: 0.06, preempted: 0.3 }]) {
      const found = await verdicts(1, machine);
      expect([found['slower'], found['faster']]).toEqual([undefined, undefined]);
    }
  });

  it('says same only where a difference is excluded: a machine too noisy for that is inconclusive, with the width', async () => {
    expect(await verdicts(1)).toEqual({ same: 60 });
    const { judgement, pairs } = await compared(3, 1, { noise: 0.4 });
    expect(judgement).toMatchObject({ verdict: 'inconclusive', reason: expect.stringMatching(/lies between −\d+.* and \+\d+.*too wide/) as string });
    expect(pairs).toBe(400);
  });

  it('stops when it is decided, keeps all samples in their order, and the same seed orders the same', async () => {
    const one = await compared(5, 1.1);
    expect(one.pairs).toBe(60);
    expect(one.samples.baseline).toHaveLength(60);
    expect(one.orders.flat().sort((a, b) => a - b)).toEqual([...Array.from({ length: 60 }, () => 0), ...Array.from({ length: 60 }, () => 1), ...Array.from({ length: 60 }, () => 2)]);
    expect(await compared(5, 1.1)).toEqual(one);
    expect(new Set(one.orders.map((order) => order.join(''))).size).toBe(6); // every order comes up
  });

  it('batches calls so that a sample lasts', async () => {
    const { arm, now } = noisyMachine(1);
    const { calls } = await comparePairs({ baseline: [arm(0.001)], candidate: [arm(0.001)], seed: 1, now, ...quick, pairs: 60 });
    expect(calls).toBeGreaterThanOrEqual(75);
  });

  it('ends when time is over, and claims only what so few pairs show', async () => {
    const { judgement, pairs } = await compared(4, 1.5, {}, { maxTimeMs: 30 });
    expect(pairs).toBeLessThan(60);
    expect(judgement.verdict).toBe(pairs >= 11 ? 'slower' : 'inconclusive');
    const none = await compared(4, 1.5, {}, { maxTimeMs: 0 });
    expect(none.judgement).toMatchObject({ verdict: 'inconclusive', reason: 'no pair was taken: the time was over' });
  });

  it('does not believe a run in which the baseline differs from itself', async () => {
    const { arm, now } = noisyMachine(1);
    const { judgement } = await comparePairs({ baseline: [arm(0.3)], candidate: [arm(0.33)], control: arm(0.32), seed: 1, now, ...quick });
    expect(judgement).toMatchObject({ verdict: 'inconclusive', unreliable: true, reason: expect.stringContaining('differed from itself') as string });
  });

  it('learns the floor from the control: 1.2 % of identical code hides 1.2 % of other code', () => {
    const sizes = { floor: Math.log(1.01), threshold: Math.log(1.02) };
    const around = (estimate: number, width: number): { lower: number; estimate: number; upper: number } => ({ lower: estimate - width, estimate, upper: estimate + width });
    expect(judge(around(0.0118, 0.001), around(0, 0.001), sizes).verdict).toBe('slower');
    expect(judge(around(0.0118, 0.001), around(-0.012, 0.004), sizes)).toMatchObject({ verdict: 'same', floor: 0.012 });
    expect(judge(around(0.015, 0.02), around(0, 0.001), sizes).verdict).toBe('inconclusive');
    expect(judge({ lower: Number.NaN, estimate: Number.NaN, upper: Number.NaN }, undefined, sizes).verdict).toBe('inconclusive');
  });

  it.each([[0], [-1], [Number.NaN], [Infinity]])('drops blocks in which a clock gave %d', async (wrong) => {
    const { arm, now } = noisyMachine(2);
    const right = arm(0.3);
    let samples = 0;
    const sometimes = { time: (calls: number): number => (++samples % 5 === 0 ? wrong : (right.time(calls) as number)) };
    const few = await comparePairs({ baseline: [right], candidate: [sometimes], seed: 1, now, ...quick, pairs: 120 });
    expect(few.dropped).toBeGreaterThan(0);
    expect(few.samples.candidate.every((ms) => ms > 0 && ms < Infinity)).toBe(true);
    const always = await comparePairs({ baseline: [right], candidate: [{ time: () => wrong }], seed: 1, now, ...quick, pairs: 20 });
    expect(always.judgement).toMatchObject({ verdict: 'inconclusive', unreliable: true });
  });
});

/** Copies of a code whose machine code differs by luck: normal, 1.2 %. */
describe('copies', () => {
  const lucky = async (seed: number, factor: number, copies: number): Promise<PairedComparison> => {
    const { arm, now } = noisyMachine(seed, { noise: 0.01 });
    const luck = new Random(seed, 5);
    const side = (ms: number): ReturnType<typeof arm>[] => Array.from({ length: copies }, () => arm(ms * Math.exp(0.012 * luck.normal())));
    const [baseline, candidate] = [side(0.3), side(0.3 * factor)];
    return comparePairs({ baseline, candidate, control: side(0.3)[0], seed, now, ...quick });
  };

  it('never let identical code be slower or faster, where one copy of each often does', async () => {
    let wrong = 0;
    for (const seed of seeds) {
      expect(['same', 'inconclusive']).toContain((await lucky(seed, 1, 12)).judgement.verdict);
      if (['slower', 'faster'].includes((await lucky(seed, 1, 1)).judgement.verdict)) wrong++;
    }
    expect(wrong).toBeGreaterThan(3);
  });

  it('do not hide 4 %', async () => {
    const found: string[] = [];
    for (const seed of seeds) found.push((await lucky(seed, 1.04, 12)).judgement.verdict);
    expect(found.filter((verdict) => verdict === 'slower').length).toBeGreaterThanOrEqual(57);
    expect(found).not.toContain('same');
  });

  it('do not hide 3 % where calls are preempted and the machine slows down', async () => {
    const found: string[] = [];
    for (const seed of seeds) {
      const { arm, now } = noisyMachine(seed, { noise: 0.025, preempted: 0.2, drift: 1 });
      const side = (ms: number): ReturnType<typeof arm>[] => Array.from({ length: 12 }, () => arm(ms));
      found.push((await comparePairs({ baseline: side(0.3), candidate: side(0.309), seed, now, ...quick })).judgement.verdict);
    }
    expect(found.filter((verdict) => verdict === 'slower').length).toBeGreaterThanOrEqual(57);
  });

  it('have their turns equally often, and the control is never the copy beside it', async () => {
    const { copies, pairs } = await lucky(2, 1, 12);
    const turns = Array.from({ length: 12 }, (_, copy) => copies.filter(([first]) => first === copy).length);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
    expect(copies).toHaveLength(pairs);
    expect(copies.every(([first, , control]) => first !== control)).toBe(true);
  });

  it('are as many on both sides', async () => {
    const { arm } = noisyMachine(1);
    await expect(comparePairs({ baseline: [arm(1), arm(1)], candidate: [arm(1)], seed: 1 })).rejects.toThrow(RangeError);
  });
});

/** Other judges of the very samples that the right one judged. */
describe('judges with a planted fault', () => {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

  async function alarms(machine: Parameters<typeof noisyMachine>[1], rule: (run: PairedComparison) => boolean): Promise<{ right: number; planted: number }> {
    let [right, planted] = [0, 0];
    for (const seed of seeds) {
      const run = await compared(seed, 1, machine, { pairs: 120 });
      if (run.judgement.verdict === 'slower') right++;
      if (rule(run)) planted++;
    }
    return { right, planted };
  }

  it('mean instead of median: preemptions alarm', async () => {
    const { right, planted } = await alarms({ preempted: 0.1 }, ({ samples }) => mean(samples.candidate) > 1.05 * mean(samples.baseline));
    expect(right).toBe(0);
    expect(planted).toBeGreaterThan(3);
  });

  it('one arm after the other instead of pairs: drift alarms', async () => {
    const { right, planted } = await alarms({ drift: 2 }, ({ samples }) => {
      const all = samples.baseline.flatMap((ms, k) => [ms, samples.candidate[k]!]);
      return middle(all.slice(all.length / 2)) > 1.02 * middle(all.slice(0, all.length / 2));
    });
    expect(right).toBe(0);
    expect(planted).toBe(60);
  });

  it('no floor: 0.4 % of layout alarms', async () => {
    let [right, planted] = [0, 0];
    for (const seed of seeds) {
      if ((await compared(seed, 1.004, { noise: 0.01 })).judgement.verdict === 'slower') right++;
      if ((await compared(seed, 1.004, { noise: 0.01 }, { limits: { floor: 0, threshold: 0 }, control: undefined })).judgement.verdict === 'slower') planted++;
    }
    expect(right).toBe(0);
    expect(planted).toBeGreaterThan(3);
  });
});

describe('judgeLaunches', () => {
  const launches = (seed: number, factor: number, spread: number, count = 12): number[] => {
    const random = new Random(seed);
    return Array.from({ length: count }, () => 100 * factor * Math.exp(spread * random.normal()));
  };

  it('finds 5 % between launches that differ by 1 %, and nothing between equal ones', () => {
    const found = seeds.map((seed) => judgeLaunches(launches(seed, 1, 0.01), launches(seed + 1000, 1.05, 0.01), { error: 0.001 }).verdict);
    expect(found.filter((verdict) => verdict === 'slower').length).toBeGreaterThanOrEqual(57);
    const equal = seeds.map((seed) => judgeLaunches(launches(seed, 1, 0.01), launches(seed + 1000, 1, 0.01), { error: 0.001 }).verdict);
    expect(equal).not.toContain('slower');
    expect(equal).not.toContain('faster');
  });

  it('finds it beside a launch that took twice as long, and between rounds whose machine did', () => {
    for (let k = 0; k < 12; k++) {
      const odd = launches(1, 1, 0.005);
      odd[k]! *= 2;
      expect(judgeLaunches(odd, launches(1001, 1.05, 0.005), { error: 0.001 }).verdict).toBe('slower');
    }
    const weather = new Random(5);
    const factors = Array.from({ length: 6 }, () => Math.exp(weather.normal()));
    const inWeather = (times: readonly number[]): number[] => times.map((ms, k) => ms * factors[Math.floor(k / 2)]!);
    expect(judgeLaunches(inWeather(launches(1, 1, 0.001)), inWeather(launches(1001, 1.05, 0.001)), { error: 0.001 }).verdict).toBe('slower');
  });

  it('says that there is no one speed where launches fall into two groups', () => {
    const twoWays = launches(1, 1, 0.01).map((ms, k) => (k % 2 === 0 ? ms : 1.6 * ms));
    expect(judgeLaunches(twoWays, launches(2, 2, 0.01), { error: 0.001 })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringMatching(/launches of the baseline fall into two groups, \+6\d %/) as string });
  });

  it('knows a machine of two speeds from a kernel of two', () => {
    const twice = (times: readonly number[], isSlow: (k: number) => boolean): number[] => times.map((ms, k) => (isSlow(k) ? 1.6 * ms : ms));
    const [old, slower] = [launches(1, 1, 0.002), launches(2, 1.05, 0.002)];
    const every = (n: number) => (k: number): boolean => Math.floor(k / 2) % n === 0;
    expect(judgeLaunches(twice(old, every(2)), twice(slower, every(2)), { error: 0.001 }).verdict).toBe('slower');
    const reason = expect.stringContaining('two groups') as string;
    expect(judgeLaunches(twice(old, every(2)), twice(slower, (k) => every(2)(k) && k !== 4), { error: 0.001 })).toMatchObject({ verdict: 'inconclusive', reason });
    expect(judgeLaunches(twice(old, every(2)), twice(slower, every(3)), { error: 0.001 })).toMatchObject({ verdict: 'inconclusive', reason });
  });

  it('takes what is known beside the launches of a round, where that is more than one time of each', () => {
    const [a, b] = [launches(1, 1, 0.1), launches(2, 1, 0.1)];
    const beside = { baseline: launches(3, 1, 0.005), candidate: launches(4, 1.05, 0.005) };
    expect(judgeLaunches(a, b, { error: 0.001 }).verdict).toBe('inconclusive');
    expect(judgeLaunches(a, b, { error: 0.001, beside }).verdict).toBe('slower');
    expect(judgeLaunches(a, b, { error: 0.001, beside: { ...beside, candidate: launches(4, 1.05, 0.005, 11) } })).toMatchObject({ verdict: 'inconclusive', unreliable: true });
  });

  it('says how many launches it takes', () => {
    expect(judgeLaunches([1, 1.01, 1.02], [2, 2.01, 2.02], { error: 0.001 })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('3 launches of each show nothing at this error level: it takes 8') as string });
    expect(judgeLaunches(launches(1, 1, 0.01), [...launches(2, 1, 0.01, 11), Number.NaN], { error: 0.001 })).toMatchObject({ verdict: 'inconclusive', unreliable: true });
  });
});
