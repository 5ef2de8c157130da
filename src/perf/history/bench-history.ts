/** The two ways to use a history of times: add to it, and read it. */
import { appendLines, readLines, type LineFormat, type Lines } from './lines.ts';
import { benchRecordSchema, schemaVersion, type BenchRecord } from './record.ts';

const format: LineFormat<BenchRecord> = { what: 'history of times', kind: 'bench', version: schemaVersion, schema: benchRecordSchema };

/** Adds records at the end of a history; creates it. Throws `bad-file` and changes nothing when it is not a history that can be added to. */
export function appendHistory(path: string, records: readonly BenchRecord[]): void {
  appendLines(path, records, format);
}

/** Reads a history. Throws `bad-file`, naming the line. */
export function readHistory(path: string): Lines<BenchRecord> {
  return readLines(path, format);
}
