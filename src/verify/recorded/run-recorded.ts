/** One property on the recorded calls of one kernel: the counterpart of `run-property.ts` where there is no kernel to call. */
import { defaultMaxElements, type Recipe } from '../../generate/recipe.ts';
import type { RecordedCase } from '../../targets/dump/dump.ts';
import { breathe } from '../breathe.ts';
import { examineInputs, type Examination } from '../examine.ts';
import type { Worst } from '../judge.ts';
import type { Property, ResolvedKernel } from '../property.ts';
import { recordCounterexample, type RecordOptions } from '../record.ts';
import type { PropertyResult, RunEvent } from '../results.ts';
import { propertySeed } from '../run-property.ts';
import { NeedsKernel, RecordedCaller } from './caller.ts';
import { partOf, rangesOf, tokenOf, type Part } from './part.ts';

export interface RecordedRun extends RecordOptions {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  /** All of the kernel's operation. */
  readonly cases: readonly RecordedCase[];
  readonly runSeed: number;
  readonly stopped: () => boolean;
  readonly onEvent: (event: RunEvent) => void;
}

const families = ['logits', 'mappings', 'streams', 'cotangents', 'parameters'] as const;

/** Judges every recorded call. Throws `bad-file` when a file changed since it was opened. */
export async function runRecorded(options: RecordedRun): Promise<PropertyResult> {
  const { property, kernel, runSeed, target, stopped, onEvent } = options;
  const started = performance.now();
  const seed = propertySeed(runSeed, property.id);
  const base = { target, operation: property.operation, property: property.id, claim: property.claim, class: property.class, seed };
  let [cases, problems] = [0, 0];
  let worst: Worst | undefined;
  const end = (rest: Pick<PropertyResult, 'status' | 'reason'> & Partial<PropertyResult>): PropertyResult => ({
    ...base, cases, problems, margin: worst?.margin ?? 0, worst, counterexample: undefined, ...rest, durationMs: performance.now() - started,
  });
  const { suitable, reason } = suitableCases(options);
  if (reason !== undefined) return end({ status: 'unsupported', reason });
  const maxElements = Math.min(property.inputs.maxElements ?? Infinity, defaultMaxElements);
  try {
    for (const recorded of suitable) {
      for (const [from, to] of rangesOf(kernel.operation, recorded.sizes, maxElements)) {
        await breathe();
        if (stopped()) return end({ status: cases === 0 ? 'skipped' : 'incomplete', reason: `stopped after ${cases} parts of recorded calls` });
        const part = partOf(recorded, kernel.operation, from, to);
        if (part.tokens.length === 0) continue;
        const examination = await judge(property, kernel, part, seed);
        cases++;
        problems += examination.judged;
        const found = examination.judgement?.worst;
        if (found !== undefined && (worst === undefined || !(found.margin <= worst.margin))) worst = found;
        onEvent({ type: 'case-finished', target, property: property.id, cases, margin: worst?.margin ?? 0 });
        if (!examination.held) return end(await failure(options, recorded, part, examination, seed));
      }
    }
  } catch (error) {
    if (error instanceof NeedsKernel) return end({ status: 'unsupported', reason: `needs a kernel to run: ${error.message}`, cases: 0, problems: 0, margin: 0, worst: undefined });
    throw error;
  }
  if (problems === 0) return end({ status: 'unsupported', reason: 'none of the recorded inputs lies where this arithmetic and dialect let the claim be made' });
  return end({ status: 'passed', reason: undefined });
}

/** The cases that the claim is about, or why there are none. */
function suitableCases({ property, kernel, cases }: RecordedRun): { suitable: readonly RecordedCase[]; reason?: string | undefined } {
  const { inputs, recorded } = property;
  if (recorded === false) return { suitable: [], reason: 'needs a kernel to run: a recording does not show this' };
  const named = families.filter((kind) => inputs[kind] !== undefined);
  if (recorded === undefined && named.length > 0) {
    return { suitable: [], reason: `the claim is about ${named.map((kind) => `${kind} of ${inputs[kind]!.slice(0, 3).join(', ')}${inputs[kind]!.length > 3 ? ' …' : ''}`).join('; ')}; recorded inputs are what they are` };
  }
  const reason = property.notApplicable?.(kernel);
  if (reason !== undefined) return { suitable: [], reason };
  const wanted = inputs.streamCounts;
  const suitable = cases.filter(({ sizes }) => wanted?.includes(sizes.streams) ?? true);
  const counts = [...new Set(cases.map(({ sizes }) => sizes.streams))];
  return { suitable, reason: suitable.length === 0 ? `the claim is about n = ${wanted?.join(', ')}, recorded are n = ${counts.join(', ')}` : undefined };
}

function judge(property: Property, kernel: ResolvedKernel, part: Part, seed: number): Promise<Examination> {
  const recipe: Recipe = { operation: property.operation, sizes: part.sizes, seed, families: {}, scale: 1 };
  return examineInputs(property, kernel, recipe, part.inputs, new RecordedCaller(kernel, part.tensors, part.sizes));
}

/** The failing token alone, where that fails too, written down with its inputs as literal values: a kernel can be asked the same. */
async function failure(options: RecordedRun, recorded: RecordedCase, part: Part, examination: Examination, seed: number): Promise<Pick<PropertyResult, 'status' | 'reason'> & Partial<PropertyResult>> {
  const { property, kernel } = options;
  const token = examination.judgement?.worst?.token ?? 0;
  const alone = part.tokens.length > 1 ? tokenOf(part, kernel.operation, token) : undefined;
  const judged = alone === undefined ? undefined : await judge(property, kernel, alone, seed);
  const fails = judged !== undefined && !judged.held && judged.outcome === examination.outcome;
  const kept = fails ? alone! : part;
  const shown = fails ? judged : examination;
  const values = Object.fromEntries(Object.entries(kept.inputs).map(([port, numbers]) => [port, Array.from(numbers)]));
  const recipe: Recipe = { operation: property.operation, sizes: kept.sizes, seed, families: {}, scale: 1, values };
  const where = `token ${part.tokens[token]} of ${recorded.sizes.tokens} in ${recorded.name}`;
  const counterexample = recordCounterexample(property, kernel, { recipe, examination: { ...shown, message: `${shown.message}, ${where}` }, kernelCalls: 0, stopped: undefined }, seed, options);
  const worst = shown.judgement?.worst;
  const margin = Math.max(worst?.margin ?? 0, examination.judgement?.worst?.margin ?? 0);
  return { status: 'failed', reason: `${shown.outcome}: ${shown.message}, ${where}`, counterexample, worst, margin };
}
