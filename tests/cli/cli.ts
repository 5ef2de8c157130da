/** Runs the built command line as a person would, in a folder of its own. `npm test` builds it first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder with the given files. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Runs `plumbline` to its end; `whileRunning` sees the process. */
export function plumbline(folder: string, args: readonly string[], env: Record<string, string> = {}, whileRunning?: (child: ChildProcess) => void): Promise<Ended> {
  // nothing of the surroundings, such as CI or colours, changes what is tested
  const surroundings = { PATH: process.env['PATH'] ?? '', HOME: folder, ...env };
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: surroundings });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  whileRunning?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A right `stream-read` kernel in plain JavaScript, with a place to make it wrong. */
export function kernelFile(spoil = '', more = ''): string {
  return `
const run = ({ preMapping, streams }, { tokens, streams: n, channels }) => {
  const layerInput = new Float32Array(tokens * channels);
  for (let b = 0; b < tokens; b++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum = Math.fround(sum + Math.fround(preMapping.data[b * n + i] * streams.data[(b * n + i) * channels + c]));
      layerInput[b * channels + c] = sum;
    }
  }
  ${spoil}
  return { layerInput };
};
export default { 'stream-read': { arithmetic: 'ieee-f32', run ${more} } };
`;
}
