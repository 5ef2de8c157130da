/** Rounds of launches in bad weather: workers that say what they took, on a machine that is slow for stretches much longer than a turn. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { kernelOf } from '../../../src/perf/plan.ts';
import { compareLaunches, type LaunchPlan } from '../../../src/perf/run-launches.ts';
import type { RunSettings } from '../../../src/perf/run-workload.ts';
import type { Workload } from '../../../src/perf/workload.ts';
import type { RemoteTiming, Target, TimingRequest } from '../../../src/targets/kernel.ts';
import { OutcomeError } from '../../../src/targets/outcome.ts';

const workload: Workload = { id: 'test/read', operation: 'stream-read', sizes: { tokens: 2, streams: 2, channels: 2, depth: 1 }, origin: 'configured' };
const settings: RunSettings = { seed: 1, timeMs: 300, cache: 'warm', pairs: undefined, error: 0.001, limits: undefined, callTimeoutMs: 1000 };

/** Time passes by what is sampled. There are two processors; each takes twice as long half of the time, in stretches of 2 s on average. */
class Machine {
  readonly random: Random;
  private readonly processors = [{ slow: false, left: 0 }, { slow: false, left: 0 }];
  readonly opened: string[] = [];
  open = 0;
  mostOpen = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  sample(ms: number, number: number): number {
    const at = this.processors[number % 2]!;
    const took = ms * (at.slow ? 2 : 1) * (1 + 0.05 * this.random.uniform());
    for (const processor of this.processors) {
      processor.left -= took;
      if (processor.left > 0) continue;
      processor.slow = this.random.uniform() < 0.5;
      processor.left = 2000 * -Math.log(1 - this.random.uniform());
    }
    return took;
  }
}

/** A call of a launch takes `ms()`. Where nobody chooses a processor, a launch stays on one. */
function target(name: string, machine: Machine, ms: () => number, time?: () => RemoteTiming): Target {
  let call = ms();
  let own = 0;
  let isOpen = false;
  const sampled = ({ processor = own }: TimingRequest): RemoteTiming => ({ clock: 'wall', calls: 1, samples: Array.from({ length: 8 }, () => machine.sample(call, processor)) });
  return {
    name,
    description: name,
    open() {
      machine.opened.push(name);
      isOpen = true;
      machine.mostOpen = Math.max(machine.mostOpen, ++machine.open);
      call = ms();
      own = machine.random.below(2);
      return Promise.resolve({ status: 'available' });
    },
    kernels: () => ({ 'stream-read': { arithmetic: 'ieee-f64', run: () => ({ layerInput: new Float64Array(4) }), remote: { ready: () => Promise.resolve(), time: (_inputs, _sizes, request) => Promise.resolve((time ?? sampled)(request)) } } }),
    close() {
      if (isOpen) machine.open--;
      isOpen = false;
      return Promise.resolve();
    },
    another: () => target(name, machine, ms, time),
  };
}

function plan(baseline: Target, candidate: Target): LaunchPlan {
  const planned = (of: Target): LaunchPlan['candidate'] => kernelOf({ target: of, about: undefined }, 'stream-read')!;
  return { workload, baseline: planned(baseline), candidate: planned(candidate) };
}

async function verdictOf(seed: number, factor: number, twoWays = false): Promise<{ verdict: string | undefined; effect: number }> {
  const machine = new Machine(seed);
  const luck = (): number => (1 + 0.01 * machine.random.normal()) * (twoWays && machine.random.uniform() < 0.5 ? 1.6 : 1);
  const [result] = await compareLaunches([plan(target('old', machine, luck), target('new', machine, () => factor * luck()))], 12, { ...settings, seed }, () => false, () => undefined);
  expect(machine.mostOpen).toBe(4);
  expect(machine.open).toBe(0);
  expect(machine.opened).toHaveLength(24);
  const orders = Array.from({ length: 6 }, (_, round) => machine.opened.slice(4 * round, 4 * round + 4));
  for (const order of orders) expect(order.toSorted()).toEqual(['new', 'new', 'old', 'old']);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
  return { verdict: result!.comparison?.judgement.verdict, effect: result!.comparison!.judgement.effect.estimate };
}

const seeds = Array.from({ length: 20 }, (_, k) => k + 1);

describe('rounds of launches', () => {
  it('find 5 % though processors change their speed by a factor of two, and nothing in identical code', async () => {
    const slower: (string | undefined)[] = [];
    for (const seed of seeds) {
      slower.push((await verdictOf(seed, 1.05)).verdict);
      expect(['same', 'inconclusive']).toContain((await verdictOf(seed, 1)).verdict);
    }
    expect(slower.filter((verdict) => verdict === 'slower').length).toBeGreaterThanOrEqual(19);
  });

  it('call nothing slower that goes one of two ways', async () => {
    for (const seed of seeds) expect((await verdictOf(seed, 1.05, true)).verdict).toBe('inconclusive');
  });

  it('say what a launch did', async () => {
    const machine = new Machine(1);
    const fails = (): never => {
      throw new OutcomeError('wrong-shape', 'two elements too many');
    };
    const quiet = (): number => 1;
    const run = (candidate: Target, stopped = false): ReturnType<typeof compareLaunches> => compareLaunches([plan(target('old', machine, quiet), candidate)], 12, settings, () => stopped, () => undefined);
    expect(await run(target('new', machine, quiet, fails))).toMatchObject([{ status: 'wrong', reason: 'two elements too many' }]);
    expect(machine.opened).toHaveLength(4); // nothing is launched for nothing
    expect(await run(target('new', machine, quiet, () => ({ clock: 'wall', calls: 1, samples: [0, Number.NaN] })))).toMatchObject([{ comparison: { judgement: { verdict: 'inconclusive', unreliable: true } } }]);
    expect(await run(target('new', machine, quiet, () => ({ clock: 'device', calls: 1, samples: [1] })))).toMatchObject([{ comparison: { judgement: { verdict: 'not-comparable', reason: 'the two have different clocks: worker and device' } } }]);
    expect(await run(target('new', machine, quiet), true)).toMatchObject([{ status: 'skipped', reason: 'time was up before both had been launched' }]);
    const gone: Target = { ...target('new', machine, quiet), open: () => Promise.resolve({ status: 'unavailable', reason: 'No memory.', remedy: 'Buy some.' }) };
    await expect(run(gone)).rejects.toMatchObject({ message: 'new could not be launched again: No memory.', remedy: 'Buy some. 4 launches are open at once: there must be room for all.' });
    const single: Target = { ...target('new', machine, quiet), another: undefined };
    await expect(run(single)).rejects.toMatchObject({ message: 'new cannot be launched twice.' });
    expect(machine.open).toBe(0);
  });
});
