/**
 * A property asked on a number of problems that was fixed before the first was drawn. The named distribution is the uniform one on the 2²⁴ problems that a recipe stands
 * for (families and scales, dealt evenly where mixed): each problem is one of them at a random place, independently of the others, so that the answers are
 * independent as well if the kernel answers each problem of a batch as it would alone. A shard draws all places and asks its own batches, so that all shards together
 * asked what one machine would have asked.
 */
import { Random, hashText } from '../../generate/random.ts';
import type { Recipe } from '../../generate/recipe.ts';
import { allowedStreams, fit } from '../../generate/sizes.ts';
import type { KernelDeclaration } from '../../targets/kernel.ts';
import { breathe } from '../../verify/breathe.ts';
import { KernelCaller } from '../../verify/call.ts';
import { examine } from '../../verify/examine.ts';
import type { Property, ResolvedKernel } from '../../verify/property.ts';
import { ownsCase, type Shard } from '../../verify/shards/shard.ts';
import { PlumblineError } from '../../errors.ts';

const places = 2 ** 24;

export interface Sampling {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
  readonly problems: number;
  readonly seed: number;
  readonly shard?: Shard | undefined;
  readonly callTimeoutMs: number;
  readonly streams?: number | undefined;
  readonly families?: Readonly<Record<string, string>> | undefined;
  readonly scale?: number | undefined;
  readonly stopped?: (() => boolean) | undefined;
  readonly onProgress?: ((done: number, failures: number) => void) | undefined;
}

/** What was answered; of several shards, their sums. */
export interface Counts {
  /** Problems that were asked. */
  readonly problems: number;
  readonly failures: number;
  /** Problems that the property says nothing about; they count as not failing. */
  readonly withoutClaim: number;
  /** The first failure, for people, and the place of its batch. */
  readonly first: { readonly place: number; readonly what: string } | undefined;
}

export interface Sample extends Counts {
  /** Without the places that were drawn. */
  readonly recipe: Recipe;
  /** Problems of one kernel call. */
  readonly batch: number;
}

/** Asks all of them, or the shard's. Undefined when it was stopped: a number that was not reached is no sample. Throws `bad-usage` when the property is not about this kernel. */
export async function sample(options: Sampling): Promise<Sample | undefined> {
  const { property, kernel, declaration, problems, seed } = options;
  const reason = property.notApplicable?.(kernel);
  if (reason !== undefined) throw new PlumblineError('bad-usage', `'${property.id}' is not about this kernel: ${reason}.`, 'Choose another property; plumbline verify --list shows which apply.');
  const recipe = recipeOf(options);
  const batch = recipe.sizes.tokens;
  const draw = new Random(seed, hashText(`places ${property.id}`));
  const caller = new KernelCaller(kernel, declaration.run, options.callTimeoutMs, declaration.remote);
  let asked = 0;
  let failures = 0;
  let withoutClaim = 0;
  let first: Counts['first'];
  for (let place = 0; place * batch < problems; place++) {
    const tokens = Array.from({ length: Math.min(batch, problems - place * batch) }, () => draw.below(places));
    if (!ownsCase(options.shard, property.id, place)) continue;
    await breathe();
    if (options.stopped?.() === true) return undefined;
    asked += tokens.length;
    const examination = await examine(property, kernel, { ...recipe, tokens }, caller);
    const { judgement } = examination;
    if (judgement === undefined) failures += tokens.length; // no answer, or none of the right shape
    for (const margin of judgement?.margins ?? []) {
      if (margin === -1) withoutClaim++;
      else if (!(margin <= 1)) failures++;
    }
    if (!examination.held) first ??= { place, what: `${examination.outcome}: ${examination.message}` };
    options.onProgress?.(Math.min(problems, (place + 1) * batch), failures);
  }
  return { recipe, batch, problems: asked, failures, withoutClaim, first };
}

function recipeOf({ property, kernel, seed, streams, families = {}, scale, problems }: Sampling): Recipe {
  const { inputs } = property;
  const { operation } = kernel;
  const allowed = allowedStreams(operation, inputs, { streams: kernel.streams });
  const n = streams ?? (allowed.includes(4) ? 4 : allowed[0]!);
  if (!allowed.includes(n)) throw new PlumblineError('bad-usage', `'${property.id}' on this kernel is about n = ${allowed.join(', ')}, not ${n}.`);
  const wished = { tokens: Math.max(...(inputs.tokenCounts ?? [1024])), streams: n, channels: inputs.channelCounts?.at(-1) ?? 16, depth: inputs.depths?.at(-1) ?? 8 };
  const sizes = fit(operation, inputs, wished, { streams: kernel.streams });
  return { operation: operation.id, sizes: { ...sizes, tokens: Math.max(1, Math.min(sizes.tokens, problems)) }, seed, families: { ...families }, scale: scale ?? 'mixed' };
}
