/**
 * Results of other programs as records of a history. What a file does not say is not made up: where it holds no samples its median becomes the only one, and where it does not name its machine or commit, they are
 * those of the folder in which it is imported.
 */
import { PlumblineError } from '../../errors.ts';
import type { Commit } from '../history/commit.ts';
import { schemaVersion, type BenchRecord, type Environment } from '../history/record.ts';
import { pytestResults } from './pytest-benchmark.ts';
import { tinybenchResults } from './tinybench.ts';
import { vitestResults } from './vitest.ts';

/** One benchmark of a foreign file. */
export interface ForeignResult {
  readonly group: string;
  readonly name: string;
  /** Milliseconds. */
  readonly samples: readonly number[];
  readonly order: BenchRecord['order'];
}

export interface ForeignFile {
  readonly from: NonNullable<BenchRecord['importedFrom']>;
  readonly results: readonly ForeignResult[];
  /** What the file says of where it was made. */
  readonly environment?: Partial<Environment> | undefined;
  readonly commit?: Commit | undefined;
  readonly date?: string | undefined;
}

export interface ImportFacts {
  readonly environment: Environment;
  readonly commit: Commit | undefined;
  readonly date: Date;
}

/** Each looks whether a file is its own; undefined when it is not. A file that is, and is damaged, throws with the place. */
const readers: readonly ((data: unknown) => ForeignFile | undefined)[] = [pytestResults, vitestResults, tinybenchResults];

/** Reads a JSON text of tinybench, vitest bench or pytest-benchmark. Throws `bad-file`. */
export function imported(text: string, path: string, facts: ImportFacts): BenchRecord[] {
  const file = readForeign(text, path);
  if (file.results.length === 0) throw new PlumblineError('bad-file', `'${path}' has no result: nothing in it was timed.`, 'Run the benchmarks again; nothing was imported.');
  const environment = { ...facts.environment, ...file.environment };
  const commit = file.commit ?? (file.from === 'pytest-benchmark' ? undefined : facts.commit);
  return file.results.map(({ group, name, samples, order }) => ({
    schemaVersion,
    kind: 'bench',
    workload: { operation: named(name), target: named(group), sizes: {} },
    samples: [...samples],
    order,
    clock: 'calls',
    counts: {},
    environment,
    ...commit,
    date: file.date ?? facts.date.toISOString(),
    importedFrom: file.from,
  }));
}

function readForeign(text: string, path: string): ForeignFile {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new PlumblineError('bad-file', `'${path}' is not JSON.`, 'Give the JSON that tinybench, vitest bench or pytest-benchmark wrote; nothing was imported.', { cause: error });
  }
  for (const read of readers) {
    try {
      const file = read(data);
      if (file !== undefined) return file;
    } catch (error) {
      throw new PlumblineError('bad-file', `'${path}' is damaged: ${error instanceof Error ? error.message : String(error)}.`, 'Write it again with the program that made it; nothing was imported.', { cause: error });
    }
  }
  throw new PlumblineError('bad-file', `'${path}' is of no format that can be imported.`, 'Give the output of vitest bench --outputJson, of pytest --benchmark-json, or JSON of tinybench with a name and a result for each task (docs/drift.md).');
}

function named(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ').trim().slice(0, 500) || 'unnamed';
}
