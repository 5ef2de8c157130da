/**
 * The result file of a shard, and of several that were merged: one format, so that merging is the union of two sets of shards. Plain JSON; what it says was
 * written elsewhere, so that everything is checked when it is read.
 */
import { z } from 'zod';

import { outcomeNames } from '../../targets/outcome.ts';
import { recipeSchema } from '../../generate/recipe.ts';
import { mostShards } from './shard.ts';

export const shardsFormat = 'plumbline-shards';
export const shardsVersion = 1;

const text = z.string().max(1_000_000);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is a sha256 in lower-case hexadecimal');
/** JSON has no infinity and no NaN; they are written as text. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** What the shards of one run have in common. Files with any other are of another run. */
export const runSchema = z.strictObject({
  command: z.enum(['verify', 'certify', 'fuzz']),
  /** Version of plumbline. */
  plumbline: text,
  /** Commit of the working folder; absent outside a repository. */
  commit: text.optional(),
  /** Digest of what was changed since that commit; absent where nothing was. */
  changes: sha256.optional(),
  /** Files that were loaded, in order. */
  sources: z.array(z.strictObject({ name: text, sha256 })),
  seed: z.int().min(0).max(0xffffffff),
  shards: z.int().min(1).max(mostShards),
  /** Everything else that decides which cases there are and how they are judged. */
  plan: z.record(z.string(), z.json()),
});
export type ShardedRun = z.infer<typeof runSchema>;

const worst = z.strictObject({ token: z.int(), output: text, index: z.int(), measured: number, bound: number, margin: number, what: text });
const sums = z.strictObject({ rows: number, columns: number });
const recipe = recipeSchema.extend({ values: z.record(z.string(), z.array(number)).optional() });

const counterexample = z.strictObject({
  file: text, replay: text, recipe, outcome: z.enum(outcomeNames), message: text, worst: worst.optional(),
  terms: z.array(z.strictObject({ name: text, value: number })), window: text, typed: text, problems: count, kernelCalls: count,
  reproduction: z.strictObject({
    replays: count, failed: count, interval: z.tuple([z.number(), z.number()]),
    spread: z.strictObject({ calls: count, output: text, index: count, difference: number, bound: number, margin: number }).optional(),
  }).optional(),
  matters: z.strictObject({
    free: z.array(text), needed: z.array(text), elements: z.array(z.strictObject({ input: text, needed: z.array(count), of: count })).optional(),
    sizes: z.array(z.strictObject({ size: z.enum(['streams', 'depth']), smallest: count, held: z.array(count) })),
    first: z.strictObject({ output: text, after: z.array(text) }).optional(), kernelCalls: count,
  }).optional(),
  shrinkingStopped: text.optional(), convergence: z.strictObject({ reference: z.array(sums), kernel: sums.optional() }).optional(),
});

const sketch = z.strictObject({ zeros: count, above: count, largest: number, counts: z.array(z.tuple([count, count])) });

const result = z.strictObject({
  target: text, operation: text, property: text, claim: text, class: z.enum(['bitwise', 'exact', 'limit']),
  status: z.enum(['passed', 'failed', 'unsupported', 'skipped', 'incomplete', 'errored']), reason: text.optional(), seed: count,
  cases: count, problems: count, screened: count.optional(), margin: number, margins: z.strictObject({ tokens: count, p50: number, p90: number, p99: number, max: number }).optional(),
  worst: worst.optional(), durationMs: z.number().min(0), counterexample: counterexample.optional(), explanation: text.optional(), notes: z.array(text).optional(), fault: text.optional(),
  part: z.strictObject({ planned: count, own: count, failedAt: count.optional(), worstAt: count.optional(), sketch: sketch.optional() }).optional(),
});

const shard = z.strictObject({
  /** From 1. */
  index: z.int().min(1).max(mostShards),
  /** Milliseconds since 1970. */
  finishedAt: count,
  durationMs: z.number().min(0),
  interrupted: z.boolean(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** What only a campaign has. */
const campaign = z.strictObject({
  guided: z.boolean(), threads: count, stream: z.strictObject({ index: count, count }), problems: count, problemsPerSecond: z.number().min(0), coverage: count, pool: count,
  pursuits: z.array(z.strictObject({ target: text, objective: text, best: number, problems: count })), counterexamples: count, warnings: z.array(text),
});

/** One shard of `verify` or `fuzz`. */
export const verifiedSchema = shard.extend({
  elsewhere: count,
  targets: z.array(z.strictObject({
    name: text, description: text, status: z.enum(['available', 'unavailable']), reason: text.optional(), remedy: text.optional(), about: scalars.optional(), notes: z.array(text).optional(), declares: sha256.optional(),
  })),
  results: z.array(result),
  explanations: z.array(z.strictObject({ target: text, operation: text, sentence: text, verdict: z.enum(['identified', 'no-known-dialect', 'no-answer']), problems: count })).optional(),
  fuzz: campaign.optional(),
  /** Bytes of counterexample files by their names, in base64. */
  failures: z.record(z.string().regex(/^[A-Za-z0-9._-]{1,250}\.safetensors$/, 'is the name of a counterexample'), z.base64()),
});
export type VerifiedShard = z.infer<typeof verifiedSchema>;

/** One shard of `certify --statistical`: how its problems were answered. */
export const sampledSchema = shard.extend({
  problems: count,
  failures: count,
  withoutClaim: count,
  /** The shard's first failure, and the place of its batch among all. */
  first: z.strictObject({ place: count, what: text }).optional(),
});
export type SampledShard = z.infer<typeof sampledSchema>;

const common = { format: z.literal(shardsFormat), schemaVersion: z.literal(shardsVersion), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, "is 'sha256:' and 64 hexadecimal digits") };
const run = runSchema.omit({ command: true });

export const shardsSchema = z.union([
  z.strictObject({ ...common, run: run.extend({ command: z.enum(['verify', 'fuzz']) }), shards: z.array(verifiedSchema).min(1) }),
  z.strictObject({ ...common, run: run.extend({ command: z.literal('certify') }), shards: z.array(sampledSchema.refine(({ problems, failures, withoutClaim }) => failures + withoutClaim <= problems, 'more failed than were asked')).min(1) }),
]).refine(({ run: { shards: all }, shards }) => shards.every(({ index }, k) => index <= all && (k === 0 || shards[k - 1]!.index < index)), 'shards are in order, each once');
