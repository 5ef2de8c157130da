/**
 * A counterexample as one file: the inputs that a kernel was given, what it answered, and everything needed to judge it again.
 * It is plain safetensors, so Python opens it with the standard loader: tensors `input.<port>` and `output.<port>`, and the rest as JSON
 * in the metadata. Literal values of the recipe are kept as tensors `recipe.<port>`, because JSON has no NaN, infinity or −0.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { PlumblineError } from '../errors.ts';
import { recipeSchema, type Recipe } from '../generate/recipe.ts';
import { decodeSafetensors, encodeSafetensors } from '../tensor/safetensors.ts';
import { tensor, valuesOf, type Tensor } from '../tensor/tensor.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { outcomeNames } from '../targets/outcome.ts';

const format = 'plumbline-counterexample';
const version = '1';

const fields = {
  /** Property id. */
  property: z.string(),
  operation: z.string(),
  target: z.string(),
  /** The property's seed in the run that found this. */
  seed: z.int().min(0).max(0xffffffff),
  /** The kernel's complete dialect. */
  dialect: z.record(z.string(), z.unknown()),
  /** Name of the kernel's arithmetic. */
  arithmetic: z.string(),
  outcome: z.enum(outcomeNames),
  message: z.string(),
  /** Version of plumbline that wrote the file. */
  plumbline: z.string(),
  /** How often it failed when it was judged again; absent where that was every time. */
  reproduction: z.strictObject({ replays: z.int().min(1), failed: z.int().min(0) }).optional(),
};

/** JSON has no infinity and no NaN; they are written as text. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const storedSchema = z.strictObject({ ...fields, recipe: recipeSchema, measured: number.optional(), bound: number.optional() });
type Stored = z.infer<typeof storedSchema>;

/** Everything that a counterexample file says. Tensors are keyed by port. */
export interface CounterexampleData extends z.infer<z.ZodObject<typeof fields>> {
  readonly recipe: Recipe;
  /** Absent when the kernel returned no numbers to judge. */
  readonly measured?: number | undefined;
  readonly bound?: number | undefined;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** What the kernel returned, where it returned something. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The bytes of the file; equal counterexamples are equal bytes. */
export function encodeCounterexample(data: CounterexampleData): Uint8Array {
  const { inputs, outputs, recipe, measured, bound, ...rest } = data;
  const { values, ...generated } = recipe;
  const stored: Stored = { ...rest, recipe: generated, measured: toJson(measured), bound: toJson(bound) };
  const literals = Object.fromEntries(Object.entries(values ?? {}).map(([port, numbers]) => [port, tensor(numbers, [numbers.length], 'f64')]));
  const tensors = { ...prefixed('input', inputs), ...prefixed('output', outputs), ...prefixed('recipe', literals) };
  return encodeSafetensors(tensors, { format, version, counterexample: canonicalJson(stored) });
}

/** Writes the file into `dir` (created when missing) and returns its path. The same counterexample always gets the same name. Throws `bad-file`. */
export function writeCounterexample(dir: string, data: CounterexampleData): string {
  const bytes = encodeCounterexample(data);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  const path = join(dir, `${fileNamePart(data.target)}-${fileNamePart(data.property)}-${hash}.safetensors`);
  writeFileAtomically(path, bytes);
  return path;
}

/** Reads a file that `writeCounterexample` wrote. Throws `bad-file` for anything else, with the reason. */
export function readCounterexample(path: string): CounterexampleData {
  const { tensors, metadata } = decodeFile(path);
  if (metadata['format'] !== format) {
    throw new PlumblineError('bad-file', `'${path}' is a safetensors file but not a counterexample of plumbline.`, 'Give a file from .plumbline/failures/.');
  }
  if (metadata['version'] !== version) {
    throw new PlumblineError('bad-file', `'${path}' has version ${metadata['version'] ?? 'none'}; this plumbline reads version ${version}.`, 'Replay it with the plumbline that wrote it.');
  }
  const parsed = storedSchema.safeParse(parseJson(metadata['counterexample']));
  if (!parsed.success) throw new PlumblineError('bad-file', `'${path}' is damaged: ${z.prettifyError(parsed.error)}`, 'Run verify again to get a new one.');
  const { recipe, measured, bound, ...rest } = parsed.data;
  const literals = Object.entries(withPrefix('recipe', tensors)).map(([port, t]) => [port, Array.from(valuesOf(t))] as const);
  return {
    ...rest,
    recipe: literals.length === 0 ? recipe : { ...recipe, values: Object.fromEntries(literals) },
    measured: fromJson(measured),
    bound: fromJson(bound),
    inputs: withPrefix('input', tensors),
    outputs: withPrefix('output', tensors),
  };
}

function decodeFile(path: string): ReturnType<typeof decodeSafetensors> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${cause}`, 'Give the path of a file from .plumbline/failures/.', { cause: error });
  }
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    throw new PlumblineError(error.code, `'${path}': ${error.message}`, undefined, { cause: error });
  }
}

/** JSON with its keys in order, so that equal counterexamples are equal files. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined; // the schema says what is missing
  }
}

/** What is safe in a file name on every system. */
function fileNamePart(text: string): string {
  const safe = text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '');
  return safe.slice(0, 80) || 'unnamed';
}

function prefixed(prefix: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`${prefix}.${name}`, value]));
}

function withPrefix(prefix: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const matching = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(matching.map(([name, value]) => [name.slice(prefix.length + 1), value]));
}

function toJson(value: number | undefined): Stored['measured'] {
  if (value === undefined || Number.isFinite(value)) return value;
  return String(value) as 'NaN' | 'Infinity' | '-Infinity';
}

function fromJson(value: Stored['measured']): number | undefined {
  return value === undefined ? undefined : Number(value);
}
