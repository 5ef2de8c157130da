/** `plumbline verify`: flags over configuration over defaults, then one run. */
import { randomBytes } from 'node:crypto';

import { Command, Option } from 'commander';

import type { PlumblineConfig } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
import { PlumblineError } from '../errors.ts';
import { operations } from '../operations/index.ts';
import { createProgress } from '../report/progress.ts';
import { createReporter, defaultReporters, fileReporters, reporterNames } from '../report/reporters.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';
import type { Recording } from '../targets/dump/dump.ts';
import type { Target } from '../targets/kernel.ts';
import type { VerifyOptions } from '../verify/options.ts';
import type { Effort, Report, RunEvent } from '../verify/results.ts';
import type { Shard } from '../verify/shards/shard.ts';
import { version } from '../verify/version.ts';
import { environment } from './environment.ts';
import { exitCodeHelp } from './exits.ts';
import { gather, gatherDumps, type Gathered } from './gather.ts';
import { listenForInterrupt } from './interrupt.ts';
import { audience, ownCommand, ownLine } from './invocation.ts';
import { listPlan } from './list.ts';
import { checkMargins, writeMargins } from './margins.ts';
import { collect, isGlob, select } from './patterns.ts';
import { createReporters } from './reporting.ts';
import { revision } from './revision.ts';
import { blobOf, requireSeed, shardOption } from './sharding.ts';
import { readStored } from './stored.ts';
import { append, callTimeoutOption, duration, integer, pythonOption } from './values.ts';

interface Flags {
  target?: string[];
  operation?: string[];
  property?: string[];
  effort?: Effort;
  seed?: number;
  runs?: number;
  shard?: Shard;
  maxTime?: number;
  callTimeout: number;
  reporter?: string[];
  outputFile?: string[];
  config?: string[];
  dump?: string[];
  python?: string;
  failuresDir: string;
  counterexamples?: string;
  margins?: string | true;
  list?: true;
  printConfig?: true;
  exitZero?: true;
  color: boolean;
}

/** What is in force: flags, then the configuration, then the defaults. */
interface Settings {
  readonly effort: Effort;
  readonly seed: number;
  readonly runs: number | undefined;
  readonly maxTimeMs: number | undefined;
  readonly callTimeoutMs: number;
  readonly reporters: readonly string[];
  readonly failuresDir: string;
}

const examples = `
Examples:
  $ plumbline verify                                     every built-in and configured target
  $ plumbline verify kernels.ts                          the kernels of one file
  $ plumbline verify kernels.py --python .venv/bin/python
  $ plumbline verify --dump step-1000/                   tensors on disk, no kernel
  $ plumbline verify --target reference --effort quick
  $ plumbline verify --property 'sinkhorn/*' --seed 42
  $ plumbline verify --seed 42 --shard 3/16              one part of 16; plumbline merge puts them together
  $ plumbline verify --reporter json --output-file -     the report as JSON on standard output

Targets, operations and properties take commas, * and ?, and repeats.`;

