/**
 * The fault's shape: which one of many hypotheses explains a kernel's answers. A hypothesis is refuted by one answer outside its own bound, on any problem; it is only told when
 *   1. the declaration is refuted on the same problems (there is a fault to explain),
 *   2. it explains every answer within its bound, where it has one for at least half of the numbers,
 *   3. it is distinguishable: somewhere its bound and the declaration's have no number in common, so that no kernel that keeps its declaration could look like this,
 *   4. it predicts something: where it is apart from the declaration, most numbers are larger than their bound, or certain,
 *   5. no other hypothesis does the same, or one other that predicts the same, and then both are named,
 *   6. it explains, besides, every answer on one larger problem that no hypothesis was chosen by: with more tokens than a tile has lanes and at another stream count, where a fault that only
 *      looked like it on small problems (a tail that is zero, a divisor that is right for one n) parts from it.
 * What none of them explains gets no sentence. So a sentence is not a proof of what is in the kernel's source, but of what it cannot be told from on these problems.
 */
import { expand } from '../../generate/expand.ts';
import type { Recipe } from '../../generate/recipe.ts';
import { fit } from '../../generate/sizes.ts';
import { elementsPerToken, isShared, type Port, type Sizes, type Values } from '../../operations/operation.ts';
import type { ResolvedKernel } from '../../targets/resolve.ts';
import { OutcomeError } from '../../targets/outcome.ts';
import { roundTo } from '../../tensor/codecs.ts';
import { breathe } from '../../verify/breathe.ts';
import { decodeOutputs, type Caller } from '../../verify/call.ts';
import { hypothesesOf, type Hypothesis, type Prediction } from './hypotheses.ts';

interface Evidence {
  readonly inputs: Values;
  readonly sizes: Sizes;
  readonly answers: Values;
  readonly declared: Prediction;
}

/** Sizes all differ, so that what depends on one is not taken for another; no extremes, so that every hypothesis has a bound. The first three are always asked, the others while several hypotheses are left. */
const wishes: readonly { readonly tokens: number; readonly streams: number; readonly channels: number; readonly depth: number; readonly scale: number; readonly seed: number }[] = [
  { tokens: 5, streams: 4, channels: 5, depth: 3, scale: 1, seed: 11 },
  { tokens: 4, streams: 3, channels: 6, depth: 4, scale: 3, seed: 12 },
  { tokens: 7, streams: 4, channels: 7, depth: 3, scale: 3, seed: 13 },
  { tokens: 4, streams: 8, channels: 9, depth: 5, scale: 1, seed: 14 },
  { tokens: 3, streams: 4, channels: 6, depth: 3, scale: 8, seed: 15 },
];
const always = 3;
/** What a sentence is confirmed by. */
const larger: (typeof wishes)[number] = { tokens: 37, streams: 5, channels: 11, depth: 3, scale: 1, seed: 16 };

/** Problems that all of it asks at most. */
export const mostShapeProblems = wishes.reduce((sum, { tokens }) => sum + tokens, larger.tokens);

export interface Shape {
  /** Without a subject; undefined where nothing can be said. */
  readonly sentence: string | undefined;
  /** Problems that were asked. */
  readonly problems: number;
}

/** The shape of the fault. Never throws for what the kernel does. */
export async function shapeOf(kernel: ResolvedKernel, caller: Caller, stopped: () => boolean = () => false): Promise<Shape> {
  const evidence: Evidence[] = [];
  const sentence = await sentenceOf(kernel, caller, stopped, evidence);
  return { sentence, problems: evidence.reduce((sum, { sizes }) => sum + sizes.tokens, 0) };
}

async function sentenceOf(kernel: ResolvedKernel, caller: Caller, stopped: () => boolean, evidence: Evidence[]): Promise<string | undefined> {
  let left = hypothesesOf(kernel);
  for (const [k, wish] of wishes.entries()) {
    if (k >= always && left.length <= 1) break;
    const one = await ask(kernel, caller, wish);
    if (one === undefined) return undefined;
    evidence.push(one);
    const standing: Hypothesis[] = [];
    for (const hypothesis of left) {
      await breathe();
      if (stopped()) return undefined;
      if (explains(hypothesis, one, kernel.operation.outputs)) standing.push(hypothesis);
    }
    left = standing;
    if (left.length === 0) return undefined;
  }
  const { outputs } = kernel.operation;
  if (evidence.every((one) => within(one.declared, one, outputs))) return undefined;
  const apart = left.filter((hypothesis) => evidence.some((one) => resolved(hypothesis.predict(one.inputs, one.sizes), one, outputs) || storesCoarser(hypothesis, one)));
  const [first, second, ...more] = apart;
  if (first === undefined || more.length > 0) return undefined;
  if (second !== undefined && evidence.some((one) => separate(first.predict(one.inputs, one.sizes), second.predict(one.inputs, one.sizes), one.sizes, outputs))) return undefined;
  const last = await ask(kernel, caller, larger);
  if (last === undefined || stopped()) return undefined;
  evidence.push(last);
  if (![first, second].every((hypothesis) => hypothesis === undefined || explains(hypothesis, last, outputs))) return undefined;
  return second === undefined ? first.sentence : `${first.sentence}; or, which is the same here, ${second.sentence}`;
}

