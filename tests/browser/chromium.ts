/** Opens a page in a real Chromium, without a window and without a network. `.ci/browser` installs it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-browser-'));
const names = ['chromium', 'chromium-browser', 'google-chrome'];
let files = 0;

export interface Look {
  /** Pixels; 360 is a small phone. A headless window has at least 500, so that a narrow page lies in a frame. */
  readonly width?: number;
  readonly dark?: boolean;
}

/** Frames of a narrow page must be read by the page around them, and both are files. */
const always = ['--headless', '--disable-gpu', '--no-sandbox', '--hide-scrollbars', '--no-pdf-header-footer', '--allow-file-access-from-files', '--host-resolver-rules=MAP * ~NOTFOUND', '--virtual-time-budget=20000', `--user-data-dir=${join(folder, 'profile')}`];

async function chromium(args: readonly string[]): Promise<string> {
  for (const name of names) {
    try {
      return await new Promise((resolve, reject) => {
        execFile(name, [...always, ...args], { maxBuffer: 2 ** 26, timeout: 60_000 }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`none of ${names.join(', ')} is here; .ci/browser installs one`);
}

function saved(text: string): string {
  const path = join(folder, `page-${files++}.html`);
  writeFileSync(path, text);
  return pathToFileURL(path).href;
}

const scheme = (dark = false): string => `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`;

/** The document as HTML after everything that it could do. */
export function domOf(page: string, { dark }: Look = {}): Promise<string> {
  return chromium([scheme(dark), '--dump-dom', saved(page)]);
}

/** What `script`, a function of the page's window, gives at a width; it may be a promise. It runs in the page around it, which the page's own policy does not bind. */
export async function measured(page: string, script: string, { width = 1280, dark }: Look = {}): Promise<unknown> {
  const around = `<!doctype html><title>around</title><iframe id="page" src="${saved(page)}" style="border:0;width:${width}px;height:4000px"></iframe><script>
onload = async () => {
  let found;
  try { found = await (${script})(document.getElementById('page').contentWindow); } catch (error) { found = { error: String(error) }; }
  const out = document.createElement('pre'); out.id = 'out'; out.textContent = encodeURIComponent(JSON.stringify(found)); document.body.append(out);
};
</script>`;
  const dom = await chromium([scheme(dark), `--window-size=${Math.max(width, 500)},1000`, '--dump-dom', saved(around)]);
  return JSON.parse(decodeURIComponent(/<pre id="out">([^<]*)<\/pre>/.exec(dom)![1]!)) as unknown;
}

/** A picture, as the bytes of a PNG. */
export async function picture(page: string, { width = 1280, dark }: Look = {}): Promise<Buffer> {
  const path = join(folder, `picture-${files++}.png`);
  const narrow = width < 500 ? `<!doctype html><body style="margin:0"><iframe src="${saved(page)}" style="border:0;width:${width}px;height:1600px"></iframe>` : page;
  await chromium([scheme(dark), `--window-size=${Math.max(width, 500)},1600`, `--screenshot=${path}`, saved(narrow)]);
  return readFileSync(path);
}

/** On paper, as the bytes of a PDF. */
export async function paper(page: string): Promise<Buffer> {
  const path = join(folder, `paper-${files++}.pdf`);
  await chromium([`--print-to-pdf=${path}`, saved(page)]);
  return readFileSync(path);
}
