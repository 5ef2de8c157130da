/**
 * A judge that is indifferent to small margins is the full judge: the same verdicts, counts and margins above its threshold to the bit, on right kernels, on planted faults and on kernels that
 * answer with what is no number; and a bound that claims to cover more than it does is found here.
 */
import { describe, expect, test } from 'vitest';

import { legitimate } from '../../../fixtures/legitimate/index.ts';
import { plantedFaults } from '../../../fixtures/planted-faults/index.ts';
import { properties } from '../../../properties/index.ts';
import { expand } from '../../../src/generate/expand.ts';
import { firstRecipes } from '../../../src/generate/arbitrary.ts';
import { Random } from '../../../src/generate/random.ts';
import { operations, tensor, valuesOf, type KernelDeclaration, type KernelRun, type Tensor } from '../../../src/index.ts';
import type { Operation } from '../../../src/operations/operation.ts';
import { resolveKernel } from '../../../src/targets/resolve.ts';
import { KernelCaller } from '../../../src/verify/call.ts';
import { examineInputs, type Examination } from '../../../src/verify/examine.ts';
import type { ResolvedKernel } from '../../../src/verify/property.ts';

const sinkhorn = operations.sinkhorn;
const claims = properties.filter(({ operation }) => operation === 'sinkhorn');
const thresholds = [2 ** -900, 0.05, 0.875];
/** A tile with a rest, and one. */
const tokens = 33;

interface Seen {
  /** Claims that were judged on a case, by both judges. */
  readonly compared: number;
  /** How the two judges differ. */
  readonly differences: readonly string[];
  readonly failed: number;
}

/** Every claim on its first recipes by both judges. `kernel` may be tampered with for the indifferent one. */
async function compared(declaration: KernelDeclaration, tamper: (kernel: ResolvedKernel) => ResolvedKernel = (kernel) => kernel, streams: readonly number[] = [3, 4]): Promise<Seen> {
  const kernel = resolveKernel(sinkhorn, { ...declaration, streams }, 'test');
  const [differences, counts] = [[] as string[], { compared: 0, failed: 0 }];
  for (const property of claims) {
    if (property.notApplicable?.(kernel) !== undefined) continue;
    const count = property.inputs.streamCounts;
    if (count !== undefined && !count.some((n) => streams.includes(n))) continue;
    for (const recipe of firstRecipes(sinkhorn, { ...property.inputs, tokenCounts: [tokens] }, 7, { streams }).slice(0, 1)) {
      const inputs = expand(recipe, sinkhorn, property.inputs);
      const judge = (one: ResolvedKernel, indifferent: number): Promise<Examination> => examineInputs(property, one, recipe, inputs, new KernelCaller(one, declaration.run, 10_000), indifferent);
      const full = await judge(kernel, 0);
      if (!full.held) counts.failed++;
      // those that a campaign has are margins that were met
      const met = [...(full.judgement?.margins ?? [])].filter((margin) => margin > 0 && margin < 0.875).toSorted((a, b) => a - b);
      for (const threshold of [...thresholds, ...[0.5, 0.8].map((share) => met[Math.floor(share * met.length)]).filter((margin) => margin !== undefined)]) {
        counts.compared++;
        const difference = differenceOf(full, await judge(tamper(kernel), threshold), threshold);
        if (difference !== undefined) differences.push(`${property.id}, ${threshold}: ${difference}`);
      }
    }
  }
  return { ...counts, differences };
}

function differenceOf(full: Examination, other: Examination, threshold: number): string | undefined {
  if (full.held !== other.held || full.outcome !== other.outcome || full.message !== other.message) return `${full.outcome} ${full.message} became ${other.outcome} ${other.message}`;
  if (full.judged !== other.judged) return `${full.judged} problems became ${other.judged}`;
  const [whole, told] = [full.judgement, other.judgement];
  if (whole === undefined || told === undefined) return whole === told ? undefined : 'one has no judgement';
  for (const [token, margin] of whole.margins.entries()) {
    const its = told.margins[token]!;
    const agrees = margin === -1 || margin > threshold ? Object.is(its, margin) : its >= margin * (1 - 2 ** -40) && its <= threshold;
    if (!agrees) return `margin ${margin} of token ${token} became ${its}`;
  }
  return (whole.worst?.margin ?? 0) > threshold && !Object.is(whole.worst?.bound, told.worst?.bound) ? 'another bound of the worst comparison' : undefined;
}

/** Spoils some tokens of what a kernel answers. */
function spoiled(run: KernelRun, value: number): KernelRun {
  return async (inputs, sizes, signal) => {
    const { residualMapping } = (await run(inputs, sizes, signal)) as { residualMapping: Tensor };
    const values = valuesOf(residualMapping);
    for (let at = 5; at < values.length; at += 7 * 16) values[at] = value;
    return { residualMapping: tensor(values, residualMapping.shape) };
  };
}

/** Off by this share of its bound everywhere: what double-double decides. */
function leaning(run: KernelRun, share: number): KernelRun {
  return async (inputs, sizes, signal) => {
    const { residualMapping } = (await run(inputs, sizes, signal)) as { residualMapping: Tensor };
    const kernel = resolveKernel(sinkhorn, { ...right, streams: [3, 4] }, 'test');
    const { values, errors } = sinkhorn.bounded({ logits: valuesOf(inputs['logits']!) }, sizes, kernel.dialect, kernel.arithmetic, kernel.dtypes);
    return { residualMapping: tensor(valuesOf(residualMapping).map((value, k) => (k % 3 === 0 ? values['residualMapping']![k]! + share * errors['residualMapping']![k]! : value)), residualMapping.shape) };
  };
}

