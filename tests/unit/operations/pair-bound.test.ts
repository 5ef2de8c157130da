/** Two matrices at a time have the bounds of one at a time, bit for bit. */
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { logitsFamilies } from '../../../src/generate/families/logits.ts';
import { arithmeticPresets } from '../../../src/numerics/arithmetic.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { PairBound, walksInPairs } from '../../../src/operations/sinkhorn/pair-bound.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { TokenForward } from '../../../src/operations/sinkhorn/token-forward.ts';

const families = Object.keys(logitsFamilies);
const scales = [0.1, 1, 4, 30, 300];
const tokens = 2 * families.length * scales.length;

function logits(seed: number): Float64Array {
  const out = new Float64Array(16 * tokens);
  for (let token = 0; token < tokens; token++) {
    logitsFamilies[families[token % families.length]!]!(out, 16 * token, 4, scales[token % scales.length]!, new Random(seed, token), token);
  }
  return out.map(Math.fround);
}

/** Compares every pair of neighbours; counts the tokens that were looked at two at a time. */
function compare(dialect: SinkhornDialect, arithmetic: string, seed: number): number {
  const given = logits(seed);
  const values = sinkhornReference(given, tokens, 4, dialect);
  const alone = new TokenForward(4, dialect, arithmeticPresets[arithmetic]!);
  const pairs = new PairBound(dialect, arithmeticPresets[arithmetic]!);
  let together = 0;
  pairs.begin();
  for (let token = 0; token < tokens; token += 2) {
    const loaded = [0, 1].map((lane) => pairs.load(lane, given, 16 * (token + lane)));
    pairs.walk();
    pairs.bound();
    for (const lane of [0, 1]) {
      if (!(loaded[lane]! && pairs.holds(lane))) continue;
      together++;
      const offset = 16 * (token + lane);
      expect(alone.prepare(given, offset)).toBe(true);
      for (let out = 0; out < 16; out++) expect(pairs.errorOf(lane, values[offset + out]!, out)).toBe(alone.errorOf(values[offset + out]!, out));
    }
  }
  return together;
}

const covered = Object.entries(sinkhornPresets).filter(([, dialect]) => walksInPairs(4, dialect));

describe('bounds of pairs', () => {
  it.each(covered)('are those of single matrices: %s', (_name, dialect) => {
    for (const arithmetic of Object.keys(arithmeticPresets)) expect(compare(dialect, arithmetic, 1)).toBeGreaterThan(tokens / 4);
  });

  it.each([1, 2, 3, 300])('at T = %i', (iterations) => {
    for (const preset of ['tilekernels', 'paper', 'lucidrains']) expect(compare({ ...sinkhornPresets[preset]!, iterations }, 'ieee-f32', 2)).toBeGreaterThan(tokens / 4);
  });
});
