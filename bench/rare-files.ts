/** Files of `fuzz-rates` and `fuzz-power`: one JSON object a line, so that several runs can be put together. */
import { readFileSync } from 'node:fs';

import { properties } from '../properties/index.ts';
import type { OperationId, Property } from '../src/index.ts';
import type { Drawn, Trial } from './rare-table.ts';

function linesOf<T>(file: string | undefined, fields: readonly string[]): T[] {
  if (file === undefined || file === '-') return [];
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line, index) => {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !fields.every((field) => field in value)) throw new RangeError(`line ${index + 1} of ${file} has not all of ${fields.join(', ')}`);
    return value as T;
  });
}

/** The claim against the reference, which sees every wrong number of an operation. */
export function parityOf(operation: OperationId): Property {
  return properties.find((property) => property.operation === operation && property.id.endsWith('parity'))!;
}

/** Plain draws that were counted; none without a file. */
export function drawnFrom(file: string | undefined): Drawn[] {
  return linesOf(file, ['name', 'cases', 'problems', 'squares', 'met', 'metProblems']);
}

/** Guided campaigns; none without a file. */
export function trialsFrom(file: string | undefined): Trial[] {
  return linesOf(file, ['name', 'seed', 'found', 'problems', 'seconds']);
}
