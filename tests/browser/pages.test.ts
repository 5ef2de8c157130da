/** The pages in a real browser: nothing of a stranger's runs, everything fits a phone, and axe finds nothing that shuts people out. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { payload } from '../unit/report/hostile.ts';
import { pages } from '../unit/report/pages.ts';
import { domOf, measured, paper, picture } from './chromium.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const titleOf = (dom: string): string | undefined => /<title>([^<]*)<\/title>/.exec(dom)?.[1];
const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/;
/** The title of a page whose first fact is the payload as it is. */
const leaky = pages['a run']!.replace('kernels.ts', payload);

it('the payload runs where a page lets it, and the policy stops it where escaping did not', async () => {
  expect(titleOf(await domOf(leaky.replace(policy, '')))).toBe('pwned');
  expect(titleOf(await domOf(leaky))).toContain('plumbline verify');
});

describe.each(Object.entries(pages))('the page of %s', (_, page) => {
  it('runs nothing, also without its policy', async () => {
    const dom = await domOf(page.replace(policy, ''));
    expect(titleOf(dom)).toBe(titleOf(page)!.replaceAll('&#39;', "'").replaceAll('&quot;', '"'));
    expect(dom).not.toMatch(/<script|<img/);
  });

  it.each([360, 1280])('at %i pixels is no wider than that', async (width) => {
    const script = '(window) => [window.document.documentElement.scrollWidth, window.document.title]';
    const [wide, title] = (await measured(page, script, { width })) as [number, string];
    expect(title).not.toBe('');
    expect(wide).toBeLessThanOrEqual(width);
  });

  it.each([[360, true], [1280, false], [1280, true]] as const)('at %i pixels, dark %s, axe finds nothing', async (width, dark) => {
    const script = `async (window) => {
      window.eval(${JSON.stringify(axe)});
      const { violations, passes } = await window.axe.run(window.document, { resultTypes: ['violations'] });
      return { passes: passes.length, violations: violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + ' ' + failureSummary).join(' | ')) };
    }`;
    // a policy without scripts forbids axe, too
    const found = (await measured(page.replace(policy, ''), script.replaceAll('</script', String.raw`<\/script`), { width, dark })) as { passes: number; violations: string[]; error?: string };
    expect(found.error).toBeUndefined();
    expect(found.violations).toEqual([]);
    expect(found.passes).toBeGreaterThan(10);
  });
});

it('light, dark, phone and paper are different pictures of the same page', async () => {
  const page = pages['a run']!;
  const pictures = [await picture(page), await picture(page, { dark: true }), await picture(page, { width: 360 })];
  expect(new Set(pictures.map((bytes) => bytes.toString('base64'))).size).toBe(3);
  for (const bytes of pictures) expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  const printed = await paper(page);
  expect(printed.subarray(0, 5).toString()).toBe('%PDF-');
  expect(printed.length).toBeGreaterThan(20_000);
});

it('axe sees a picture without a name and grey on grey', async () => {
  const bad = pages['a run']!.replace(policy, '').replaceAll(/<title>[^<]*<\/title><line/g, '<line').replace('--ink: #1a1c20', '--ink: #bbbbbb');
  const script = `async (window) => { window.eval(${JSON.stringify(axe)}); return (await window.axe.run(window.document)).violations.map(({ id }) => id); }`;
  const found = await measured(bad, script.replaceAll('</script', String.raw`<\/script`));
  expect(found).toEqual(expect.arrayContaining(['color-contrast', 'svg-img-alt']));
});
