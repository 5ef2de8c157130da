/** The quick look at a batch: the bits of the reference, no token certain that has no bound, no lower bound above the bound. */
import { describe, expect, it } from 'vitest';

import { logitsFamilies } from '../../../src/generate/families/logits.ts';
import { Random } from '../../../src/generate/random.ts';
import { arithmeticPresets } from '../../../src/numerics/arithmetic.ts';
import { sinkhornPresets, type SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import { walksInPairs } from '../../../src/operations/sinkhorn/pair-bound.ts';
import { QuickForward } from '../../../src/operations/sinkhorn/quick-forward.ts';
import { sinkhornReference } from '../../../src/operations/sinkhorn/reference.ts';
import { TokenForward } from '../../../src/operations/sinkhorn/token-forward.ts';

const families = Object.keys(logitsFamilies);
const scales = [0.1, 1, 4, 30, 300, 3e4, 1e7];
/** More than one call of the runner, an odd number. */
const tokens = 2 * families.length * scales.length + 1;

function logits(seed: number): Float64Array {
  const out = new Float64Array(16 * tokens);
  for (let token = 0; token < tokens; token++) logitsFamilies[families[token % families.length]!]!(out, 16 * token, 4, scales[token % scales.length]!, new Random(seed, token), token);
  // what no kernel should be given
  out.fill(NaN, 16 * 7 + 3, 16 * 7 + 4);
  out.fill(-Infinity, 16 * 9, 16 * 9 + 4);
  out.fill(Infinity, 16 * 11 + 5, 16 * 11 + 6);
  return out.map(Math.fround);
}

const dialects = Object.entries(sinkhornPresets).filter(([, dialect]) => walksInPairs(4, dialect));

describe('a light look', () => {
  /** Of tokens whose bounds are needed to a share of them: how many it covers, and how many entries it says more of than their bound is, or less than is needed. */
  function light(dialect: SinkhornDialect, arithmetic: string, share: number): { covered: number; tried: number; wrong: number } {
    const given = logits(7);
    const alone = new TokenForward(4, dialect, arithmeticPresets[arithmetic]!);
    const quick = new QuickForward(given, tokens, dialect, arithmeticPresets[arithmetic]!);
    const [needed, whole, errors] = [new Float64Array(16 * tokens), new Float64Array(16 * tokens), new Float64Array(16 * tokens)];
    const list: number[] = [];
    for (let token = 0; token < tokens; token++) {
      if (!alone.prepare(given, 16 * token)) continue;
      list.push(token);
      for (let out = 0; out < 16; out++) {
        const index = 16 * token + out;
        whole[index] = alone.errorOf(quick.values[index]!, out);
        needed[index] = (token + out) % 5 === 0 ? 0 : share * whole[index];
      }
    }
    const left = new Set(quick.coversMore(list, given, quick.values, needed, errors));
    let wrong = 0;
    for (const token of list) {
      if (left.has(token)) continue;
      for (let index = 16 * token; index < 16 * (token + 1); index++) if (!(errors[index]! <= whole[index]! && errors[index]! >= needed[index]!)) wrong++;
    }
    return { covered: list.length - left.size, tried: list.length, wrong };
  }

  it.each(dialects)('never says more than the bound of %s', (_name, dialect) => {
    for (const arithmetic of ['ieee-f32', 'ieee-f64', 'cuda-fastmath', 'wgsl-f32']) for (const share of [0.05, 0.3, 0.6, 0.9, 1]) expect(light(dialect, arithmetic, share).wrong).toBe(0);
  });

  it('covers most of what half a bound suffices for', () => {
    const { covered, tried } = light(sinkhornPresets['tilekernels']!, 'ieee-f32', 0.4);
    expect(covered).toBeGreaterThan(tried / 2);
    expect(light(sinkhornPresets['tilekernels']!, 'ieee-f32', 1).covered).toBe(0);
  });
});

interface Looked {
  readonly sure: number;
  readonly certified: number;
  /** Tokens that are sure and have no bound; values with other bits; lower bounds above their bound. */
  readonly wrong: readonly [uncertain: number, bits: number, above: number];
}

function look(dialect: SinkhornDialect, arithmetic: string, seed: number): Looked {
  const given = logits(seed);
  const alone = new TokenForward(4, dialect, arithmeticPresets[arithmetic]!);
  const quick = new QuickForward(given, tokens, dialect, arithmeticPresets[arithmetic]!);
  const values = sinkhornReference(given, tokens, 4, dialect);
  const [nothing, errors] = [new Float64Array(16 * tokens), new Float64Array(16 * tokens)];
  let [sure, certified, uncertain, bits, above] = [0, 0, 0, 0, 0];
  for (let token = 0; token < tokens; token++) {
    const holds = alone.prepare(given, 16 * token);
    if (holds) certified++;
    if (quick.sure[token] === 1) sure++;
    if (quick.sure[token] === 1 && !holds) uncertain++;
    const covered = quick.covers(token, values, nothing, errors);
    for (let out = 0; out < 16; out++) {
      const index = 16 * token + out;
      if (!Object.is(values[index], quick.values[index])) bits++;
      if (covered && !(errors[index]! <= alone.errorOf(values[index]!, out))) above++;
    }
  }
  return { sure, certified, wrong: [uncertain, bits, above] };
}


describe('a quick look', () => {
  it.each(dialects)('is right about %s', (_name, dialect) => {
    for (const arithmetic of Object.keys(arithmeticPresets)) expect(look(dialect, arithmetic, 1).wrong).toEqual([0, 0, 0]);
  });

  it.each([1, 2, 3, 300])('at T = %i', (iterations) => {
    for (const preset of ['tilekernels', 'paper', 'lucidrains']) expect(look({ ...sinkhornPresets[preset]!, iterations }, 'ieee-f32', 2).wrong).toEqual([0, 0, 0]);
  });

  it.each([0.02, 1])('with a large ε, %d', (epsilon) => {
    for (const divisor of ['add', 'clamp'] as const) {
      for (const arithmetic of ['ieee-f32', 'wgsl-f32']) expect(look({ ...sinkhornPresets['tilekernels']!, epsilon, divisor }, arithmetic, 3).wrong).toEqual([0, 0, 0]);
    }
  });

  it('is certain of most tokens of f32', () => {
    const { sure, certified } = look(sinkhornPresets['tilekernels']!, 'ieee-f32', 4);
    expect(sure).toBeGreaterThan(0.7 * certified);
  });
});
