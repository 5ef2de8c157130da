/** `plumbline fuzz`: a guided campaign on kernels until its time is over or somebody ends it. */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { Command } from 'commander';

import { PlumblineError } from '../errors.ts';
import type { FuzzEvent, FuzzReport } from '../fuzz/options.ts';
import { operations } from '../operations/index.ts';
import { createFuzzProgress, formatCampaign } from '../report/fuzz.ts';
import { describeTarget } from '../report/progress.ts';
import { createReporter, reporterNames } from '../report/reporters.ts';
import { counted, figure } from '../report/figures.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';
import type { Shard } from '../verify/shards/shard.ts';
import { version } from '../verify/version.ts';
import { environment } from './environment.ts';
import { gather, type Gathered } from './gather.ts';
import { listenForInterrupt } from './interrupt.ts';
import { ownCommand, ownLine } from './invocation.ts';
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
  seed?: number;
  maxTime?: number;
  problems?: number;
  shard?: Shard;
  threads?: number;
  guidance: boolean;
  failFast?: true;
  callTimeout: number;
  reporter?: string[];
  outputFile?: string[];
  json?: true;
  config?: string[];
  python?: string;
  failuresDir: string;
  corpus: string | false;
  counterexamples?: string;
  exitZero?: true;
  color: boolean;
}

const help = `
Examples:
  $ plumbline fuzz                                       every configured target, else every built-in one, until Ctrl-C
  $ plumbline fuzz kernels.ts --max-time 8h              the kernels of one file for a night
  $ plumbline fuzz kernels.py --python .venv/bin/python --max-time 10m
  $ plumbline fuzz reference --operation sinkhorn --problems 1000000
  $ plumbline fuzz reference,mine --max-time 1h          two targets, also against each other
  $ plumbline fuzz kernels.ts --seed 7 --max-time 1h --shard 3/16
                                                         one machine of 16; plumbline merge puts their files together
  $ plumbline fuzz kernels.ts --fail-fast --json         ends with the first counterexample; the report as JSON

Every claim about the kernels is checked, and objectives besides them are pursued unless --property picks claims; inputs that meet something new or use more of a bound are kept, changed and crossed. What was found stays
in the corpus (plumbline corpus --help), and the next campaign begins there.

Exit codes:
  0    every claim was tried and held
  1    a counterexample was found
  2    bad usage or configuration
  3    a fault of plumbline itself
  4    a target that was asked for is unavailable, crashed or hung
  5    nothing ran, or the campaign ended before every claim had been tried
  130  interrupted; the report was written`;