/** The command; `finish` gets the exit code. */
export function verifyCommand(finish: (code: number) => void): Command {
  return new Command('verify')
    .description('check kernels against the claims of this project')
    .argument('[files...]', 'configurations or files with kernels; only their targets are verified')
    .option('-t, --target <names>', 'targets to verify', collect)
    .option('-o, --operation <names>', 'operations to verify', collect)
    .option('-p, --property <names>', 'properties to check', collect)
    .addOption(new Option('-e, --effort <effort>', 'how many cases (default: standard)').choices(['quick', 'standard', 'thorough']))
    .option('-s, --seed <number>', 'seed of the run (default: drawn, and printed)', integer(0, 0xffffffff))
    .option('-n, --runs <number>', 'cases per property', integer(1, 1e9))
    .addOption(shardOption())
    .option('--max-time <time>', 'stop after this time, like 60s; what is left makes exit code 5', duration)
    .addOption(callTimeoutOption())
    .option('-r, --reporter <names>', `how to report: ${reporterNames.join(', ')}`, collect)
    .option('--output-file <path>', `where ${fileReporters.join(', ')} go; '-' is standard output; json=path where several are used (default: .plumbline/)`, append)
    .option('-c, --config <path>', 'configuration (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .option('--dump <folder>', 'judge the tensors that a job of your own wrote there, without a kernel (plumbline cases writes inputs for it)', append)
    .addOption(pythonOption())
    .option('--failures-dir <folder>', 'where counterexamples go', '.plumbline/failures')
    .option('--counterexamples <folder>', 'counterexamples that are tried first (default: fixtures/counterexamples where it exists)')
    .option('--margins [file]', 'add how much of the bounds was used to a history, for plumbline drift (default: fixtures/margins/<target>.jsonl)')
    .option('--list', 'print what would be checked, and stop')
    .option('--print-config', 'print what is in force as JSON, and stop')
    .option('--exit-zero', 'exit with 0 even when there are counterexamples')
    .option('--no-color', 'no colours')
    .addHelpText('after', examples + exitCodeHelp)
    .action(async (files: string[], flags: Flags) => finish(await run(files, flags)));
}

async function run(files: readonly string[], flags: Flags): Promise<number> {
  const { stdout, stderr, env } = process;
  const gathered = flags.dump === undefined ? await gather(files, flags.config, flags.python) : await gatherDumps(flags.dump, files, flags.config);
  const targets = select('target', gathered.targets, ({ name }) => name, flags.target);
  const settings = await settingsOf(flags, gathered.config);
  const properties = selectProperties(gathered, flags);
  const style = createStyle(wantsColour(stdout, env, flags.color));
  requireSeed(flags.shard, flags.seed ?? gathered.config.seed);
  const required = requiredNames(gathered, flags, targets.map(({ name }) => name));
  // who merges results of one whole run merges one shard of one
  const shard = flags.shard ?? (settings.reporters.includes('blob') ? { index: 1, count: 1 } : undefined);
  if (shard !== undefined && gathered.recordings !== undefined) throw new PlumblineError('bad-usage', 'Recorded tensors are judged at once, and not in shards.', 'Leave --shard and --reporter blob out.');
  const plan = { effort: settings.effort, runs: settings.runs ?? null, callTimeoutMs: settings.callTimeoutMs, targets: targets.map(({ name }) => name), required, properties: properties.map(({ id }) => id) };
  const blob = shard && blobOf({ command: 'verify', plumbline: version, ...revision(gathered.loaded), seed: settings.seed, shards: shard.count, plan }, shard);
  const surroundings = { stdout, stderr, style, env, command: ownLine(process.argv, env), sources: gathered.loaded, blob };
  const reporters = createReporters(settings.reporters, flags.outputFile ?? [], surroundings);
  // a shard without its file would have run for nothing
  if (shard !== undefined && !settings.reporters.includes('blob')) reporters.push(createReporter.blob({ ...surroundings, file: undefined }));
  if (flags.printConfig === true) {
    stdout.write(`${JSON.stringify({ ...settings, targets: targets.map(({ name }) => name), properties: properties.map(({ id }) => id), loaded: gathered.loaded }, null, 2)}\n`);
    return exitCodes.held;
  }
  if (flags.list === true && gathered.recordings !== undefined) throw new PlumblineError('bad-usage', '--list is about kernels; what a recording can show is found by judging it.', 'Leave --list out.');
  if (flags.list === true) return (await listPlan(targets, properties, stdout)) > 0 ? exitCodes.held : exitCodes.nothingRan;

  if (flags.margins !== undefined) {
    if (gathered.recordings !== undefined) throw new PlumblineError('bad-usage', '--margins is about kernels; what was recorded has the same margins every time.', 'Leave --margins out.');
    checkMargins(flags.margins, targets.map(({ name }) => name));
  }

  const progress = createProgress(stderr);
  const interrupt = listenForInterrupt(() => {
    progress.stop();
    stderr.write('Stopping after this case; Ctrl-C again to quit at once.\n');
  });
  try {
    const { explainFailure } = await import('../identify/explain.ts');
    const { reporters: _names, ...numbers } = settings;
    const common = {
      ...numbers,
      properties,
      stored: readStored(flags.counterexamples ?? gathered.config.counterexamples, (text) => stderr.write(text)),
      shard,
      replayCommand: ownCommand(process.argv[1], env),
      replayArguments: gathered.replayArguments,
      environment: environment(),
      explain: explainFailure,
      signal: interrupt.signal,
      onEvent: (event: RunEvent): void => {
        if (event.type === 'run-started') progress.clear();
        if (event.type === 'run-finished') progress.stop();
        for (const reporter of reporters) reporter.onEvent(event);
        progress.onEvent(event);
      },
    };
    const report = await (gathered.recordings === undefined ? onKernels(common, targets, gathered, required) : onRecordings(common, targets, gathered.recordings));
    for (const reporter of reporters) reporter.finish(report);
    if (flags.margins !== undefined) stderr.write(writeMargins(flags.margins, report, settings.runs));
    return codeOf(report, flags);
  } finally {
    progress.stop();
    interrupt.dispose();
  }
}

type Common = Omit<VerifyOptions, 'targets' | 'required'>;

async function onKernels(options: Common, targets: readonly Target[], gathered: Gathered, required: readonly string[]): Promise<Report> {
  const { verifyOnBothCores } = await import('./both-cores.ts');
  return verifyOnBothCores({ ...options, targets, required }, gathered.own);
}

async function onRecordings(options: Common, targets: readonly Target[], recordings: readonly Recording[]): Promise<Report> {
  const { verifyRecorded } = await import('../verify/recorded/verify-recorded.ts');
  return verifyRecorded({ ...options, recordings: recordings.filter(({ name }) => targets.some((target) => target.name === name)) });
}

function codeOf({ exitCode }: Report, { exitZero }: Flags): number {
  return exitZero === true && exitCode === exitCodes.counterexample ? exitCodes.held : exitCode;
}

async function settingsOf(flags: Flags, config: PlumblineConfig): Promise<Settings> {
  const configured = config.maxTime === undefined ? undefined : parseDuration(config.maxTime);
  return {
    effort: flags.effort ?? config.effort ?? 'standard',
    seed: flags.seed ?? config.seed ?? randomBytes(4).readUInt32LE(),
    runs: flags.runs ?? config.runs,
    maxTimeMs: flags.maxTime ?? configured,
    callTimeoutMs: flags.callTimeout,
    reporters: flags.reporter ?? config.reporters ?? defaultReporters(await audience(process.stdout, process.env)),
    failuresDir: flags.failuresDir,
  };
}

function selectProperties({ properties }: Gathered, flags: Flags): Gathered['properties'] {
  const ids = select('operation', Object.keys(operations), (id) => id, flags.operation);
  const chosen = select('property', properties, ({ id }) => id, flags.property).filter(({ operation }) => ids.includes(operation));
  if (chosen.length === 0) throw new PlumblineError('bad-usage', 'No property is about the operations that were chosen.', 'Loosen --property or --operation.');
  return chosen;
}

/** Targets that must be available: those asked for by their full name, and those that a person wrote. */
function requiredNames({ own }: Gathered, flags: Flags, selected: readonly string[]): string[] {
  const named = (flags.target ?? []).filter((pattern) => !isGlob(pattern));
  return selected.filter((name) => named.includes(name) || own.includes(name));
}
