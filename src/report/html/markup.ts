/** HTML in which nothing is markup but what is written here: every value is escaped, unless it was made by this very function. */
import { stripVTControlCharacters } from 'node:util';

/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | undefined | readonly Value[];

/** A template whose values are escaped; lists are joined, undefined is nothing. Its values stand in text or in quoted attributes, and nowhere else. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, k) => part + (k < values.length ? render(values[k]) : '')).join(''));
}

function render(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return (value as readonly Value[]).map(render).join('');
  return value === undefined ? '' : escapeHtml(`${value as string | number}`);
}

/** Text without control characters and without those that turn the direction of writing; half a surrogate pair is a replacement character. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

function escapeHtml(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
