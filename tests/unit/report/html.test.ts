import { expect, describe, it } from 'vitest';

import { verifyPage } from '../../../src/report/html/verify.ts';
import { html, Markup } from '../../../src/report/html/markup.ts';
import { payload } from './hostile.ts';
import { attribute, elementsOf, pages, textOf, type Element } from './pages.ts';
import { failed, held, reportOf } from './sample.ts';

const allowed = new Set('html head meta link title style body a header h1 h2 h3 p pre dl dt dd nav ul li main section article table caption thead tbody tr th td div span strong code details summary figure figcaption br footer svg desc line circle rect text path g'.split(' '));

describe.each(Object.entries(pages))('the page of %s', (_, page) => {
  const { elements, errors } = elementsOf(page);
  const all = (...names: string[]): Element[] => elements.filter(({ tagName }) => names.includes(tagName));

  it('is well-formed HTML', () => {
    expect(errors).toEqual([]);
  });

  it('has no element that runs, loads, or was written by a stranger', () => {
    expect(elements.map(({ tagName }) => tagName).filter((name) => !allowed.has(name))).toEqual([]);
    const attributes = elements.flatMap(({ attrs }) => attrs);
    expect(attributes.filter(({ name }) => /^on|^style$|^src|^srcset$|^action$|^formaction$/.test(name))).toEqual([]);
    const links = attributes.filter(({ name }) => name === 'href').map(({ value }) => value);
    expect(links.filter((value) => !value.startsWith('#') && value !== 'data:,')).toEqual([]);
    expect(/url\(|@import|expression\(/i.test(all('style').map(textOf).join(''))).toBe(false);
    expect(all('style')).toHaveLength(1);
  });

  it('forbids everything else by its policy, before anything could load', () => {
    const [policy] = all('meta').filter((meta) => attribute(meta, 'http-equiv') === 'Content-Security-Policy');
    expect(attribute(policy!, 'content')).toBe("default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'");
    expect(elements.indexOf(policy!)).toBeLessThan(elements.indexOf(all('style')[0]!));
  });

  it('has one title, landmarks, and headings without a gap', () => {
    expect([all('h1'), all('main'), all('header'), all('nav'), all('footer')].map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    const levels = all('h1', 'h2', 'h3').map(({ tagName }) => Number(tagName[1]));
    expect(levels.filter((level, k) => level > (levels[k - 1] ?? 0) + 1)).toEqual([]);
    expect(attribute(all('html')[0]!, 'lang')).toBe('en');
  });

  it('has ids once, and every link and label finds its own', () => {
    const ids = elements.map((one) => attribute(one, 'id')).filter((id) => id !== undefined);
    expect(ids.length).toBe(new Set(ids).size);
    const wanted = elements.flatMap((one) => [attribute(one, 'aria-labelledby')?.split(' ') ?? [], attribute(one, 'href')?.startsWith('#') === true ? [attribute(one, 'href')!.slice(1)] : []].flat());
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has tables with a caption and headings, and figures that are told', () => {
    for (const table of all('table')) {
      expect(table.childNodes.some((node) => 'tagName' in node && node.tagName === 'caption' && textOf(node).length > 0)).toBe(true);
    }
    expect(all('th').filter((th) => textOf(th).trim() === '')).toEqual([]);
    const regions = elements.filter((one) => attribute(one, 'role') === 'region').map((one) => attribute(one, 'aria-label'));
    expect(regions.length).toBe(new Set(regions).size);
    expect(all('th').filter((th) => !['col', 'row'].includes(attribute(th, 'scope') ?? ''))).toEqual([]);
    for (const svg of all('svg')) {
      expect(attribute(svg, 'role')).toBe('img');
      expect(svg.childNodes.some((node) => 'tagName' in node && node.tagName === 'title' && textOf(node).length > 0)).toBe(true);
    }
    expect(all('pre').filter((pre) => attribute(pre, 'tabindex') !== '0' || (attribute(pre, 'aria-label') ?? '') === '')).toEqual([]);
  });

  it('has no control characters and nothing that turns the direction of writing', () => {
    expect(page).not.toMatch(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u);
  });
});

it('what a stranger says is there as text', () => {
  const { elements } = elementsOf(pages['a hostile run']!);
  const text = textOf(elements.find(({ tagName }) => tagName === 'main')!);
  expect(text.split('<script>document.title="pwned"</script>').length).toBeGreaterThan(10);
});

it('the checks see a value that is not escaped', () => {
  const leaky = pages['a run']!.replace('kernels.ts', new Markup(payload).text);
  expect(elementsOf(leaky).elements.some(({ tagName }) => tagName === 'script')).toBe(true);
  expect(html`<p title="${'" onload="x'}">${'<b>'}</p>`.text).toBe('<p title="&quot; onload=&quot;x">&lt;b&gt;</p>');
  expect(html`${[html`<i>${'&'}</i>`, undefined, 3]}`.text).toBe('<i>&amp;</i>3');
});

it('says what was run, what failed, where, why, and how to see it again', () => {
  const convergence = { reference: [{ rows: 0.5, columns: 1e-7 }, { rows: 0.1, columns: 1e-7 }], kernel: { rows: 0.5, columns: 0 } };
  const page = verifyPage(reportOf([held, { ...failed, explanation: 'computes `tilekernels` with 19 iterations; it declares 20', counterexample: { ...failed.counterexample!, convergence } }]), 'plumbline verify kernels.ts');
  const { elements } = elementsOf(page);
  const text = textOf(elements.find(({ tagName }) => tagName === 'body')!);
  for (const part of [
    '$ plumbline verify kernels.ts', '1 of 2 claims failed', 'seed42', 'node 20.20.2', '3.1e-4', '1.2e-7 = 8.0e-8 divisions + 4.0e-8 exponentials + 1 smaller', '2580', 'row 0  0.5  0.5', 'logits = [[0, 3], [0, 0]]',
    'The kernel computes `tilekernels` with 19 iterations; it declares 20.', 'plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors', 'Sums against iterations', 'largest |sum − 1| by iterations. reference, rows: 0.500 at 1 to 0.100 at 2',
    'unavailable: libcudart.so.11.0 cannot be opened.',
  ]) expect(text).toContain(part);
});

it('a page of thousands of failures says what it leaves out', () => {
  const page = verifyPage(reportOf(Array.from({ length: 250 }, () => failed)));
  expect(page.match(/<article class="failed"/g)).toHaveLength(200);
  expect(page).toContain('50 more failures: the tables below name them');
});
