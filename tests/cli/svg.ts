import { expect } from 'vitest';

/** A well-formed SVG: every tag is closed in order, and every coordinate is a number. */
export function checkSvg(text: string): void {
  const open: string[] = [];
  for (const [tag, closing, name, selfClosing] of text.replace(/<\?xml[^>]*\?>/, '').matchAll(/<(\/?)([a-z]+)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (closing === '/') expect(open.pop(), tag).toBe(name);
    else if (selfClosing !== '/') open.push(name!);
  }
  expect(open).toEqual([]);
  expect(text.replaceAll(/<[^>]*>/g, '')).not.toMatch(/[<>]/);
  expect(text).not.toMatch(/NaN|Infinity|undefined/);
}
