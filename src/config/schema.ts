/**
 * Checks a configuration that somebody wrote: its structure here, each kernel's dialect and arithmetic by `resolveKernel`.
 * The value is returned as it was given, not zod's copy: a kernel may be an object with methods.
 */
import { z } from 'zod';

import { PlumblineError, suggest } from '../errors.ts';
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { WorkloadDeclaration } from '../perf/workload.ts';
import { reporterNames } from '../report/reporters.ts';
import type { KernelPrepare, KernelRun, TargetDeclaration } from '../targets/kernel.ts';
import { resolveKernel } from '../targets/resolve.ts';
import type { WorkerDeclaration } from '../targets/worker/target.ts';
import { dtypes } from '../tensor/dtype.ts';
import type { CheckContext } from '../verify/property.ts';
import type { PlumblineConfig } from './config.ts';
import { parseDuration } from './duration.ts';

const functionOf = <T>(): z.ZodType<T> => z.custom<T>((value) => typeof value === 'function', 'must be a function');

const kernelSchema = z.strictObject({
  dialect: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  arithmetic: z.union([z.string(), z.looseObject({ preset: z.string() })], 'must be the name of an arithmetic, or { preset, … }'),
  dtypes: z.record(z.string(), z.string()).optional(),
  streams: z.array(z.int()).optional(),
  batchInvariant: z.boolean().optional(),
  deterministic: z.boolean().optional(),
  run: functionOf<KernelRun>(),
  prepare: functionOf<KernelPrepare>().optional(),
});

const targetSchema = z.strictObject({
  kernels: z.record(z.string(), kernelSchema).refine((kernels) => Object.keys(kernels).length > 0, 'has no kernels'),
  description: z.string().optional(),
  open: functionOf<TargetDeclaration['open']>().optional(),
  close: functionOf<TargetDeclaration['close']>().optional(),
});

const workerSchema = z.strictObject({
  worker: z.strictObject({
    command: z.array(z.string().min(1)).min(1),
    cwd: z.string().optional(),
    env: z.record(z.string(), z.string()).optional(),
    startTimeoutMs: z.number().positive().optional(),
    stopTimeoutMs: z.number().positive().optional(),
  }),
  description: z.string().optional(),
});

const propertySchema = z.looseObject({
  id: z.string().regex(/^[^\s,*?]+$/, 'must be a path like mine/some-claim'),
  operation: z.string(),
  claim: z.string(),
  class: z.enum(['bitwise', 'exact', 'limit']),
  usesReference: z.boolean(),
  inputs: z.looseObject({}),
  power: z.array(z.string()),
  check: functionOf<(context: CheckContext) => unknown>(),
});

const size = (least: number, most: number) => z.int().min(least).max(most);

const workloadSchema = z.strictObject({
  operation: z.string(),
  name: z.string().regex(/^[^\s,*?]+$/, 'is a name without spaces, commas, * and ?').optional(),
  tokens: size(1, 2 ** 24),
  streams: size(1, 16).optional(),
  channels: size(1, 2 ** 24).optional(),
  depth: size(1, 2 ** 16).optional(),
  dtype: z.enum(dtypes).optional(),
  targets: z.array(z.string()).min(1).optional(),
});

const targetName = z.string().regex(/^[^\s,*?]+$/, 'is a name without spaces, commas, * and ?');

const configSchema = z.strictObject({
  targets: z.record(targetName, z.unknown()).optional(),
  effort: z.enum(['quick', 'standard', 'thorough']).optional(),
  seed: z.int().min(0).max(0xffffffff).optional(),
  maxTime: z.string().optional(),
  runs: z.int().min(1).optional(),
  counterexamples: z.string().min(1).optional(),
  reporters: z.array(z.enum(reporterNames)).optional(),
  properties: z.array(propertySchema).optional(),
  bench: z.strictObject({ workloads: z.array(workloadSchema).min(1).optional() }).optional(),
});

/** The fields of a configuration, for suggestions and for telling a configuration from a kernel. */
export const configFields = Object.keys(configSchema.shape);

