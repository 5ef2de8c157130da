/** The messages of the worker protocol, version 1 (docs/worker-protocol.md). What a worker writes is not trusted: it is parsed against these. */
import { z } from 'zod';

import { operations } from '../../operations/index.ts';
import type { Sizes } from '../../operations/operation.ts';
import type { TimingRequest } from '../kernel.ts';

export const protocolVersion = 1;

/** Descriptors of the tensor files in the worker. */
export const inputsFd = 3;
export const outputsFd = 4;

/** A message is one line; a longer one is garbage, or an attack on our memory. */
export const longestLine = 2 ** 20;

const text = z.string().max(100_000);

/** What a worker may say of a call that gave no tensors. */
export const failureNames = ['failed', 'wrong-shape', 'wrong-dtype', 'unsupported', 'out-of-memory'] as const;

const kernelSchema = z.strictObject({
  operation: z.string(),
  dialect: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  arithmetic: z.union([z.string(), z.looseObject({ preset: z.string() })]),
  dtypes: z.record(z.string(), z.string()).optional(),
  streams: z.array(z.int()).optional(),
  batchInvariant: z.boolean().optional(),
  deterministic: z.boolean().optional(),
});
export type WorkerKernel = z.infer<typeof kernelSchema>;

export const helloSchema = z.looseObject({
  type: z.literal('hello'),
  protocol: z.int(),
  worker: text,
  kernels: z.array(kernelSchema).max(100),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** What it can do besides running kernels; unknown words are for other versions of plumbline. */
  features: z.array(z.string()).max(100).optional(),
});
export type WorkerHello = z.infer<typeof helloSchema>;

export const errorSchema = z.looseObject({ type: z.literal('error'), message: text });

const failureSchema = z.looseObject({
  type: z.literal('result'),
  id: z.int(),
  outcome: z.enum(failureNames),
  message: text,
  /** The process must not be used again (after a CUDA error, say). */
  fatal: z.boolean().optional(),
});
export type WorkerFailure = z.infer<typeof failureSchema>;

export const resultSchema = z.discriminatedUnion('outcome', [
  z.looseObject({ type: z.literal('result'), id: z.int(), outcome: z.literal('ok'), bytes: z.int().min(0) }),
  failureSchema,
]);
export type WorkerResult = z.infer<typeof resultSchema>;

/** A worker that says so in its hello answers `time`. */
export const timingFeature = 'timing';

const times = z.array(z.number()).max(10_000);
const amount = z.number().min(0).optional();

export const timingSchema = z.discriminatedUnion('outcome', [
  z.looseObject({
    type: z.literal('result'),
    id: z.int(),
    outcome: z.literal('ok'),
    clock: z.enum(['wall', 'device']),
    calls: z.int().min(1),
    /** Milliseconds of one call, in time order. */
    samples: times,
    copy: times.optional(),
    counts: z.looseObject({ launches: amount, instructions: amount, kernelBytes: amount, memoryBytes: amount }).optional(),
  }),
  failureSchema,
]);

/** The first message to a worker: who we are, and what the operations take and return, so that a worker needs no table of its own. */
export function helloMessage(plumbline: string): object {
  const ports = (list: readonly { name: string; dims: readonly string[] }[]): object[] => list.map(({ name, dims }) => ({ name, dims }));
  const table = Object.values(operations).map(({ id, inputs, outputs }) => [id, { inputs: ports(inputs), outputs: ports(outputs) }] as const);
  return { type: 'hello', protocol: protocolVersion, plumbline, operations: Object.fromEntries(table) };
}

/** A call; `bytes` is the length of the inputs in their file. */
export function runMessage(id: number, operation: string, sizes: Sizes, bytes: number): object {
  return { type: 'run', id, operation, sizes, bytes };
}

/** A call that is to be timed where it runs. */
export function timeMessage(id: number, operation: string, sizes: Sizes, bytes: number, request: TimingRequest): object {
  return { type: 'time', id, operation, sizes, bytes, ...request };
}

export const shutdownMessage: object = { type: 'shutdown' };

/** A line as JSON; undefined where it is none, which no schema accepts. */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
