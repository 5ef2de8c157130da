/** Shards on disk: written whole or not at all, read as what somebody else may have written. The digest is over the canonical bytes of everything else. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { PlumblineError } from '../../errors.ts';
import { canonicalText, sha256 } from '../canonical.ts';
import { shardsFormat, shardsSchema, shardsVersion, type SampledShard, type ShardedRun, type VerifiedShard } from './schema.ts';

/** Far above any shard; a larger file is none. */
const largestFile = 2 ** 29;
const remedy = 'Run that shard again, or check that the file was copied completely.';

export interface VerifiedShards {
  readonly run: ShardedRun & { readonly command: 'verify' | 'fuzz' };
  readonly shards: readonly VerifiedShard[];
}

export interface SampledShards {
  readonly run: ShardedRun & { readonly command: 'certify' };
  readonly shards: readonly SampledShard[];
}

/** Some or all shards of one run, in order, each once. */
export type Shards = VerifiedShards | SampledShards;

/** The file's text: a pure function of the shards. */
export function formatShards({ run, shards }: Shards): string {
  const content = plainJson({ format: shardsFormat, schemaVersion: shardsVersion, run, shards });
  return `${canonicalText({ ...content, digest: digestOf(content) })}\n`;
}

/** Reads a file that was written with `formatShards`. Throws `bad-file` for anything else, with what to do. */
export function readShards(path: string): Shards {
  const found = readJson(path);
  const head = z.looseObject({ format: z.literal(shardsFormat), schemaVersion: z.number() }).safeParse(found);
  if (!head.success) throw new PlumblineError('bad-file', `'${path}' is not the result file of a shard.`, 'Give files that --reporter blob wrote, or their folder.');
  if (head.data.schemaVersion !== shardsVersion) throw new PlumblineError('bad-file', `'${path}' is of format ${head.data.schemaVersion}; this plumbline reads format ${shardsVersion}.`, 'Merge it with the plumbline that wrote it.');
  const { digest, ...content } = head.data;
  if (digest !== digestOf(content)) throw new PlumblineError('bad-file', `'${path}' was changed after it was written, or is damaged: its digest does not fit.`, remedy);
  const parsed = shardsSchema.safeParse(found);
  if (!parsed.success) throw new PlumblineError('bad-file', `'${path}' is damaged: ${firstIssue(parsed.error)}`, remedy);
  return { run: parsed.data.run, shards: parsed.data.shards } as Shards; // the schema's union, without the digest
}

/** Files, and those of folders by name: `*.json`. Throws `bad-file` for what is not there, and for folders without any. */
export function shardFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    let folder: boolean;
    try {
      folder = statSync(path).isDirectory();
    } catch (error) {
      throw new PlumblineError('bad-file', `There is no '${path}'.`, 'Give files that --reporter blob wrote, or their folder.', { cause: error });
    }
    if (!folder) return [path];
    const found = readdirSync(path).filter((name) => name.endsWith('.json')).sort().map((name) => join(path, name));
    if (found.length === 0) throw new PlumblineError('bad-file', `There is no result file of a shard in '${path}'.`, 'Run the shards with --reporter blob first, and copy their files there.');
    return found;
  });
}

function digestOf(content: object): string {
  try {
    return `sha256:${sha256(canonicalText(content))}`;
  } catch {
    return 'none'; // text that has no canonical bytes, such as half of a surrogate pair, which nobody wrote
  }
}

/** As JSON can say it: without undefined fields, NaN and infinities as text, no half surrogate pairs. */
function plainJson<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) return String(inner);
    return typeof inner === 'string' ? inner.replaceAll(/\p{Surrogate}/gu, '\ufffd') : inner;
  })) as T;
}

function readJson(path: string): unknown {
  let content: string;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > largestFile) throw new Error(found.isFile() ? `it has ${found.size} bytes` : 'it is not a file');
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, 'Give files that --reporter blob wrote, or their folder.', { cause: error });
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new PlumblineError('bad-file', `'${path}' is not JSON, or was cut off: ${(error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ')}`, remedy, { cause: error });
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.')}${issue.path.length === 0 ? '' : ': '}${issue.message}`;
}