const right = legitimate['tilekernels']!.kernels['sinkhorn']!;

describe('the indifferent judge agrees with the full one', () => {
  test.each(['tilekernels', 'paper', 'lucidrains', 'pairwise-sums', 'bf16-storage', 'f64', 'unshifted-exp', 'one-iteration', 'rows-last'].filter((name) => legitimate[name] !== undefined))('on %s, which is right', async (name) => {
    const seen = await compared(legitimate[name]!.kernels['sinkhorn']!);
    expect(seen.differences.slice(0, 9).join('\n')).toBe('');
    expect(seen.failed).toBe(0);
    expect(seen.compared).toBeGreaterThan(75);
  });

  test.each([NaN, Infinity, -Infinity, -0, 0, 2, 1e-30])('where entries are %d', async (value) => {
    const seen = await compared({ ...right, run: spoiled(right.run, value) });
    expect(seen.differences.slice(0, 9).join('\n')).toBe('');
    expect(seen.failed).toBeGreaterThan(0);
  });

  test.each([0.5, 0.95, 0.999, 1.001, 1.05, -0.97])('on a kernel that is off by %d of its bound', async (share) => {
    const seen = await compared({ ...right, run: leaning(right.run, share) });
    expect(seen.differences.slice(0, 9).join('\n')).toBe('');
  });

  // what answers otherwise from call to call cannot be compared
  const faults = plantedFaults.filter(({ operation, name }) => operation === 'sinkhorn' && !/call|race|random|stale|varies/.test(name));
  test.each(faults.filter((_, k) => k % 6 === 0).map((fault) => [fault.name, fault] as const))('on the planted fault %s', async (_name, fault) => {
    const seen = await compared(fault.kernel, undefined, [4]);
    expect(seen.differences.slice(0, 9).join('\n')).toBe('');
  });
});

describe('a bound that covers more than it does', () => {
  /** The operation with another `covering`. */
  const withCovering = (change: (covered: Float64Array, whole: Float64Array, needed: Float64Array) => Float64Array) => (kernel: ResolvedKernel): ResolvedKernel => {
    const bounded: Operation['bounded'] = (...given) => {
      const own = sinkhorn.bounded(...given);
      return {
        get values() { return own.values; },
        get errors() { return own.errors; },
        get certified() { return own.certified; },
        derivation: own.derivation,
        explain: (output, index) => own.explain(output, index),
        covering: (output, needed) => change(own.covering!(output, needed), own.errors[output]!, needed),
      };
    };
    return { ...kernel, operation: { ...kernel.operation, bounded } };
  };
  const fault = plantedFaults.find(({ operation, name }) => operation === 'sinkhorn' && name.includes('iteration'))!;

  test('is told apart: it says yes to everything', async () => {
    expect((await compared(fault.kernel, withCovering((_covered, _whole, needed) => needed.slice()), [4])).differences.length).toBeGreaterThan(0);
  });
  test('… it is too small where the whole bound is asked for', async () => {
    expect((await compared(right, withCovering((covered, _whole) => covered.map((error) => error / 2)), [4])).differences.length).toBeGreaterThan(0);
  });
  test('… it claims nothing', async () => {
    expect((await compared(right, withCovering((covered) => covered.map(() => Infinity)), [4])).differences.length).toBeGreaterThan(0);
  });
});

test('a bound that covers what is needed is that much, or the whole bound', () => {
  const random = new Random(5);
  let [early, exact] = [0, 0];
  for (const name of ['tilekernels', 'paper', 'lucidrains', 'bf16-storage', 'f64', 'unshifted-exp']) {
    const kernel = resolveKernel(sinkhorn, { ...legitimate[name]!.kernels['sinkhorn']!, streams: [4] }, 'test');
    for (const recipe of firstRecipes(sinkhorn, { tokenCounts: [65] }, 3, { streams: [4] }).slice(0, 4)) {
      const inputs = expand(recipe, sinkhorn, {});
      const bounded = (): ReturnType<Operation['bounded']> => kernel.operation.bounded(inputs, recipe.sizes, kernel.dialect, kernel.arithmetic, kernel.dtypes);
      const whole = bounded();
      const errors = whole.errors['residualMapping']!;
      const needed = errors.map((error) => random.pick([0, NaN, Infinity, error, error * (1 + 2 ** -52), error * random.uniform(), error * 2 ** -random.integer(1, 40), 2 ** -1060]));
      const part = bounded();
      const covered = part.covering!('residualMapping', needed);
      expect(part.certified).toEqual(whole.certified);
      covered.forEach((value, index) => {
        const [error, need] = [errors[index]!, needed[index]!];
        if (Object.is(value, error)) exact++;
        else early++;
        expect(Object.is(value, error) || (value >= need && value <= error * (1 + 2 ** -50) && error < Infinity)).toBe(true);
      });
    }
  }
  expect(early).toBeGreaterThan(1000);
  expect(exact).toBeGreaterThan(1000);
});