async function ask(kernel: ResolvedKernel, caller: Caller, wish: (typeof wishes)[number]): Promise<Evidence | undefined> {
  const { operation, dtypes, dialect, arithmetic } = kernel;
  const streams = kernel.streams.toSorted((a, b) => Math.abs(a - wish.streams) - Math.abs(b - wish.streams))[0]!;
  const sizes = fit(operation, {}, { tokens: wish.tokens, streams, channels: wish.channels, depth: wish.depth }, { streams: kernel.streams });
  const families = { logits: 'normal', mappings: 'arbitrary', streams: 'normal', cotangents: 'normal', parameters: 'usual' };
  const recipe: Recipe = { operation: operation.id, sizes, seed: wish.seed, families, scale: wish.scale };
  const inputs = Object.fromEntries(Object.entries(expand(recipe, operation, {})).map(([port, values]) => [port, dtypes[port] === 'f64' ? values : values.map(roundTo[dtypes[port]!])]));
  try {
    caller.begin();
    const answers = decodeOutputs(await caller.call(inputs, sizes));
    return { inputs, sizes, answers, declared: operation.bounded(inputs, sizes, dialect, arithmetic, dtypes) };
  } catch (error) {
    if (error instanceof OutcomeError) return undefined;
    throw error;
  }
}

function explains(hypothesis: Hypothesis, evidence: Evidence, outputs: readonly Port[]): boolean {
  if (hypothesis.admits?.(evidence.answers) === false) return false;
  // one that says the same as the declaration here is neither confirmed nor refuted by anything else than the declaration is
  return within(hypothesis.predict(evidence.inputs, evidence.sizes) ?? evidence.declared, evidence, outputs);
}

/** Whether every answer is within the bound, where at least half of the numbers have one. */
function within(prediction: Prediction, { answers, sizes }: Evidence, outputs: readonly Port[]): boolean {
  let [claimed, all] = [0, 0];
  for (const port of outputs) {
    const [values, errors, answer] = [prediction.values[port.name]!, prediction.errors[port.name]!, answers[port.name]!];
    for (let k = 0; k < answer.length; k++) {
      all++;
      if (!isBounded(prediction, port, sizes, k)) continue;
      claimed++;
      if (!(Math.abs(answer[k]! - values[k]!) <= errors[k]!)) return false;
    }
  }
  return 2 * claimed >= all;
}

/** Whether two predictions have no number in common somewhere. */
function separate(a: Prediction | undefined, b: Prediction | undefined, sizes: Sizes, outputs: readonly Port[]): boolean {
  if (a === undefined || b === undefined) return false;
  return outputs.some((port) => a.values[port.name]!.some((value, k) => isBounded(a, port, sizes, k) && isBounded(b, port, sizes, k) && Math.abs(value - b.values[port.name]![k]!) > a.errors[port.name]![k]! + b.errors[port.name]![k]!));
}

/** Whether it is apart from the declaration in an output of which it says more than that it is small. */
function resolved(prediction: Prediction | undefined, { declared, sizes }: Evidence, outputs: readonly Port[]): boolean {
  return outputs.some((port) => {
    if (prediction === undefined || !separate(prediction, declared, sizes, [port])) return false;
    const [values, errors] = [prediction.values[port.name]!, prediction.errors[port.name]!];
    return 2 * values.filter((value, k) => Math.abs(value) > errors[k]! || errors[k] === 0).length >= values.length;
  });
}

function isBounded({ certified, errors }: Prediction, port: Port, sizes: Sizes, k: number): boolean {
  return errors[port.name]![k]! < Infinity && (isShared(port) || certified[Math.floor(k / elementsPerToken(port, sizes))] === 1);
}

/**
 * Rounding to a coarser dtype moves no bound away from the declaration's; what sets it apart is that every answer is a number of that dtype. Of answers in the declared one at most one in 2⁸
 * is by chance, so that sixteen of them leave less than one in 2¹²⁸.
 */
function storesCoarser(hypothesis: Hypothesis, { answers }: Evidence): boolean {
  return hypothesis.admits?.(answers) === true && Object.values(answers).reduce((sum, values) => sum + values.filter((value) => value !== 0 && Math.abs(Math.log2(Math.abs(value))) % 1 !== 0).length, 0) >= 16;
}
