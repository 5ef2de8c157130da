/**
 * A folder of small files by value, one for each entry: counterexamples, and inputs that were worth keeping. They are counterexample files (verify/counterexample-file.ts), so
 * Python opens them with the standard loader, and they need neither the generators nor the fast-check that made them.
 *
 * A name is `<key>-<content>`: the key says what the entry is about (property, outcome, place), the content is a hash of the bytes. A file is written beside its place and renamed, so
 * that a reader sees whole files or none, and two writers of one entry write the same file; two entries of one key are merged when the next is added, the better stays.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { PlumblineError } from '../../errors.ts';
import { writeFileAtomically } from '../../verify/atomic-file.ts';
import { encodeCounterexample, readCounterexample, type CounterexampleData } from '../../verify/counterexample-file.ts';

const extension = '.safetensors';
/** Temporary files of a writer that was killed are this old before they are taken away: a living one needs milliseconds. */
const abandonedMs = 60 * 60_000;

/** What a file of the folder turned out to be. */
export type Entry = { readonly name: string; readonly data: CounterexampleData } | { readonly name: string; readonly problem: string };
export type Added = 'added' | 'known' | 'replaced';

export class Corpus {
  readonly folder: string;

  /** Nothing is read or made yet. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The names of the files, sorted; none where the folder does not exist. Throws `bad-file` for a folder that cannot be read. */
  names(): string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(extension) && !name.startsWith('.')).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new PlumblineError('bad-file', `Cannot read the folder '${this.folder}': ${messageOf(error)}`, 'Check that it is a folder and may be read.', { cause: error });
    }
  }

  /** One file. Whatever is wrong with it is its problem, not the reader's. */
  read(name: string): Entry {
    try {
      return { name, data: readCounterexample(join(this.folder, name)) };
    } catch (error) {
      return { name, problem: messageOf(error).split('\n')[0]! };
    }
  }

  /** Files one after the other; some of them may be gone by now. */
  *entries(names: readonly string[] = this.names()): Generator<Entry> {
    for (const name of names) yield this.read(name);
  }

  /** Adds an entry, unless there is one of its key that is as good. Throws `bad-file` when nothing can be written. */
  add(data: CounterexampleData): Added {
    const bytes = encodeCounterexample(data);
    const key = keyOf(data);
    const name = `${key}-${digest(bytes).slice(0, 16)}${extension}`;
    const others = this.names().filter((other) => other.startsWith(`${key}-`));
    if (others.includes(name)) return 'known';
    const kept = others.map((other) => this.read(other)).filter((entry) => 'data' in entry);
    if (kept.some((entry) => !isBetter(data, entry.data))) return 'known';
    writeFileAtomically(join(this.folder, name), bytes);
    for (const other of kept) rmSync(join(this.folder, other.name), { force: true });
    return kept.length > 0 ? 'replaced' : 'added';
  }

  /** Takes a file away, which may be gone already. */
  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  /** Takes away what killed writers left. Never throws: nobody misses it. */
  tidy(now = Date.now()): void {
    try {
      for (const name of readdirSync(this.folder).filter((file) => file.startsWith('.') && file.endsWith('.tmp'))) {
        const path = join(this.folder, name);
        if (now - statSync(path).mtimeMs > abandonedMs) rmSync(path, { force: true });
      }
    } catch {
      // a folder that is not there, or not ours to clean
    }
  }
}

/** What an entry is about: property, outcome and place. Entries that agree in these are duplicates. */
export function keyOf({ property, outcome, message }: Pick<CounterexampleData, 'property' | 'outcome' | 'message'>): string {
  return digest(JSON.stringify([property, outcome, message])).slice(0, 16);
}

/** Of two counterexamples the one with fewer numbers, or as many with fewer that are not zero; of two problems that were worth keeping the one with the higher score. */
export function isBetter(a: CounterexampleData, b: CounterexampleData): boolean {
  if (a.outcome === 'ok') return (a.measured ?? 0) > (b.measured ?? 0);
  const [sizeA, sizeB] = [numbersOf(a), numbersOf(b)];
  return sizeA === sizeB ? nonZeroOf(a) < nonZeroOf(b) : sizeA < sizeB;
}

function numbersOf({ inputs }: CounterexampleData): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
}

function nonZeroOf({ inputs }: CounterexampleData): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + Array.from(data).filter((stored) => stored !== 0).length, 0);
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