/** The command; `finish` gets the exit code. */
export function fuzzCommand(finish: (code: number) => void): Command {
  return new Command('fuzz')
    .description('search for inputs on which kernels break their claims, for as long as you like')
    .argument('[targets...]', 'names of targets, or files with kernels; only these are tried')
    .option('-t, --target <names>', 'targets to try', collect)
    .option('-o, --operation <names>', 'operations to try', collect)
    .option('-p, --property <names>', 'properties to check', collect)
    .option('-s, --seed <number>', 'seed of the campaign (default: drawn, and printed)', integer(0, 0xffffffff))
    .option('--max-time <time>', 'end after this time, like 10m', duration)
    .option('--problems <number>', 'end after so many problems', integer(1, Number.MAX_SAFE_INTEGER))
    .addOption(shardOption())
    .option('--threads <number>', 'threads, each with the targets loaded anew (default: one for each processor)', integer(1, 256))
    .option('--no-guidance', 'draw every case as verify does')
    .option('--fail-fast', 'end with the first counterexample')
    .addOption(callTimeoutOption())
    .option('-r, --reporter <names>', `how to report: ${reporterNames.join(', ')}`, collect)
    .option('--output-file <path>', "where reporters that write files write; '-' is standard output", append)
    .option('--json', 'the report as JSON on standard output, and nothing else there')
    .option('-c, --config <path>', 'configuration (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .addOption(pythonOption())
    .option('--failures-dir <folder>', 'where counterexamples go', '.plumbline/failures')
    .option('--corpus <folder>', 'what campaigns keep; safe to delete', '.plumbline/corpus')
    .option('--no-corpus', 'keep nothing, and begin with nothing')
    .option('--counterexamples <folder>', 'counterexamples that are tried first (default: fixtures/counterexamples where it exists)')
    .option('--exit-zero', 'exit with 0 even when there are counterexamples')
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action(async (targets: string[], flags: Flags) => finish(await run(targets, flags)));
}

async function run(asked: readonly string[], flags: Flags): Promise<number> {
  const { stdout, stderr, env } = process;
  if (flags.json === true && flags.reporter !== undefined) throw new PlumblineError('bad-usage', '--json and --reporter both say how to report.', 'Use --reporter json --output-file - with others.');
  const files = asked.filter((text) => existsSync(text) && statSync(text).isFile());
  const names = asked.filter((text) => !files.includes(text)).flatMap((text) => collect(text));
  const gathered = await gather(files, flags.config, flags.python);
  const wanted = [...names, ...(flags.target ?? [])];
  const targets = wanted.length > 0 ? select('target', gathered.targets, ({ name }) => name, wanted) : gathered.own.length > 0 ? gathered.targets.filter(({ name }) => gathered.own.includes(name)) : gathered.targets;
  const properties = selectProperties(gathered, flags);
  const style = createStyle(wantsColour(stdout, env, flags.color));
  const required = requiredNames(gathered, wanted, targets.map(({ name }) => name));
  requireSeed(flags.shard, flags.seed ?? gathered.config.seed);
  const seed = flags.seed ?? gathered.config.seed ?? randomBytes(4).readUInt32LE();
  const plan = { targets: targets.map(({ name }) => name), required, properties: properties.map(({ id }) => id), guided: flags.guidance, callTimeoutMs: flags.callTimeout };
  const blob = flags.shard && blobOf({ command: 'fuzz', plumbline: version, ...revision(gathered.loaded), seed, shards: flags.shard.count, plan }, flags.shard);
  const surroundings = { stdout, stderr, style, env, command: ownLine(process.argv, env), sources: gathered.loaded, blob };
  const reporters = flags.json === true ? createReporters(['json'], ['-'], surroundings) : createReporters(flags.reporter ?? ['default'], flags.outputFile ?? [], surroundings);
  // a shard without its file would have run for nothing
  if (flags.shard !== undefined && flags.reporter?.includes('blob') !== true) reporters.push(createReporter.blob({ ...surroundings, file: undefined }));
  const alone = flags.json === true || (flags.outputFile ?? []).some((path) => path === '-' || path.endsWith('=-'));
  const stored = readStored(flags.counterexamples ?? gathered.config.counterexamples, (text) => stderr.write(text));
  const threads = flags.threads ?? Math.min(availableParallelism(), 64);

  const progress = createFuzzProgress(stderr);
  const interrupt = listenForInterrupt(() => progress.say('Ending after this case; Ctrl-C again to quit at once.'));
  const hear = (event: FuzzEvent): void => {
    if (event.type === 'status') progress.onStatus(event.status);
    if (event.type === 'warning') progress.say(`warning: ${event.message}`);
    if (event.type === 'target-opened') progress.say(describeTarget(event.target));
    if (event.type === 'counterexample') progress.say(`✗ ${event.result.property} on ${event.result.target}: margin ${figure(event.result.margin)}, ${event.result.counterexample?.file ?? ''}`);
    if (event.type === 'campaign-started' && !alone) stdout.write(`${style.bold('plumbline')} fuzz · seed ${event.seed} · ${counted(event.claims, 'claim')}${flags.guidance ? '' : ' · not guided'}\n`);
  };
  try {
    const { fuzzOnThreads } = await import('./fuzz-threads.ts');
    const found = await fuzzOnThreads({
      targets, properties, seed, stored, stream: flags.shard && { index: flags.shard.index - 1, count: flags.shard.count }, maxTimeMs: flags.maxTime, maxProblems: flags.problems, failFast: flags.failFast, guided: flags.guidance, pursue: flags.property === undefined, callTimeoutMs: flags.callTimeout,
      corpusDir: flags.corpus === false ? undefined : flags.corpus, failuresDir: flags.failuresDir, replayCommand: ownCommand(process.argv[1], env), replayArguments: gathered.replayArguments,
      required, environment: environment(), signal: interrupt.signal, onEvent: hear,
    }, threads, { files, configs: flags.config ?? [], python: flags.python });
    const report: FuzzReport = flags.shard === undefined ? found : { ...found, shards: { count: flags.shard.count, included: [flags.shard.index], merged: false, elsewhere: 0 } };
    progress.stop();
    for (const reporter of reporters) {
      for (const result of report.results) reporter.onEvent({ type: 'property-finished', result });
      reporter.finish(report);
    }
    if (!alone) stdout.write(`\n${formatCampaign(report, style)}\n`);
    return codeOf(report, flags);
  } finally {
    progress.stop();
    interrupt.dispose();
  }
}

function codeOf({ exitCode }: FuzzReport, { exitZero }: Flags): number {
  return exitZero === true && exitCode === exitCodes.counterexample ? exitCodes.held : exitCode;
}

function selectProperties({ properties }: Gathered, flags: Flags): Gathered['properties'] {
  const ids = select('operation', Object.keys(operations), (id) => id, flags.operation);
  const chosen = select('property', properties, ({ id }) => id, flags.property).filter(({ operation }) => ids.includes(operation));
  if (chosen.length === 0) throw new PlumblineError('bad-usage', 'No property is about the operations that were chosen.', 'Loosen --property or --operation.');
  return chosen;
}

/** Targets that must be available: those asked for by their full name, and those that a person wrote. */
function requiredNames({ own }: Gathered, wanted: readonly string[], selected: readonly string[]): string[] {
  const named = wanted.filter((pattern) => !isGlob(pattern));
  return selected.filter((name) => named.includes(name) || own.includes(name));
}
