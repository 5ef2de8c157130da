/** `plumbline certify --statistical`: one property of one kernel, asked on a number of problems that is fixed beforehand. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import type { Certificate, Subject } from '../certify/certificate.ts';
import { sha256 } from '../certify/issue.ts';
import { PlumblineError } from '../errors.ts';
import { operations } from '../operations/index.ts';
import { resolveKernel } from '../targets/resolve.ts';
import { gather } from './gather.ts';
import { select } from './patterns.ts';

export interface StatisticalFlags {
  readonly target?: string[];
  readonly property?: string[];
  readonly problems?: number;
  readonly alpha: number;
  readonly seed: number;
  readonly streams?: number;
  readonly family?: string[];
  readonly scale?: number;
  readonly config?: string[];
  readonly python?: string;
  readonly callTimeout: number;
}

export interface StatisticalRun {
  readonly certificate: Certificate;
  readonly failures: number;
  readonly first: string | undefined;
}

/** Undefined when it was stopped. Throws `bad-usage`, and `target-unavailable`. */
export async function certifyStatistically(files: readonly string[], flags: StatisticalFlags, stopped: () => boolean, onProgress: (what: string, share: number) => void): Promise<StatisticalRun | undefined> {
  if (flags.problems === undefined) throw new PlumblineError('bad-usage', '--statistical needs a number of problems, fixed before the first is drawn.', 'Add --problems 100000.');
  const gathered = await gather(files, flags.config, flags.python);
  const target = only('target', select('target', gathered.targets, ({ name }) => name, flags.target), ({ name }) => name);
  const property = only('property', select('property', gathered.properties, ({ id }) => id, flags.property), ({ id }) => id);
  const availability = await target.open();
  if (availability.status === 'unavailable') throw new PlumblineError('target-unavailable', `${target.name} is unavailable: ${availability.reason}`, availability.remedy);
  try {
    const declaration = target.kernels()[property.operation];
    if (declaration === undefined) throw new PlumblineError('bad-usage', `${target.name} has no kernel of ${property.operation}, which '${property.id}' is about.`);
    const kernel = resolveKernel(operations[property.operation], declaration, `${target.name}.kernels.${property.operation}`);
    const { certifyStatistical } = await import('../certify/statistical/certify-statistical.ts');
    const ended = await certifyStatistical({
      property, kernel, declaration, target: target.name, about: availability.about, files: subjectsOf(gathered.loaded), problems: flags.problems, alpha: flags.alpha, seed: flags.seed,
      callTimeoutMs: flags.callTimeout, streams: flags.streams, families: familiesOf(flags.family), scale: flags.scale, stopped,
      onProgress: (done, failures) => onProgress(`asking ${property.id}${failures === 0 ? '' : `, ${failures} failed`}`, done / flags.problems!),
    });
    return ended && { certificate: ended.certificate, failures: ended.sample.failures, first: ended.sample.first };
  } finally {
    await target.close();
  }
}

function only<T>(kind: string, found: readonly T[], nameOf: (one: T) => string): T {
  if (found.length !== 1) throw new PlumblineError('bad-usage', `A statistical certificate is about one ${kind}; ${found.length} are chosen.`, `Name one with --${kind}: ${found.slice(0, 12).map(nameOf).join(', ')}${found.length > 12 ? ', …' : ''}`);
  return found[0]!;
}

function subjectsOf(files: readonly string[]): Subject[] {
  return files.filter((file) => statSync(file).isFile()).map((file) => ({ name: basename(file), digest: { sha256: sha256(readFileSync(file)) } }));
}

/** `logits=normal` and so on. */
function familiesOf(flags: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(flags.map((flag): [string, string] => {
    const [kind, family, ...more] = flag.split('=');
    if (kind === undefined || family === undefined || family === '' || more.length > 0) throw new PlumblineError('bad-usage', `'${flag}' names no family.`, 'Write --family logits=normal.');
    return [kind, family];
  }));
}
