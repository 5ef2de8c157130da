/** One property on one kernel: cases from fast-check, the first failure shrunk and written down. */
import type fc from 'fast-check';

import { firstRecipes, recipeArbitrary } from '../generate/arbitrary.ts';
import { hashText } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { Sketch } from '../numerics/sketch.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { KernelCaller } from './call.ts';
import { minimise, type Failure } from './minimise.ts';
import type { RecordOptions } from './record.ts';
import { casesOf } from './effort.ts';
import { examineInputs, type Examination } from './examine.ts';
import type { Worst } from './judge.ts';
import type { Property, ResolvedKernel } from './property.ts';
import type { Effort, MarginQuantiles, PropertyResult, ResultPart, RunEvent } from './results.ts';
import { runCases } from './run-cases.ts';
import { ownCases, ownsCase, type Shard } from './shards/shard.ts';
import { screen } from './screen.ts';
import { literally, type StoredCase } from './stored.ts';

export interface PropertyRun extends RecordOptions {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
  readonly effort: Effort;
  readonly runs: number | undefined;
  /** Cases that are tried first. */
  readonly stored?: readonly StoredCase[] | undefined;
  readonly runSeed: number;
  readonly shard?: Shard | undefined;
  readonly callTimeoutMs: number;
  readonly shrinkBudget: number;
  readonly costlyShrinkMs: number;
  readonly stopped: () => boolean;
  readonly onEvent: (event: RunEvent) => void;
}

/** A property's seed follows from the run's seed and its id, so filtering never changes it. */
export function propertySeed(runSeed: number, id: string): number {
  return (hashText(`${runSeed}:${id}`) >>> 0) % 2 ** 31;
}

/** Runs one property. What the kernel does wrong is in the result; throws only for faults of plumbline, and `TargetUnusable`. */
export async function runProperty(options: PropertyRun): Promise<PropertyResult> {
  const { property, kernel, runSeed, target, shard, onEvent } = options;
  const started = performance.now();
  const seed = propertySeed(runSeed, property.id);
  const base = { target, operation: property.operation, property: property.id, claim: property.claim, class: property.class, seed };
  const nothing = { cases: 0, problems: 0, margin: 0, worst: undefined, counterexample: undefined };
  const reason = notApplicable(property, kernel);
  if (reason !== undefined) return { ...base, ...nothing, status: 'unsupported', reason, ...partOf(shard, { planned: 0, own: 0 }), durationMs: performance.now() - started };

  let cases = 0;
  let problems = 0;
  let worst: Worst | undefined;
  let worstAt: number | undefined;
  const sketch = new Sketch();
  const planned = plannedCases(options, seed);
  const name = `${target}\n${property.id}`;
  const all = planned.numRuns + (options.stored?.length ?? 0);
  const stored = shard === undefined || shard.index === 1 ? (options.stored ?? []) : []; // the first shard has them all
  const own = ownCases(shard, name, planned.numRuns) + stored.length;
  const owns = (place: number): boolean => ownsCase(shard, name, place);
  if (own === 0) return { ...base, ...nothing, status: 'skipped', reason: 'its cases are in other shards', ...partOf(shard, { planned: all, own }), durationMs: performance.now() - started };
  const onCase = (examination: Examination, place: number): void => {
    // fast-check runs the examples first, in order
    if (place < planned.examples.length) collect(sketch, examination.judgement?.margins);
    cases++;
    problems += examination.judged;
    const found = examination.judgement?.worst;
    if (isWorse(found, worst)) [worst, worstAt] = [found, place];
    onEvent({ type: 'case-finished', target, property: property.id, cases, margin: worst?.margin ?? 0 });
  };
  const onStored = (examination: Examination): void => {
    cases++;
    problems += examination.judged;
    const found = examination.judgement?.worst;
    if (isWorse(found, worst)) worst = found;
  };
  let again = await tryStored(stored, options, onStored);
  const screened = again === undefined ? await screen(options, seed, shard?.index ?? 1) : undefined;
  if (screened?.suspects !== undefined) again = await tryStored([screened.suspects], options, onStored);
  const { failure, failedAt, interrupted } = again === undefined ? await runCases({ ...options, ...planned, seed, owns, onCase }) : { failure: again, failedAt: undefined, interrupted: false };

  const measured = { cases, problems, ...(screened === undefined ? {} : { screened: screened.problems }), margin: worst?.margin ?? 0, margins: quantilesOf(sketch), worst, ...partOf(shard, { planned: all, own, failedAt, worstAt, sketch: sketch.state() }) };
  if (failure !== undefined) {
    const caller = new KernelCaller(kernel, options.declaration.run, options.callTimeoutMs, options.declaration.remote);
    const { shrunk, counterexample } = await minimise(failure, caller, seed, options);
    const margin = Math.max(measured.margin, shrunk.examination.judgement?.worst?.margin ?? 0);
    const end = { ...measured, margin, worst: shrunk.examination.judgement?.worst ?? measured.worst, durationMs: performance.now() - started };
    return { ...base, ...end, status: 'failed', reason: `${shrunk.examination.outcome}: ${shrunk.examination.message}`, counterexample };
  }
  const end = { ...measured, counterexample: undefined, durationMs: performance.now() - started };
  if (interrupted) {
    const status = cases === 0 ? 'skipped' : 'incomplete';
    return { ...base, ...end, status, reason: `stopped after ${cases} of ${own} cases` };
  }
  if (problems === 0) return { ...base, ...end, status: 'unsupported', reason: nothingJudged };
  return { ...base, ...end, status: 'passed', reason: undefined };
}

