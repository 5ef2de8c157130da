/**
 * Histories are files of JSON lines that only grow. A record is written by one `write` with O_APPEND, which the kernel orders with those of other
 * processes (POSIX: the offset is set to the end and the bytes are written without another change of the file between), so that writers in parallel
 * lose nothing, as replacing the whole file would. What a crash in the middle of a line leaves is found by the missing line end: reading goes on without it and
 * says so, writing after it is refused, because the next record would make one damaged line of two.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import type { z } from 'zod';

import { PlumblineError } from '../../errors.ts';

/** How a kind of record is told from others. */
export interface LineFormat<T> {
  /** For messages: "history of times". */
  readonly what: string;
  readonly kind: string;
  /** Of the records that this plumbline writes, and the highest that it reads. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

export interface Lines<T> {
  readonly records: readonly T[];
  /** The line in which each record stands, counted from 1. */
  readonly lines: readonly number[];
  /** A last line that was never finished: which one. */
  readonly halfWritten: number | undefined;
}

/** Far above what years of records need; a larger file is something else. */
const largestFile = 2 ** 28;

/** Reads a history. Throws `bad-file`, naming the line, for one that is foreign, damaged before its last line, or of a newer plumbline. */
export function readLines<T>(path: string, format: LineFormat<T>): Lines<T> {
  return settled(() => parseLines(readText(path, format.what), path, format));
}

/** Adds records at the end; creates file and folder. Throws `bad-file` and leaves the file as it was when it could not be read back whole. */
export function appendLines<T>(path: string, records: readonly T[], format: LineFormat<T>): void {
  const lines = records.map((record) => lineOf(record, format)).join('');
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(path, 'a');
    let text = '';
    const { halfWritten } = settled(() => parseLines((text = contentOf(path, format.what)), path, format));
    if (halfWritten !== undefined) {
      throw new PlumblineError('bad-file', `'${path}', line ${halfWritten}, is half-written: a run was ended while it wrote. Nothing was added.`, `Delete line ${halfWritten} and run again; the lines before it are whole.`);
    }
    const bytes = Buffer.from((text === '' || text.endsWith('\n') ? '' : '\n') + lines);
    const written = writeSync(descriptor, bytes);
    if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be written`);
    fsyncSync(descriptor);
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    throw new PlumblineError('bad-file', `Cannot add to '${path}': ${messageOf(error)}`, 'Check that it is a file, is writable and has space.', { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** A line that another process is writing at this moment looks half-written; one that stays so is. */
function settled<T>(read: () => Lines<T>): Lines<T> {
  let found = read();
  for (let again = 0; again < 3 && found.halfWritten !== undefined; again++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    found = read();
  }
  return found;
}

function parseLines<T>(text: string, path: string, format: LineFormat<T>): Lines<T> {
  const records: T[] = [];
  const lines: number[] = [];
  const parts = text.split('\n');
  const ends = parts.at(-1) === '';
  for (const [index, part] of parts.entries()) {
    if (part.trim() === '') continue;
    const value = jsonOf(part);
    if (value === undefined) {
      const begun = records.length > 0 || part.startsWith('{"schemaVersion"');
      if (index === parts.length - 1 && !ends && begun) return { records, lines, halfWritten: index + 1 };
      throw foreignOrDamaged(path, index + 1, records.length, format.what, 'is not JSON');
    }
    records.push(recordOf(value, path, index + 1, records.length, format));
    lines.push(index + 1);
  }
  return { records, lines, halfWritten: undefined };
}

/** What is written is what is checked. JSON has no infinity: it becomes a text, where the schema allows one. */
function lineOf<T>(record: T, { schema }: LineFormat<T>): string {
  const line = JSON.stringify(record, (_, value: unknown) => (value === Infinity ? 'Infinity' : value));
  schema.parse(JSON.parse(line));
  return `${line}\n`;
}

function recordOf<T>(value: unknown, path: string, line: number, before: number, { what, kind, version, schema }: LineFormat<T>): T {
  const { schemaVersion, kind: found } = (typeof value === 'object' && value !== null ? value : {}) as { schemaVersion?: unknown; kind?: unknown };
  if (found !== kind) throw foreignOrDamaged(path, line, before, what, typeof found === 'string' ? `is a record of kind '${found.slice(0, 40)}'` : 'is no record of plumbline');
  if (typeof schemaVersion === 'number' && schemaVersion > version) {
    throw new PlumblineError('bad-file', `'${path}', line ${line}, was written by a newer plumbline (schemaVersion ${schemaVersion}; this one reads up to ${version}).`, 'Update plumbline, or give another file. Nothing was changed.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw foreignOrDamaged(path, line, before, what, `is damaged: ${issue.path.join('.')}: ${issue.message}`);
}

function foreignOrDamaged(path: string, line: number, before: number, what: string, why: string): PlumblineError {
  const remedy = before === 0 ? `Give a ${what}, or a path that does not exist yet.` : `Restore the file from version control, or delete line ${line}.`;
  return new PlumblineError('bad-file', `'${path}' cannot be read as a ${what}: line ${line} ${why}.`, `${remedy} Nothing was changed.`);
}

function readText(path: string, what: string): string {
  try {
    return contentOf(path, what);
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${messageOf(error)}`, `Give the path of a ${what}.`, { cause: error });
  }
}

function contentOf(path: string, what: string): string {
  const found = statSync(path);
  if (!found.isFile() || found.size > largestFile) {
    throw new PlumblineError('bad-file', `'${path}' is no ${what}: it ${found.isFile() ? `has ${found.size} bytes` : 'is not a file'}.`, 'Give another path. Nothing was changed.');
  }
  return readFileSync(path, 'utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
