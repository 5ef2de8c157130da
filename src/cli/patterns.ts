/** Choosing by name: every list flag takes commas, `*` and `?`, and repeats, and a pattern that matches nothing is an error. */
import { PlumblineError, suggest } from '../errors.ts';

/** Splits a flag's text at commas and adds it to what earlier uses of the flag gave; for commander. */
export function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...text.split(',').map((part) => part.trim()).filter((part) => part !== '')];
}

export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** `*` is any text, also across '/'; `?` is one character. */
export function matches(name: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}

/** The items whose name matches a pattern, in their own order; all without patterns. Throws `bad-usage` for a pattern that matches none. */
export function select<T>(kind: string, items: readonly T[], nameOf: (item: T) => string, patterns: readonly string[] | undefined): T[] {
  if (patterns === undefined) return [...items];
  const names = [...new Set(items.map(nameOf))];
  for (const pattern of patterns) {
    if (names.some((name) => matches(name, pattern))) continue;
    throw new PlumblineError('bad-usage', isGlob(pattern) ? `No ${kind} matches '${pattern}'.` : `There is no ${kind} '${pattern}'.`, suggest(pattern, names));
  }
  return items.filter((item) => patterns.some((pattern) => matches(nameOf(item), pattern)));
}
