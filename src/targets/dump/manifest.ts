/**
 * `plumbline.json`, which says what the tensor files of a folder are: a list of calls that a kernel made somewhere else. It is written by
 * `plumbline cases` or by hand, and not trusted.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { PlumblineError, suggest } from '../../errors.ts';
import { operations } from '../../operations/index.ts';

export const manifestName = 'plumbline.json';

/** Far above any that is written by hand; a larger one is no manifest. */
const largestManifest = 2 ** 24;

const path = z.string().min(1).max(4096);
/** Where one tensor is: a .npy file, a safetensors file in which it is called like the port, or one and its name there. */
const placeSchema = z.union([path, z.strictObject({ file: path, tensor: z.string().min(1) })]);
export type Place = z.infer<typeof placeSchema>;

const caseSchema = z.strictObject({
  /** For reports; default: its number. */
  name: z.string().max(200).optional(),
  operation: z.string(),
  dialect: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  arithmetic: z.union([z.string(), z.looseObject({ preset: z.string() })]),
  /** Dtypes of ports, checked against the files; default: what the files have. Tells bf16 from other 16-bit patterns in .npy files. */
  dtypes: z.record(z.string(), z.string()).optional(),
  /** One safetensors file with all ports, or a place for each port. */
  files: z.union([path, z.record(z.string(), placeSchema)]),
});
export type ManifestCase = z.infer<typeof caseSchema>;

const manifestSchema = z.strictObject({
  version: z.literal(1),
  /** What the target is called in reports; default: the folder's name. */
  name: z.string().regex(/^[^\s,*?]+$/, 'is a name without spaces, commas, * and ?').optional(),
  cases: z.array(caseSchema).min(1).max(100_000),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Reads a folder's manifest. Throws `bad-file` and `bad-config`, each naming the case and the field. */
export function readManifest(folder: string): Manifest {
  const file = join(folder, manifestName);
  const parsed = manifestSchema.safeParse(readJson(file));
  if (!parsed.success) throw new PlumblineError('bad-file', `'${file}': ${describe(parsed.error)}`, 'A manifest is { version: 1, cases: [{ operation, dialect, arithmetic, files }] }; plumbline cases writes one.');
  for (const [index, { operation }] of parsed.data.cases.entries()) {
    if (!Object.hasOwn(operations, operation)) throw new PlumblineError('bad-file', `'${file}': cases.${index}.operation: there is no operation '${operation}'.`, suggest(operation, Object.keys(operations)));
  }
  return parsed.data;
}

function readJson(file: string): unknown {
  let text: string;
  try {
    const found = statSync(file);
    if (!found.isFile() || found.size > largestManifest) throw new Error(found.isFile() ? `it has ${found.size} bytes` : 'it is not a file');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new PlumblineError('bad-file', `Cannot read '${file}': ${cause}`, 'Give a folder with a plumbline.json; plumbline cases --out <folder> writes one.', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PlumblineError('bad-file', `'${file}' is not JSON: ${error instanceof Error ? error.message : String(error)}`, undefined, { cause: error });
  }
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const place = issue.path.join('.');
  return `${place === '' ? '' : `${place}: `}${issue.message}.`;
}
