/** The look of a report: the reader's own fonts, light and dark as the reader has it, one column on a phone, black on white on paper. Contrast of text is at least 4.5 in both. */
export const style = `
:root { color-scheme: light dark; --back: #ffffff; --raised: #f4f5f7; --ink: #1a1c20; --faint: #5a606b; --line: #d5d8de; --good: #17692f; --bad: #b3161b; --warn: #7a5200; --link: #0b57b0;
  --series-0: #0072b2; --series-1: #c04f00; --series-2: #00805c; --series-3: #a8487f; --series-4: #8a6100; --series-5: #1878a8; --series-6: #1a1c20; --series-7: #6b6b6b; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14161a; --raised: #1e2127; --ink: #e8eaee; --faint: #a4abb8; --line: #3a3f49; --good: #6fd08c; --bad: #ff8a85; --warn: #e8b84a; --link: #8ab8ff;
    --series-0: #56b4e9; --series-1: #ff9a4d; --series-2: #3fd0a4; --series-3: #e79ac3; --series-4: #f0c14b; --series-5: #9ad4f5; --series-6: #e8eaee; --series-7: #a0a0a0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.25rem 3rem; max-width: 72rem; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 0.5rem; padding-top: 0.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { position: static; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; margin: 0.75rem 0 0; list-style: none; }
nav a { display: inline-block; padding: 0.3rem 0; }
.faint { color: var(--faint); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.verdict { font-size: 1.1rem; font-weight: 600; }
code, pre, kbd { font: 0.875rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0.5rem 0; padding: 0.75rem; overflow-x: auto; overflow-wrap: normal; background: var(--raised); border: 1px solid var(--line); border-radius: 0.4rem; tab-size: 4; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 0.75rem 0; }
dt { color: var(--faint); } dd { margin: 0; min-width: 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.925rem; }
caption { text-align: left; padding: 0.25rem 0 0.5rem; color: var(--faint); }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem 0.35rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--faint); font-size: 0.85rem; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.scroll table { min-width: 28rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0 1.5rem; }
.charts figure { margin: 0.5rem 0; min-width: 0; }
td > span.good, td > span.bad, td > span.warn { white-space: nowrap; }
.claim { display: block; color: var(--faint); font-size: 0.85rem; }
.strip { display: block; width: 8rem; height: 0.9rem; }
.margin { min-width: 8.5rem; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; max-width: 36rem; height: auto; }
figcaption { color: var(--faint); font-size: 0.9rem; max-width: 46rem; }
article { margin: 1.25rem 0 2rem; padding: 0.25rem 0 0 1rem; border-left: 4px solid var(--line); }
article > h3 { margin-top: 0.25rem; }
article.failed { border-color: var(--bad); }
details { margin: 0.5rem 0; }
summary { cursor: pointer; padding: 0.3rem 0; color: var(--link); }
ul.plain { padding-left: 1.2rem; margin: 0.5rem 0; }
footer { margin-top: 3rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.9rem; }
@media (max-width: 40rem) {
  body { padding: 0.75rem 0.9rem 2rem; }
  h1 { font-size: 1.3rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.4rem; }
  article { padding-left: 0.7rem; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards, .cards caption, .cards tbody, .cards tr, .cards th, .cards td { display: block; }
  .cards tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 1.1rem; }
  .cards th, .cards td { border: 0; padding: 0.1rem 0; text-align: left; }
  .cards tbody th { flex: 1 1 100%; }
  .cards td[data-label]::before { content: attr(data-label) " "; color: var(--faint); font-size: 0.85rem; }
  .cards td:empty { display: none; }
}
@media print {
  :root { color-scheme: light; --back: #ffffff; --raised: #ffffff; --ink: #000000; --faint: #333333; --line: #999999; --good: #0b4a1e; --bad: #8a0f13; --warn: #553900; --link: #000000;
    --series-0: #0072b2; --series-1: #c04f00; --series-2: #00805c; --series-3: #a8487f; --series-4: #8a6100; --series-5: #1878a8; --series-6: #000000; --series-7: #6b6b6b; }
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip { display: none; }
  pre { white-space: pre-wrap; }
  .scroll { overflow: visible; } .scroll table { min-width: 0; }
  details::details-content { display: block; content-visibility: visible; }
  figure svg { max-width: 11cm; } p:has(+ pre), p:has(+ figure) { break-after: avoid; }
  tr, figure, pre { break-inside: avoid; } h2, h3, summary { break-after: avoid; }
}
`;
