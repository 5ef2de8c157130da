/** The examples of sharded runs, run: each of their shards with what its scheduler gives it, then their merge. What the schedulers do is not tested here. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { folderWith, kernelFile } from './cli.ts';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const textOf = (name: string): string => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');

/** A folder with kernels, and with an `npx` that runs what is built here. */
function place(): string {
  const folder = folderWith({ 'kernels.ts': kernelFile() });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/npx'), `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(folder, 'bin/npx'), 0o755);
  return folder;
}

/** Fails for any other exit code than 0. */
function run(folder: string, line: string, env: Readonly<Record<string, string>> = {}): string {
  const quicker = line.replace('--effort thorough', '--effort thorough --runs 40');
  return execFileSync('sh', ['-c', quicker], { cwd: folder, encoding: 'utf8', env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: folder, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

const whole = (count: number): RegExp => new RegExp(`^\\d+ passed .* · seed 7 .* · ${count} shards$`, 'm');

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly needs?: string; readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } }; readonly steps: readonly { readonly run?: string; readonly with?: Readonly<Record<string, string>> }[] }>>;
}

it('github-actions-shards.yml', () => {
  const { jobs } = parse(textOf('github-actions-shards.yml')) as Workflow;
  const lines = (name: string): string[] => jobs[name]!.steps.flatMap((step) => (step.run?.startsWith('npx plumbline') === true ? [step.run] : []));
  const shards = jobs['shard']!.strategy!.matrix.shard;
  const folder = place();
  const [line] = lines('shard');
  for (const shard of shards) run(folder, line!.replace('${{ matrix.shard }}', String(shard)).replace('${{ github.run_number }}', '7'));
  // upload-artifact takes the content of its path, download-artifact puts it where the merge looks
  const [up, down] = [jobs['shard']!.steps, jobs['merge']!.steps].map((steps) => steps.find((step) => step.with?.['path'] !== undefined)!.with!['path']!);
  run(folder, `cp -r ${up} ${down}`);
  expect(jobs['merge']!.needs).toBe('shard');
  expect(run(folder, lines('merge')[0]!.replace('compact,github', 'compact'))).toMatch(whole(shards.length));
}, 120_000);

it('slurm-shards.sh', () => {
  const text = textOf('slurm-shards.sh');
  const [, first, last] = /^#SBATCH --array=(\d+)-(\d+)$/m.exec(text)!.map(Number);
  expect(first).toBe(1);
  const folder = place();
  for (let task = 1; task <= last!; task++) run(folder, text, { SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: String(task), SLURM_ARRAY_TASK_COUNT: String(last) });
  const merge = /--wrap "(.*)"/.exec(text)![1]!;
  expect(run(folder, merge, { id: '7' })).toMatch(whole(last!));
}, 240_000);

interface Job {
  readonly kind: string;
  readonly spec: { readonly completions?: number; readonly completionMode?: string; readonly maxFailedIndexes?: number; readonly template: { readonly spec: { readonly containers: readonly [{ readonly command: readonly string[]; readonly args: readonly string[] }] } } };
}

it('kubernetes-shards.yaml', () => {
  const documents = parseAllDocuments(textOf('kubernetes-shards.yaml'));
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  const [shards, merge] = documents.map((document) => document.toJS() as Job).filter(({ kind }) => kind === 'Job');
  const { completions, completionMode, maxFailedIndexes, template } = shards!.spec;
  expect([completionMode, maxFailedIndexes]).toEqual(['Indexed', completions]);
  const folder = place();
  const lineOf = ({ template: { spec } }: Job['spec']): string => {
    const [{ command, args }] = spec.containers;
    expect(command).toEqual(['sh', '-c']);
    return args[0]!.replaceAll('/results', join(folder, 'results'));
  };
  for (let index = 0; index < completions!; index++) run(folder, lineOf({ template }), { SEED: '7', JOB_COMPLETION_INDEX: String(index) });
  expect(run(folder, lineOf(merge!.spec), { SEED: '7' })).toMatch(whole(completions!));
}, 240_000);
