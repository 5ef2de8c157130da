/** What a check of a worker found. */
export interface Finding {
  /** What is asked of the worker, in a few words. */
  readonly name: string;
  /** untested: this worker gives no way to find out, or this system. */
  readonly status: 'held' | 'broken' | 'untested';
  /** What was seen, or why it could not be tested. */
  readonly detail: string;
  /** What to change; for what is broken. */
  readonly remedy?: string;
}

/** A check that says in one sentence what is broken, or undefined. */
export async function finding(name: string, remedy: string, seen: string, check: () => Promise<string | undefined>): Promise<Finding> {
  let broken: string | undefined;
  try {
    broken = await check();
  } catch (error) {
    broken = error instanceof Error ? error.message : String(error);
  }
  return broken === undefined ? { name, status: 'held', detail: seen } : { name, status: 'broken', detail: broken, remedy };
}
