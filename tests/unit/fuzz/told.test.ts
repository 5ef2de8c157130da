/** Events that are told once are the events: whoever takes in all of them learns of every problem whether it met something new, as from all events each time. */
import { describe, expect, test } from 'vitest';

import { Coverage, placesOf } from '../../../src/fuzz/coverage.ts';
import { Features } from '../../../src/fuzz/features.ts';
import { mutate } from '../../../src/fuzz/mutate.ts';
import { Told } from '../../../src/fuzz/told.ts';
import { Random } from '../../../src/generate/random.ts';
import { operations, type OperationId } from '../../../src/index.ts';

interface Learnt {
  /** Whether each problem met something new. */
  readonly isNew: readonly boolean[];
  readonly met: number;
  readonly told: number;
}

/** Looks at batches of changed problems of several stream counts. */
function learnt(id: OperationId, once: boolean): Learnt {
  const operation = operations[id];
  const features = new Features(operation, once);
  const coverage = new Coverage();
  const random = new Random(9);
  const isNew: boolean[] = [];
  let told = 0;
  for (let batch = 0; batch < 60; batch++) {
    const [streams, tokens] = [random.pick([1, 2, 4, 4, 8, 16]), random.pick([1, 31, 32, 33, 47])];
    const sizes = { tokens, streams, channels: 1, depth: 1 };
    const size = streams * streams;
    const drawn = (): Float64Array => {
      const values = new Float64Array(tokens * size);
      random.fillNormal(values, 0, values.length, 2 ** random.integer(-3, 5));
      for (let token = 0; token < tokens; token++) mutate({ values: values.subarray(token * size, (token + 1) * size), rows: streams, columns: streams }, random, undefined, 4e4);
      return values;
    };
    const inputs = Object.fromEntries(operation.inputs.map(({ name }) => [name, drawn()]));
    const outputs = batch % 3 === 0 ? undefined : Object.fromEntries(operation.outputs.map(({ name }) => [name, drawn().map((value, k) => (k % 97 === 0 ? NaN : Math.abs(value) / 8))]));
    for (let token = 0; token < tokens; token++) {
      features.look(inputs, outputs, sizes, token);
      told += features.count;
      let some = false;
      for (let k = 0; k < features.count; k++) if (coverage.add(features.events[k]!)) some = true;
      isNew.push(some);
      coverage.count(features.singles, features.factCount);
      if (token === 0) isNew.push(coverage.rarest(placesOf(features.singles, features.factCount)) === 1);
    }
  }
  return { isNew, met: coverage.met, told };
}

describe.each(['sinkhorn', 'sinkhorn-vjp'] as const)('%s', (id) => {
  test('what is new is new either way, at a fraction of the events', () => {
    const [all, once] = [learnt(id, false), learnt(id, true)];
    expect(once.isNew).toEqual(all.isNew);
    expect(once.met).toBe(all.met);
    expect(all.isNew.filter((some) => some).length).toBeGreaterThan(100);
    expect(all.isNew.filter((some) => !some).length).toBeGreaterThan(100);
    expect(once.told).toBeLessThan(all.told / 4);
  });
});

describe('what has no place is told each time', () => {
  test('numbers of facts end, and pairs with them', () => {
    const told = new Told();
    const ids = Array.from({ length: 1500 }, (_, k) => told.idOf(Math.floor(k / 100), k % 100));
    expect(new Set(ids.filter((one) => one !== 0)).size).toBe(1023);
    expect(ids.at(-1)).toBe(0);
    expect(told.idOf(0, 7)).toBe(ids[7]);
    expect([told.pair(ids[3]!, ids[4]!), told.pair(ids[3]!, ids[4]!), told.pair(ids[4]!, ids[3]!)]).toEqual([false, true, false]);
    expect([told.pair(ids[3]!, 0), told.pair(ids[3]!, 0), told.pair(0, 5), told.lane(1, 0), told.lane(1, 0)]).toEqual([false, false, false, false, false]);
  });
  test('a search for the first pair that was not told agrees with pairs one by one', () => {
    const [told, alike] = [new Told(), new Told()];
    const random = new Random(3);
    for (let round = 0; round < 400; round++) {
      const ids = Int16Array.from({ length: 12 }, () => random.below(40));
      for (let a = 1; a < ids.length; a++) {
        const found: number[] = [];
        for (let b = told.untold(ids, a, 0); b < a; b = told.untold(ids, a, b + 1)) {
          found.push(b);
          told.pair(ids[a]!, ids[b]!);
        }
        expect(found).toEqual([...ids.keys()].filter((b) => b < a && !alike.pair(ids[a]!, ids[b]!)));
      }
    }
  });
  test('ranges of exponents are told once, and nothing is by who does not remember', () => {
    const told = new Told();
    expect([told.range(0, 255, 0), told.range(0, 255, 0), told.range(0, 0, 255), told.range(1, 255, 0)]).toEqual([false, true, false, false]);
    const forgets = new Told(false);
    forgets.tell(3, 40, 77);
    for (let time = 0; time < 2; time++) expect([forgets.range(0, 1, 2), forgets.value(1, 5), forgets.pair(1, 2), forgets.lane(1, 2), forgets.exponent(0, 3), forgets.entry(0, 1, 2), forgets.eventOf(3, 40)]).toEqual([false, false, false, false, false, false, 0]);
  });
  test('and so do values', () => {
    const told = new Told();
    expect([told.value(1, 5), told.value(1, 5), told.value(2, 5), told.value(1, 5000), told.value(1, 5000), told.value(1, -3), told.value(1, -3)]).toEqual([false, true, false, false, false, false, false]);
    expect([told.entry(0, 15, 63), told.entry(0, 15, 63), told.entry(0, 16, 0), told.entry(1, 15, 63), told.exponent(0, 511), told.exponent(0, 511)]).toEqual([false, true, false, false, false, true]);
    told.tell(3, 40, 77);
    told.tell(3, 4000, 78);
    expect([told.eventOf(3, 40), told.eventOf(3, 4000), told.eventOf(3, 41), told.eventOf(4, 40), told.eventOf(3, -1)]).toEqual([77, 78, 0, 0, 0]);
  });
});
