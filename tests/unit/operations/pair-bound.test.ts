/** Two matrices at a time have the bounds and gradients of one at a time, bit for bit. */
import { all, create } from 'mathjs';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/generate/random.ts';
import { logitsFamilies } from '../../../src/generate/families/logits.ts';
import { arithmeticPresets } from '../../../src/numerics/arithmetic.ts';
import { sinkhornPresets, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { exponentialExcess } from '../../../src/operations/sinkhorn/exponential-excess.ts';
import { differentiatesInPairs, PairBound, walksInPairs } from '../../../src/operations/sinkhorn/pair-bound.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { TokenForward } from '../../../src/operations/sinkhorn/token-forward.ts';
import { TokenVjp } from '../../../src/operations/sinkhorn/token-vjp.ts';

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
  const pairs = new PairBound(dialect, arithmeticPresets[arithmetic]!, 'forward');
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

/** The same for gradients. */
function compareGradients(dialect: SinkhornVjpDialect, arithmetic: string, seed: number): number {
  const given = logits(seed);
  const random = new Random(seed, 1);
  const cotangent = Float64Array.from(given, () => (random.below(5) === 0 ? 0 : Math.fround(random.normal() * 2 ** random.integer(-30, 30))));
  const alone = new TokenVjp(4, dialect, arithmeticPresets[arithmetic]!);
  const pairs = new PairBound(dialect, arithmeticPresets[arithmetic]!, 'vjp');
  let together = 0;
  pairs.begin();
  for (let token = 0; token < tokens; token += 2) {
    const loaded = [0, 1].map((lane) => pairs.load(lane, given, 16 * (token + lane)));
    for (const lane of [0, 1]) pairs.loadCotangent(lane, cotangent, 16 * (token + lane));
    pairs.walk();
    pairs.differentiate();
    for (const lane of [0, 1]) {
      if (!(loaded[lane]! && pairs.holds(lane))) continue;
      together++;
      const offset = 16 * (token + lane);
      expect(alone.prepare(given, offset, cotangent, offset)).toBe(true);
      for (let out = 0; out < 16; out++) {
        expect(pairs.gradientOf(lane, out)).toBe(alone.gradient[out]);
        expect(pairs.gradientErrorOf(lane, out)).toBe(alone.errorOf(out));
      }
    }
  }
  return together;
}

/** Presets that differ in what they compute. */
function different<D extends SinkhornDialect>(presets: Readonly<Record<string, D>>, covers: (dialect: D) => boolean): [string, D][] {
  const named = Object.entries(presets).filter(([, dialect]) => covers(dialect));
  return [...new Map(named.map(([name, dialect]) => [JSON.stringify({ ...dialect, orientation: 'plain' }), [name, dialect] as [string, D]])).values()];
}

describe('bounds of pairs', () => {
  it.each(different(sinkhornPresets, (dialect) => walksInPairs(4, dialect)))('are those of single matrices: %s', (_name, dialect) => {
    for (const arithmetic of Object.keys(arithmeticPresets)) expect(compare(dialect, arithmetic, 1)).toBeGreaterThan(tokens / 4);
  });

  it.each([1, 2, 3, 300])('at T = %i', (iterations) => {
    for (const preset of ['tilekernels', 'paper', 'lucidrains']) expect(compare({ ...sinkhornPresets[preset]!, iterations }, 'ieee-f32', 2)).toBeGreaterThan(tokens / 4);
  });

  it.each(different(sinkhornVjpPresets, (dialect) => differentiatesInPairs(4, dialect)))('of gradients are those of single ones: %s', (_name, dialect) => {
    for (const arithmetic of ['ieee-f32', 'ieee-f64', 'wgsl-f32', 'cuda-f32']) expect(compareGradients(dialect, arithmetic, 1)).toBeGreaterThan(tokens / 8);
  });

  it.each([1, 2, 3, 100])('of gradients at T = %i', (iterations) => {
    for (const preset of ['tilekernels', 'paper', 'lucidrains']) expect(compareGradients({ ...sinkhornVjpPresets[preset]!, iterations }, 'ieee-f32', 2)).toBeGreaterThan(tokens / 8);
  });
});

describe('exponentialExcess', () => {
  it('is never below e^x − 1, and hardly above', () => {
    const math = create(all!, { number: 'BigNumber', precision: 64 });
    const random = new Random(3);
    const points = [2 ** -8, 2 ** -9, 2 ** -30, 2 ** -60, 0, ...Array.from({ length: 2000 }, () => random.uniform() * 2 ** random.integer(-60, -8))];
    for (const x of points) {
      const exact = math.bignumber(x).exp().minus(1);
      expect(exact.lte(exponentialExcess(x))).toBe(true);
      expect(exact.times(1 + 2 ** -47).gte(exponentialExcess(x))).toBe(true);
      expect(exponentialExcess(x)).toBeGreaterThanOrEqual(Math.expm1(x));
    }
  });

  it('is that of Math beyond its series', () => {
    for (const x of [2 ** -7, 0.5, 3, 800, Infinity, NaN]) expect(exponentialExcess(x)).toBe(Math.expm1(x));
  });
});
