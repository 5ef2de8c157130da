/**
 * Does a failure come again, and do the kernel's answers to the same inputs agree? Nothing is retried until it fits: every judgement counts, and one failure is a failure.
 *
 * Run-to-run spread against rounding: every answer of a kernel that keeps its declaration is within E of the exact result, in whatever order it adds (numerics/arithmetic.ts: any order of
 * additions is allowed by the bound), so that two of them are at most 2E apart. A spread of more than 2E is a proof that something else than the order of additions
 * changes from call to call. Within 2E it may be that order, as with atomics, and need not be.
 */
import { elementsPerToken, isClaimed, isShared, type Sizes, type Values } from '../operations/operation.ts';
import type { Recipe } from '../generate/recipe.ts';
import { clopperPearsonInterval } from '../numerics/clopper-pearson.ts';
import { addDown, divDown } from '../numerics/directed.ts';
import { costlyOutcomes, OutcomeError } from '../targets/outcome.ts';
import { breathe } from './breathe.ts';
import { decodeOutputs, type Caller } from './call.ts';
import { examine, type Examination } from './examine.ts';
import type { Property, ResolvedKernel } from './property.ts';

/** Judgements of one counterexample: a fault that shows in one of seven calls is missed by all of them once in twenty. */
export const replays = 20;

/** How far apart answers to the same inputs were, at the element where that is most for its bound. */
export interface Spread {
  readonly calls: number;
  readonly output: string;
  readonly index: number;
  /** Largest answer minus smallest; NaN where some were no number. */
  readonly difference: number;
  /** What rounding in any order explains: twice the error bound. */
  readonly bound: number;
  /** Above 1 is a proof that more than rounding changes. */
  readonly margin: number;
}

/** How often a case failed when it was judged again. */
export interface Reproduction {
  readonly replays: number;
  readonly failed: number;
  /** Clopper–Pearson, confidence 95 %, of the share that fails. */
  readonly interval: readonly [low: number, high: number];
  /** Absent where all answers had the same bits. */
  readonly spread?: Spread | undefined;
}

export interface Repeated {
  readonly reproduction: Reproduction;
  /** The first that failed; the last where none did. */
  readonly examination: Examination;
}

/** Judges a case `times` times, `first` being one of them where it is given. Ends early with an outcome that costs a process. Never throws for what the kernel does. */
export async function repeat(
  property: Property, kernel: ResolvedKernel, recipe: Recipe, caller: Caller, times: number, stopped: () => boolean = () => false, first?: Examination,
): Promise<Repeated> {
  let shown = first ?? (await examine(property, kernel, recipe, caller));
  let failed = shown.held ? 0 : 1;
  let judged = 1;
  while (judged < times && !stopped() && !costlyOutcomes.includes(shown.outcome)) {
    await breathe();
    const examination = await examine(property, kernel, recipe, caller);
    judged++;
    if (!examination.held) failed++;
    if (shown.held) shown = examination;
  }
  const spread = costlyOutcomes.includes(shown.outcome) ? undefined : await spreadOf(kernel, shown, caller, times, stopped);
  return { reproduction: { ...reproductionOf(judged, failed), ...(spread === undefined ? {} : { spread }) }, examination: shown };
}

export function reproductionOf(judged: number, failed: number): Reproduction {
  return { replays: judged, failed, interval: clopperPearsonInterval(judged, failed, 0.05) };
}

/** Calls the kernel on one case's inputs and compares the answers. Calls without an answer are left out: their outcome is another matter. */
async function spreadOf(kernel: ResolvedKernel, { case: { inputs, sizes } }: Pick<Examination, 'case'>, caller: Caller, times: number, stopped: () => boolean): Promise<Spread | undefined> {
  const low: Record<string, Float64Array> = {};
  const high: Record<string, Float64Array> = {};
  let calls = 0;
  let differs = false;
  for (let k = 0; k < times && !stopped(); k++) {
    try {
      caller.begin();
      for (const [name, values] of Object.entries(decodeOutputs(await caller.call(inputs, sizes)))) differs = widen(low, high, name, values) || differs;
      calls++;
    } catch (error) {
      if (!(error instanceof OutcomeError)) throw error;
    }
  }
  return differs ? largest(kernel, inputs, sizes, low, high, calls) : undefined;
}

/** Takes an answer into the range; whether it was outside, or other bits. */
function widen(low: Record<string, Float64Array>, high: Record<string, Float64Array>, name: string, values: Float64Array): boolean {
  const [least, most] = [low[name], high[name]];
  if (least === undefined || most === undefined) {
    low[name] = values.slice();
    high[name] = values.slice();
    return false;
  }
  let differs = false;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (Object.is(value, least[k]) && Object.is(value, most[k])) continue;
    differs = true;
    // NaN once is NaN for good
    least[k] = Math.min(least[k]!, value);
    most[k] = Math.max(most[k]!, value);
  }
  return differs;
}

/** Undefined where nothing is claimed of any element that differs. */
function largest(kernel: ResolvedKernel, inputs: Values, sizes: Sizes, low: Record<string, Float64Array>, high: Record<string, Float64Array>, calls: number): Spread | undefined {
  const { operation, dialect, arithmetic, dtypes } = kernel;
  const bounds = operation.bounded(inputs, sizes, dialect, arithmetic, dtypes);
  let worst: Spread | undefined;
  for (const port of operation.outputs) {
    const [least, most, errors] = [low[port.name]!, high[port.name]!, bounds.errors[port.name]!];
    const per = isShared(port) ? least.length : elementsPerToken(port, sizes);
    for (let index = 0; index < least.length; index++) {
      if (Object.is(least[index], most[index])) continue;
      if (!isClaimed(bounds, port, Math.floor(index / per), index)) continue;
      const same = most[index] === least[index]; // 0 and −0
      const difference = same ? 0 : addDown(most[index]!, -least[index]!);
      const bound = 2 * errors[index]!;
      const quotient = same ? 0 : divDown(difference, bound);
      const margin = quotient >= 0 ? quotient : Infinity; // NaN, and a bound of 0
      if (worst === undefined || margin > worst.margin) worst = { calls, output: port.name, index, difference, bound, margin };
    }
  }
  return worst;
}