/** Checks `value`; `path` names the file in errors. Throws `bad-config`, `bad-dialect` or `bad-arithmetic`, each naming the field. */
export function checkConfig(value: unknown, path: string): PlumblineConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) throw firstIssue(parsed.error, value, path);
  const config = value as PlumblineConfig;
  for (const [target, declaration] of Object.entries(config.targets ?? {})) {
    const checked = (isWorker(declaration) ? workerSchema : targetSchema).safeParse(declaration);
    if (!checked.success) throw firstIssue(new z.ZodError(checked.error.issues.map((issue) => ({ ...issue, path: ['targets', target, ...issue.path] }))), value, path);
  }
  if (config.maxTime !== undefined) at(`${path}: maxTime`, () => parseDuration(config.maxTime!));
  for (const [target, declaration] of Object.entries(config.targets ?? {})) {
    for (const [id, kernel] of isWorker(declaration) ? [] : Object.entries(declaration.kernels)) {
      const owner = `targets.${target}.kernels.${id}`;
      at(`${path}: ${owner}`, () => resolveKernel(operationOf(id), kernel, owner), owner);
    }
  }
  for (const [k, workload] of (config.bench?.workloads ?? []).entries()) at(`${path}: bench.workloads.${k}`, () => checkWorkload(workload));
  for (const property of config.properties ?? []) at(`${path}: property ${property.id}`, () => operationOf(property.operation));
  return config;
}

/** Whether a target's kernels are in another process. */
export function isWorker(declaration: TargetDeclaration | WorkerDeclaration): declaration is WorkerDeclaration {
  return typeof declaration === 'object' && declaration !== null && 'worker' in declaration;
}

/** A workload says the sizes that its operation has. */
function checkWorkload(workload: WorkloadDeclaration): void {
  const { dims, id, streamCounts } = operationOf(workload.operation);
  for (const name of ['channels', 'depth'] as const) {
    if (dims.includes(name) && workload[name] === undefined) throw new PlumblineError('bad-config', `${id} has ${name}, and the workload does not say how many.`, `Add ${name}: 4.`);
    if (!dims.includes(name) && workload[name] !== undefined) throw new PlumblineError('bad-config', `${id} has no ${name}.`, `Take ${name} out.`);
  }
  const { streams = 4 } = workload;
  if (streamCounts?.includes(streams) === false) throw new PlumblineError('bad-config', `${id} is defined for ${streamCounts.join(', ')} streams, not ${streams}.`, 'Choose one of them.');
}

function operationOf(id: string): (typeof operations)[OperationId] {
  if (Object.hasOwn(operations, id)) return operations[id as OperationId];
  throw new PlumblineError('bad-config', `There is no operation '${id}'.`, suggest(id, Object.keys(operations)));
}

/** Runs a check and puts the place before its message, unless the message names the `owner` itself. */
function at(place: string, check: () => unknown, owner?: string): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    const message = owner !== undefined && error.message.startsWith(`${owner}: `) ? error.message.slice(owner.length + 2) : error.message;
    throw new PlumblineError(error.code === 'bad-usage' ? 'bad-config' : error.code, `${place}: ${message}`, undefined, { cause: error });
  }
}

function firstIssue(error: z.ZodError, value: unknown, file: string): PlumblineError {
  const issue = error.issues[0]!;
  const path = issue.path.join('.');
  const place = path === '' ? file : `${file}: ${path}`;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    return new PlumblineError('bad-config', `${place} has no field '${key}'.`, suggest(key, fieldsAt(issue.path)));
  }
  if (issue.code === 'invalid_value') {
    const given = String(issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], value));
    return new PlumblineError('bad-config', `${place} cannot be '${given}'.`, suggest(given, issue.values.map(String)));
  }
  const message = issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message;
  return new PlumblineError('bad-config', `${place}: ${message}.`, 'A configuration is { targets: { name: { kernels: { operation: { arithmetic, run } } } } }.');
}

/** Known fields of the object at a path: of the configuration, a target, or a kernel. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return configFields;
  if (path[0] === 'bench') return path.length === 1 ? ['workloads'] : Object.keys(workloadSchema.shape);
  return Object.keys(path.length === 2 ? targetSchema.shape : kernelSchema.shape);
}
