/** The page of a certificate: what it says in plain words, then how it is known, then what is not claimed; and the page of what the checker found. */
import type { Certificate, Claim } from '../../certify/certificate.ts';
import type { Checked, ClaimChecked } from '../../certify/checker/check.ts';
import { methods, type Strength } from '../../certify/methods.ts';
import { strengthTitles } from '../certificate.ts';
import { oneLine, plain } from '../failure.ts';
import { count, counted } from '../figures.ts';
import { html, type Markup } from './markup.ts';
import { block, facts, renderPage, table, type Section } from './page.ts';

/** Characters of a claim's parameters that are shown; those of a network name every tensor. */
const mostParameters = 4000;

export interface CertificatePage {
  readonly certificate: Certificate;
  readonly command?: string | undefined;
  /** What was observed, as a table of text, beside which the bounds can be read. */
  readonly observed?: string | undefined;
  /** How to check it. */
  readonly check?: string | undefined;
}

export function certificatePage({ certificate, command, observed, check }: CertificatePage): string {
  const { claims, subject, notClaimed, digest, environment, plumbline } = certificate;
  const strengths = (Object.keys(strengthTitles) as Strength[]).filter((strength) => claims.some((claim) => claim.strength === strength));
  return renderPage({
    title: `Certificate of ${subject.map(({ name }) => oneLine(name)).join(', ')}`,
    plumbline,
    summary: html`${command === undefined ? undefined : block(`$ ${plain(command)}`, 'command that was run', true)}
${facts([
      ['issued', certificate.issued], ['claims', count(claims.length)], ['operation', certificate.operation], ['arithmetic', certificate.arithmetic?.name], ['digest', html`<code>${digest}</code>`],
      ...subject.map(({ name, digest: { sha256 } }) => ['about', html`${name} <code>sha256:${sha256}</code>`] as const),
      ['issued on', Object.entries(environment).map(([name, value]) => `${name} ${value}`).join(' · ')],
    ])}`,
    sections: [
      ...strengths.map((strength): Section => ({ id: strength, heading: sentenceCase(strengthTitles[strength]), body: strengthBody(claims.filter((claim) => claim.strength === strength)) })),
      { id: 'not-claimed', heading: 'Not claimed', body: list(notClaimed) },
      { id: 'observed', heading: 'Observed beside the bounds', body: observed === undefined ? html`` : html`<p>What was measured is no claim: it shows how far the bounds are from inputs that were tried.</p>${block(plain(observed), 'observations')}` },
      { id: 'check', heading: 'To check it', body: check === undefined ? html`` : html`<p>The checker shares no code with what issued this: it recomputes every bound from the files.</p>${block(check, 'command that checks it', true)}` },
    ],
  });
}

function sentenceCase(title: string): string {
  return title.replace(/^[A-Z ]+/, (words) => words[0]! + words.slice(1).toLowerCase());
}

function strengthBody(claims: readonly Claim[]): Markup {
  return html`${claims.map(claimArticle)}
<h3>About which inputs</h3>
${list([...new Set(claims.map(({ domain }) => domain))])}
<h3>Assuming</h3>
${list([...new Set(claims.flatMap(({ assumptions }) => assumptions))])}`;
}

function claimArticle({ id, plain: sentence, quantity, relation, bound, method, place, seed, parameters }: Claim): Markup {
  const where = place === undefined ? undefined : Object.entries(place).map(([name, at]) => `${name} ${at}`).join(', ');
  const text = JSON.stringify(parameters, undefined, 2);
  const cut = text.length > mostParameters ? `${text.slice(0, mostParameters)}\n… ${counted(text.length - mostParameters, 'character')} more in the certificate` : text;
  return html`<article>
<p><strong>${sentence}</strong></p>
<details><summary>The mathematics<span class="faint"> of ${id}</span></summary>
${facts([
    ['bound', html`${quantity} ${relation === '<=' ? '≤' : '≥'} ${bound.decimal}`], ['exactly', html`<code>${bound.hex}</code>, rounded ${bound.rounded}`],
    ['method', html`<code>${method}</code>: ${methods[method].summary}`], ['worst at', where], ['seed', seed === undefined ? undefined : String(seed)],
  ])}
<p class="faint">Recomputed from:</p>
${block(plain(cut), `parameters of ${id}`)}
</details>
</article>
`;
}

function list(sentences: readonly string[]): Markup {
  return html`<ul class="plain">\n${sentences.map((sentence) => html`<li>${sentence}</li>\n`)}</ul>`;
}

const marks: Readonly<Record<ClaimChecked['verdict'], readonly [mark: string, tone: string]>> = { 'holds': ['✓', 'good'], 'refused': ['✗', 'bad'], 'not checked': ['–', 'warn'] };

/** What `plumbline check` found, in the checker's words and not in those of the certificate. */
export function checkedPage({ refused, claims }: Checked, accepted: boolean, name: string, command: string, plumbline: string): string {
  const confirmed = claims.filter(({ verdict }) => verdict === 'holds').length;
  const rows = claims.map(({ id, verdict, reason, says }) => [id, html`<span class="${marks[verdict][1]}">${marks[verdict][0]} ${verdict}</span>`, plain(verdict === 'holds' ? says : reason)]);
  return renderPage({
    title: `plumbline check: ${oneLine(name)} is ${accepted ? 'valid' : 'not valid'}`,
    plumbline,
    summary: html`${block(`$ ${plain(command)}`, 'command that was run', true)}
<p class="verdict ${accepted ? 'good' : 'bad'}">${accepted ? '✓ valid' : '✗ not valid'}: ${refused === undefined ? `${count(confirmed)} of ${counted(claims.length, 'claim')} confirmed` : `refused: ${plain(refused)}`}</p>`,
    sections: [{ id: 'claims', heading: 'Claims', body: rows.length === 0 ? html`` : table('Claims as the checker found them', [{ heading: 'claim' }, { heading: 'verdict' }, { heading: 'what was confirmed, or why it was not' }], rows, true) }],
  });
}