/** The first stored case that fails, tried in their order. */
async function tryStored(stored: readonly StoredCase[], { property, kernel, declaration, callTimeoutMs, stopped }: PropertyRun, onStored: (examination: Examination) => void): Promise<Failure | undefined> {
  for (const one of stored) {
    if (stopped()) return undefined;
    const examination = await examineInputs(property, kernel, one.recipe, one.inputs, new KernelCaller(kernel, declaration.run, callTimeoutMs, declaration.remote));
    onStored(examination);
    if (!examination.held) return { recipe: literally(one), examination };
  }
  return undefined;
}

function isWorse(a: Worst | undefined, b: Worst | undefined): boolean {
  return a !== undefined && (b === undefined || !(a.margin <= b.margin));
}

/** Why a claim of which every case ran says nothing. */
export const nothingJudged = 'none of the inputs lies where this arithmetic and dialect let the claim be made';

function partOf(shard: Shard | undefined, part: ResultPart): Pick<PropertyResult, 'part'> {
  return shard === undefined ? {} : { part };
}

function collect(sketch: Sketch, margins: Float64Array = new Float64Array(0)): void {
  for (const margin of margins) if (margin !== -1) sketch.add(margin);
}

/** Undefined for an empty sketch. */
export function quantilesOf(sketch: Sketch): MarginQuantiles | undefined {
  const tokens = sketch.count;
  return tokens === 0 ? undefined : { tokens, p50: sketch.quantile(0.5), p90: sketch.quantile(0.9), p99: sketch.quantile(0.99), max: sketch.max };
}

/** Why a property cannot be asked of a kernel. */
export function notApplicable(property: Property, kernel: ResolvedKernel): string | undefined {
  const wanted = property.inputs.streamCounts;
  if (wanted !== undefined && !wanted.some((n) => kernel.streams.includes(n))) {
    return `the claim is about n = ${wanted.join(', ')}, the kernel supports n = ${kernel.streams.join(', ')}`;
  }
  return property.notApplicable?.(kernel);
}

function plannedCases({ property, kernel, effort, runs }: PropertyRun, seed: number): { examples: Recipe[]; numRuns: number; arbitrary: fc.Arbitrary<Recipe> } {
  const operation = kernel.operation as never;
  const limits = { streams: kernel.streams };
  const { first, random } = casesOf[effort];
  const examples = firstRecipes(operation, property.inputs, seed, limits).slice(0, Math.min(first, runs ?? first));
  return { examples, numRuns: runs ?? examples.length + random, arbitrary: recipeArbitrary(operation, property.inputs, limits) };
}
