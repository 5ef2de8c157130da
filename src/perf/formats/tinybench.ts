/**
 * tinybench has results and no file: what is read is JSON of its tasks, `bench.tasks.map(({ name, result }) => ({ name, result }))`, as an array, or under `tasks` or `results` beside the bench's name.
 * Milliseconds; samples only with `retainSamples`, sorted. Versions before 3 had `samples` and `mean` in the result itself, and no median without samples.
 */
import { z } from 'zod';

import type { ForeignFile, ForeignResult } from './imports.ts';
import { inShape, isObject } from './foreign.ts';

const milliseconds = z.number().nonnegative();
const statistics = z.object({ samples: z.array(milliseconds).optional(), p50: milliseconds.optional() });
const schema = z.object({ name: z.string(), result: z.object({ latency: statistics.optional(), samples: z.array(milliseconds).optional() }).nullish(), latency: statistics.optional() });

export function tinybenchResults(data: unknown): ForeignFile | undefined {
  const tasks = Array.isArray(data) ? (data as unknown[]) : isObject(data) ? (data['tasks'] ?? data['results']) : undefined;
  if (!Array.isArray(tasks) || tasks.length === 0 || !tasks.every((task) => isObject(task) && typeof task['name'] === 'string' && ('result' in task || 'latency' in task))) return undefined;
  const group = isObject(data) && typeof data['name'] === 'string' ? data['name'] : 'tinybench';
  return { from: 'tinybench', results: tasks.flatMap((task, k) => resultOf(group, inShape(schema, task, String(k)))) };
}

/** Of a task that failed or never ran: nothing. */
function resultOf(group: string, { name, result, latency }: z.infer<typeof schema>): ForeignResult[] {
  const { samples = result?.samples ?? [], p50 } = latency ?? result?.latency ?? {};
  if (samples.length > 0) return [{ group, name, samples, order: 'sorted' }];
  return p50 === undefined ? [] : [{ group, name, samples: [p50], order: 'summary' }];
}
