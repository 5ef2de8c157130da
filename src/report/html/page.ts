/**
 * One page that needs nothing else: no script, no font, no image from elsewhere, and a policy that forbids them should something get in. Sections have headings in order, so that a
 * screen reader has an outline; tables that are wider than a phone become cards there.
 */
import { oneLine } from '../failure.ts';
import { html, Markup } from './markup.ts';
import { style } from './style.ts';

export interface Section {
  /** Unique in the page, and in its links. */
  readonly id: string;
  readonly heading: string;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  /** Directly below the title: what came out, and what was run. */
  readonly summary: Markup;
  readonly sections: readonly Section[];
  readonly plumbline: string;
}

/** The whole file. */
export function renderPage({ title, summary, sections, plumbline }: Page): string {
  const shown = sections.filter(({ body }) => body.text.trim() !== '');
  const links = shown.map(({ id, heading }) => html`<li><a href="#${id}">${oneLine(heading)}</a></li>\n`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="plumbline ${plumbline}">
<link rel="icon" href="data:,">
<title>${oneLine(title)}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>${oneLine(title)}</h1>
${summary}
<nav aria-label="Contents"><ul>
${links}</ul></nav>
</header>
<main id="main">
${shown.map(({ id, heading, body }) => html`<section aria-labelledby="${id}">\n<h2 id="${id}">${oneLine(heading)}</h2>\n${body}\n</section>\n`)}</main>
<footer>plumbline ${plumbline}. This file is whole: it loads nothing and runs nothing.</footer>
</body>
</html>
`.text;
}

/** Names and values; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: string | Markup | undefined])[]): Markup {
  return html`<dl>\n${entries.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

export interface Column {
  readonly heading: string;
  readonly number?: boolean;
  /** Before the value where a table becomes cards; the heading alone where that says enough. */
  readonly label?: string;
}

/** A table whose first cell of a row is its heading. `cards`: rows become cards on a phone; else it scrolls. Roles are written out, because a table that is displayed otherwise loses its own. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly (string | Markup)[])[], cards = false): Markup {
  const head = columns.map(({ heading, number }) => html`<th role="columnheader" scope="col"${number === true ? new Markup(' class="number"') : undefined}>${heading}</th>`);
  const body = rows.map((cells) => html`<tr role="row">${cells.map((cell, k) => cellOf(cell, columns[k]!, k))}</tr>\n`);
  const whole = html`<table role="table"${cards ? new Markup(' class="cards"') : undefined}>\n<caption>${caption}</caption>\n<thead role="rowgroup"><tr role="row">${head}</tr></thead>\n<tbody role="rowgroup">\n${body}</tbody>\n</table>`;
  return cards ? whole : html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">\n${whole}\n</div>`;
}

function cellOf(cell: string | Markup, { number, label }: Column, k: number): Markup {
  if (k === 0) return html`<th role="rowheader" scope="row">${cell}</th>`;
  return html`<td role="cell"${number === true ? new Markup(' class="number"') : undefined}${label === undefined ? undefined : html` data-label="${label}"`}>${cell}</td>`;
}

/** Text as it was laid out, which a keyboard can scroll. */
export function block(text: string, what: string, wrap = false): Markup {
  return html`<pre${wrap ? new Markup(' class="wrap"') : undefined} tabindex="0" role="region" aria-label="${what}">${text}</pre>`;
}

/** A chart with its sentence. */
export function figureOf(svg: string, caption: string): Markup {
  return html`<figure>\n${new Markup(svg)}\n<figcaption>${caption}</figcaption>\n</figure>`;
}
