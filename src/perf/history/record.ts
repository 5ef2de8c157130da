/**
 * One line of a history of times, `bench/baselines/*.jsonl`: what ran, where, and every sample in the order in which it was taken. Raw samples and not
 * only statistics, because the tests that come later (medians of pairs, change points, whatever replaces them) need them, and their order shows drift within a run.
 */
import { createHash } from 'node:crypto';

import { z } from 'zod';

/** Of this record. A reader refuses a higher one: what it does not know could change what the numbers mean. */
export const schemaVersion = 1;

const text = z.string().min(1).max(500);
const amount = z.number().nonnegative();
const whole = z.int().nonnegative();

/** What a series of times is about. Records with the same `workloadName` are one series. */
export const workloadSchema = z.strictObject({
  /** An operation of plumbline, or the name that a foreign benchmark gave its task. */
  operation: text,
  target: text,
  /** Tokens, streams, channels, depth: those that the operation has; none where a foreign benchmark did not say. */
  sizes: z.record(z.string().regex(/^[a-z][A-Za-z]*$/), whole),
  /** Storage of the tensors with channels, like `f32`. */
  dtype: text.optional(),
  /** Preset's name, or a hash of the fields. */
  dialect: text.optional(),
  /** Of the inputs before a call. */
  cache: z.enum(['warm', 'cold']).optional(),
});
export type Workload = z.infer<typeof workloadSchema>;

/** What a run does however busy the machine is. Absent where nobody counted, never 0 for that. */
export const countsSchema = z.strictObject({
  /** Dispatches or kernel launches of one call. */
  launches: whole.optional(),
  /** Inputs read and outputs written by one call, in bytes. */
  bytesMoved: whole.optional(),
  /** Instructions of the compiled kernel, where the adapter tells. */
  instructions: whole.optional(),
  /** Bytes that one call allocates. */
  allocations: whole.optional(),
  /** Bytes of the kernel's source, for example WGSL. */
  kernelBytes: whole.optional(),
  /** Bytes of the built bundle. */
  bundleBytes: whole.optional(),
});
export type Counts = z.infer<typeof countsSchema>;

/** Where it ran. Times are compared only where all of it that matters is the same (`differences.ts`). */
export const environmentSchema = z.strictObject({
  /** A name that somebody gave the machine, to tell apart what looks the same. */
  machine: text.optional(),
  cpu: text,
  cores: z.int().positive(),
  platform: text,
  arch: text,
  /** The accelerator, as it calls itself, and its driver. */
  device: text.optional(),
  driver: text.optional(),
  node: text,
  plumbline: text,
  /** Versions of the packages that run or time kernels. */
  dependencies: z.record(text, text),
});
export type Environment = z.infer<typeof environmentSchema>;

/** A hash of git's, whole or short. */
export const commitSchema = z.string().regex(/^[0-9a-f]{7,64}$/);

export const benchRecordSchema = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  kind: z.literal('bench'),
  workload: workloadSchema,
  /** Milliseconds of one call. */
  samples: z.array(amount).min(1).max(1_000_000),
  /** In the order in which they were taken; sorted, as tinybench keeps them; or one median, where a foreign file has no more. */
  order: z.enum(['time', 'sorted', 'summary']),
  /** `calls` by the clock of the process that asks, a `worker` by its own, the `device` by its own; `round-trips` are calls of a worker with copies and messages. */
  clock: z.enum(['calls', 'worker', 'device', 'round-trips']),
  counts: countsSchema,
  environment: environmentSchema,
  /** Commit of the working folder, absent outside a repository. */
  commit: commitSchema.optional(),
  /** Whether tracked files differed from the commit. */
  dirty: z.boolean().optional(),
  /** `hashOf` the file that declares the kernel, where it is one; what that file imports is not in it. */
  kernelHash: z.string().regex(/^[0-9a-f]{16,128}$/).optional(),
  seed: z.int().min(0).max(0xffffffff).optional(),
  /** When the run began, ISO 8601 in UTC. */
  date: z.iso.datetime(),
  /** Which file the record came from, when another program measured it. */
  importedFrom: z.enum(['tinybench', 'vitest', 'pytest-benchmark']).optional(),
});
export type BenchRecord = z.infer<typeof benchRecordSchema>;

/** `stream-read on mine, tokens 4096, streams 4, channels 1280, bf16, tilekernels`: equal for equal workloads, and readable. */
export function workloadName({ operation, target, sizes, dtype, dialect, cache }: Workload): string {
  const named = Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, size]) => `${name} ${size}`);
  return [`${operation} on ${target}`, ...named, ...(dtype === undefined ? [] : [dtype]), ...(dialect === undefined ? [] : [dialect]), ...(cache === 'cold' ? ['cold'] : [])].join(', ');
}

/** SHA-256 of a kernel's source, in hexadecimal. */
export function hashOf(source: string | Uint8Array): string {
  return createHash('sha256').update(source).digest('hex');
}
