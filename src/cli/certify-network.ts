/** `plumbline certify` of a kernel for all inputs, and of checkpoints: one, or each that a training job writes. */
import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Certificate } from '../certify/certificate.ts';
import { certifyCheckpoint } from '../certify/checkpoint/certify-checkpoint.ts';
import { openCheckpoint } from '../certify/checkpoint/file.ts';
import { hasSublayers } from '../certify/checkpoint/schemes.ts';
import { worsened } from '../certify/checkpoint/worsened.ts';
import { certifyInputs } from '../certify/inputs/certify-inputs.ts';
import { PlumblineError, suggest } from '../errors.ts';
import { sinkhornPresets } from '../operations/sinkhorn/dialect.ts';
import { formatCheckpoint } from '../report/checkpoint.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';

export interface NetworkFlags {
  readonly allInputs?: true;
  readonly dialect?: string;
  readonly arithmetic?: string;
  readonly limit: number;
  readonly layers: number;
  readonly parts: number;
  readonly map?: string;
  readonly observe: number;
  readonly seed: number;
  readonly watch?: true;
  readonly once?: true;
  readonly color: boolean;
}

/** Throws `bad-usage`. */
export function inputsCertificate(files: readonly string[], flags: NetworkFlags, n: number, stopped: () => boolean): Certificate {
  if (files.length > 0) throw new PlumblineError('bad-usage', `--all-inputs is about a kernel, not about '${files[0]}'.`, 'Leave the file out, or leave --all-inputs out.');
  const name = flags.dialect ?? 'tilekernels';
  const dialect = Object.hasOwn(sinkhornPresets, name) ? sinkhornPresets[name] : undefined;
  if (dialect === undefined) throw new PlumblineError('bad-usage', `There is no preset '${name}' of sinkhorn.`, suggest(name, Object.keys(sinkhornPresets)));
  return certifyInputs({ name, dialect, arithmetic: flags.arithmetic, n, limit: flags.limit, depth: flags.layers, parts: flags.parts, stopped });
}

/** Whether a path is a checkpoint of mHC: a folder, an index, or a file that has its parameters. */
export function isCheckpoint(path: string, map: string | undefined): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (map !== undefined || found?.isDirectory() === true || extname(path) === '.json') return true;
  return found !== undefined && extname(path) === '.safetensors' && hasSublayers(openCheckpoint(path));
}

export interface NetworkCertificate {
  readonly certificate: Certificate;
  readonly table: string;
  /** What the checker needs. */
  readonly files: readonly string[];
}

/** Undefined when it was stopped. */
export function checkpointCertificate(path: string, flags: NetworkFlags, stopped: () => boolean, onProgress: (what: string, share: number) => void): NetworkCertificate | undefined {
  const done = certifyCheckpoint({
    path, dialect: flags.dialect, arithmetic: flags.arithmetic, map: flags.map, samples: flags.observe, seed: flags.seed, stopped,
    onSublayer: (index, count, name) => onProgress(name.startsWith('confirming') ? name : 'bounding sublayers', index / count),
  });
  if (done === undefined) return undefined;
  const style = createStyle(wantsColour(process.stdout, process.env, flags.color));
  return { certificate: done.certificate, table: formatCheckpoint(done.bounds, style), files: done.files };
}

/** How often a folder is looked at, in milliseconds, and how long a file must stay as it is before it is read. */
const interval = 1000;

/** Certifies every checkpoint of a folder, oldest first, and then each new one, until it is interrupted. Exit code 1 when a bound got worse. */
export async function watchCheckpoints(folder: string, flags: NetworkFlags, signal: AbortSignal): Promise<number> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new PlumblineError('bad-usage', `--watch needs a folder, and '${folder}' is none.`, 'Name the folder that the training job writes its checkpoints to.');
  const seen = new Map<string, number>();
  const sizes = new Map<string, string>();
  let before: Certificate | undefined;
  let worse = false;
  while (!signal.aborted) {
    for (const { path, stamp, time } of checkpointsIn(folder)) {
      const settled = flags.once === true || sizes.get(path) === stamp;
      sizes.set(path, stamp);
      if (signal.aborted || !settled || seen.get(path) === time) continue;
      seen.set(path, time);
      const certificate = certifyOne(path, flags, signal);
      if (certificate === undefined) continue;
      const changes = before === undefined ? [] : worsened(before, certificate);
      for (const change of changes) process.stdout.write(`  WORSE ${change}\n`);
      worse ||= changes.length > 0;
      before = certificate;
    }
    if (flags.once === true) break;
    await setTimeout(interval, undefined, { signal }).catch(() => undefined);
  }
  return worse ? exitCodes.counterexample : signal.aborted && flags.once === true ? exitCodes.interrupted : exitCodes.held;
}

/** One that cannot be certified is told and passed over: the training job goes on. */
function certifyOne(path: string, flags: NetworkFlags, signal: AbortSignal): Certificate | undefined {
  try {
    const done = checkpointCertificate(path, { ...flags, observe: 0 }, () => signal.aborted, () => undefined);
    if (done === undefined) return undefined;
    const gains = done.certificate.claims.filter(({ method }) => method.endsWith('-gain') || method === 'network-free-sums').map(({ quantity, bound }) => `${quantity} ≤ ${Number(bound.decimal).toPrecision(6)}`);
    process.stdout.write(`${new Date().toISOString()}  ${basename(path)}  ${gains.join(', ')}\n`);
    return done.certificate;
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    process.stdout.write(`${new Date().toISOString()}  ${basename(path)}  not certified: ${error.message.split('\n')[0]}\n`);
    return undefined;
  }
}

function checkpointsIn(folder: string): { path: string; stamp: string; time: number }[] {
  const found = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const file = entry.isFile() && extname(entry.name) === '.safetensors' && !entry.name.startsWith('.');
    const inner = entry.isDirectory() ? readdirSync(path).filter((name) => name.endsWith('.safetensors')).map((name) => join(path, name)) : [];
    const parts = file ? [path] : inner;
    if (parts.length === 0) return [];
    const stats = parts.map((part) => statSync(part, { throwIfNoEntry: false })).filter((stat) => stat !== undefined);
    return [{ path, stamp: stats.map(({ size, mtimeMs }) => `${size}@${mtimeMs}`).join(), time: Math.max(...stats.map(({ mtimeMs }) => mtimeMs)) }];
  });
  return found.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1));
}
