/** `plumbline certify --statistical`: one property of one kernel, asked on a number of problems that is fixed beforehand. */
import { readFileSync, statSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { basename } from 'node:path';

import type { Certificate, Subject } from '../certify/certificate.ts';
import { sha256 } from '../certify/issue.ts';
import type { StatisticalPlan } from '../certify/statistical/certify-statistical.ts';
import type { Counts } from '../certify/statistical/sample.ts';
import { PlumblineError } from '../errors.ts';
import { operations } from '../operations/index.ts';
import { resolveKernel } from '../targets/resolve.ts';
import type { SampledShards, Shards } from '../verify/shards/file.ts';
import type { SampledShard, ShardedRun } from '../verify/shards/schema.ts';
import type { Shard } from '../verify/shards/shard.ts';
import { version } from '../verify/version.ts';
import { gather } from './gather.ts';
import { select } from './patterns.ts';
import { revision } from './revision.ts';

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
  readonly shard?: Shard;
}

export interface StatisticalRun {
  /** Of a whole run. */
  readonly certificate?: Certificate;
  /** Of a shard: its result file. */
  readonly shards?: Shards;
  /** Problems that were asked. */
  readonly problems: number;
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
    const { certifyStatistical, planOf } = await import('../certify/statistical/certify-statistical.ts');
    const options = {
      property, kernel, declaration, target: target.name, about: availability.about, files: subjectsOf(gathered.loaded), problems: flags.problems, alpha: flags.alpha, seed: flags.seed,
      callTimeoutMs: flags.callTimeout, streams: flags.streams, families: familiesOf(flags.family), scale: flags.scale, stopped,
      onProgress: (done: number, failures: number): void => onProgress(`asking ${property.id}${failures === 0 ? '' : `, ${failures} failed`}`, done / flags.problems!),
    };
    if (flags.shard !== undefined) {
      const { sample } = await import('../certify/statistical/sample.ts');
      const started = performance.now();
      const counts = await sample({ ...options, shard: flags.shard });
      return counts && { shards: shardOf(counts, planOf(options, counts), flags.shard, flags.seed, gathered.loaded, performance.now() - started, availability.about), ...counts, first: counts.first?.what };
    }
    const ended = await certifyStatistical(options);
    return ended && { certificate: ended.certificate, ...ended.sample, first: ended.sample.first?.what };
  } finally {
    await target.close();
  }
}

function shardOf({ problems, failures, withoutClaim, first }: Counts, plan: StatisticalPlan, shard: Shard, seed: number, loaded: readonly string[], durationMs: number, about: Readonly<Record<string, string | number | boolean>> = {}): Shards {
  const run = { command: 'certify' as const, plumbline: version, ...revision(loaded), seed, shards: shard.count, plan: plan as unknown as ShardedRun['plan'] };
  const place: Record<string, string | number | boolean> = { node: process.versions.node, platform: platform(), arch: arch(), ...about };
  const environment = Object.fromEntries(Object.entries(place).map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]));
  return { run, shards: [{ index: shard.index, finishedAt: Date.now(), durationMs, interrupted: false, environment, problems, failures, withoutClaim, ...(first === undefined ? {} : { first }) }] };
}

/** The certificate that one machine would have issued for all problems. Throws `bad-file` for a plan that is none, and what `certifyCounts` throws. */
export async function mergedCertificate({ run, shards }: SampledShards): Promise<StatisticalRun & { readonly certificate: Certificate }> {
  const { certifyCounts, statisticalPlanSchema } = await import('../certify/statistical/certify-statistical.ts');
  const { sameOrAll } = await import('../verify/shards/merged-report.ts');
  const plan = statisticalPlanSchema.safeParse(run.plan);
  const counts = sumOf(shards);
  if (!plan.success || plan.data.problems !== counts.problems) throw new PlumblineError('bad-file', 'The shards are damaged: what they asked is not what their plan says.', 'Run them again.');
  const finished = new Date(Math.max(...shards.map(({ finishedAt }) => finishedAt)));
  return { certificate: certifyCounts(plan.data, run.seed, counts, sameOrAll(shards.map(({ environment }) => environment)), finished), ...counts, first: counts.first?.what };
}

function sumOf(shards: readonly SampledShard[]): Counts {
  const sum = (of: (shard: SampledShard) => number): number => shards.reduce((total, shard) => total + of(shard), 0);
  const firsts = shards.flatMap(({ first }) => (first === undefined ? [] : [first]));
  return { problems: sum(({ problems }) => problems), failures: sum(({ failures }) => failures), withoutClaim: sum(({ withoutClaim }) => withoutClaim), first: firsts.toSorted((a, b) => a.place - b.place)[0] };
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
