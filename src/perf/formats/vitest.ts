/** `vitest bench --outputJson`: milliseconds. Its samples are kept only where a benchmark asks for them, and are sorted as tinybench sorts them. */
import { z } from 'zod';

import type { ForeignFile, ForeignResult } from './imports.ts';
import { inShape, isObject } from './foreign.ts';

const milliseconds = z.number().nonnegative();
const schema = z.object({
  files: z.array(z.object({
    filepath: z.string(),
    // a benchmark that failed has a name and no numbers
    groups: z.array(z.object({ fullName: z.string(), benchmarks: z.array(z.object({ name: z.string(), samples: z.array(milliseconds).optional(), median: milliseconds.nullish() })) })),
  })),
});

export function vitestResults(data: unknown): ForeignFile | undefined {
  if (!isObject(data) || !Array.isArray(data['files']) || !data['files'].every((file) => isObject(file) && 'groups' in file)) return undefined;
  const results = inShape(schema, data, '').files.flatMap(({ groups }) => groups).flatMap(({ fullName, benchmarks }) => benchmarks.flatMap(({ name, samples = [], median }): ForeignResult[] => {
    if (samples.length > 0) return [{ group: fullName, name, samples, order: 'sorted' }];
    return median === undefined || median === null ? [] : [{ group: fullName, name, samples: [median], order: 'summary' }];
  }));
  return { from: 'vitest', results };
}
