/** What the readers of foreign files share: looking at data of which nothing is known. */
import type { z } from 'zod';

/** The value in a schema. Throws an `Error` that names the place. */
export function inShape<T>(schema: z.ZodType<T>, data: unknown, at: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new Error(`${[at, ...issue.path].filter((part) => part !== '').join('.')}: ${issue.message}`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
