/** `plumbline bench`: how fast kernels are that were verified, by themselves or beside a baseline. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Command, InvalidArgumentError, Option } from 'commander';

import { PlumblineError, suggest } from '../errors.ts';
import type { BenchOptions } from '../perf/options.ts';
import type { BenchReport } from '../perf/results.ts';
import { workloadOf, type Workload } from '../perf/workload.ts';
import { createBenchProgress } from '../report/bench/progress.ts';
import { benchPlot } from '../report/bench/plot.ts';
import { formatBench } from '../report/bench/text.ts';
import { benchPage } from '../report/html/bench.ts';
import { valueToJson } from '../report/json.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { deliver as deliverText } from '../report/written.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { addHistoryOptions, withoutTiming, type HistoryFlags } from './bench-history.ts';
import { checkRecord, recordRun } from './bench-record.ts';
import { environment } from './environment.ts';
import { gather, type Gathered } from './gather.ts';
import { listenForInterrupt } from './interrupt.ts';
import { ownCommand, ownLine } from './invocation.ts';
import { collect, isGlob, select } from './patterns.ts';
import { append, callTimeoutOption, duration, integer, pythonOption } from './values.ts';

export interface BenchFlags extends HistoryFlags {
  target?: string[];
  operation?: string[];
  workload?: string[];
  against?: string;
  pairs: number;
  launches?: number;
  time: number;
  maxTime?: number;
  maxMemory: number;
  maxCall: number;
  threshold: number;
  cache: 'warm' | 'cold';
  seed?: number;
  callTimeout: number;
  reporter?: string[];
  outputFile?: string[];
  plots: string;
  plot: boolean;
  config?: string[];
  python?: string;
  failuresDir: string;
  list?: true;
  allowInconclusive?: true;
  color: boolean;
}

const help = `
Examples:
  $ plumbline bench                                      every target, at sizes of published models
  $ plumbline bench kernels.ts --operation sinkhorn
  $ plumbline bench kernels.ts --against main            the same file at another commit
  $ plumbline bench new.ts --against old.ts
  $ plumbline bench --target mine --against reference    two targets
  $ plumbline bench --workload '*-decode' --max-time 60s
  $ plumbline bench kernels.ts --record                  keep times and counts; --history finds where they changed

A kernel is verified before it is timed. How the verdicts are reached, and how often they are wrong: docs/regressions.md. Histories: docs/drift.md.

Exit codes:
  0    everything was timed; nothing is slower than the baseline
  1    a kernel is wrong, and was not timed
  2    bad usage or configuration
  3    a fault of plumbline itself
  4    a target that was asked for is unavailable, or one broke down
  5    nothing ran, time was up, or a comparison decided nothing (--allow-inconclusive lets that pass)
  6    correct, but slower than the baseline allows, or a count of the history grew
  130  interrupted; a partial report was written`;

/** The command; `finish` gets the exit code. */
export function benchCommand(finish: (code: number) => void): Command {
  const command = new Command('bench')
    .description('time kernels that were verified, and tell whether they became slower')
    .argument('[files...]', 'configurations or files with kernels; only their targets are timed')
    .option('-t, --target <names>', 'targets to time', collect)
    .option('-o, --operation <names>', 'operations to time', collect)
    .option('-w, --workload <names>', 'workloads to time (default: those of the configuration, else the built-in ones)', collect)
    .option('--against <baseline>', 'a commit, a file, or a target (ref:…, path:…, target:… where a name could be several)')
    .option('--pairs <number>', 'most pairs of a comparison', integer(1, 1000), 400)
    .option('--launches <number>', 'launches of each side where workers are compared, two at a time (default: 12, or more where the error is shared by many workloads)', integer(1, 50))
    .addOption(new Option('--time <time>', 'time for the samples of a kernel').argParser(duration).default(300, '300ms'))
    .option('--max-time <time>', 'stop after this time, like 60s; what is left makes exit code 5', duration)
    .option('--max-memory <MiB>', 'leave out workloads whose tensors take more', integer(1, 2 ** 20), 512)
    .addOption(new Option('--max-call <time>', 'leave out workloads of which a call takes longer').argParser(duration).default(500, '500ms'))
    .option('--threshold <percent>', "what 'same' excludes, from 1 %", threshold, 2)
    .addOption(new Option('--cache <state>', 'of the inputs before a call').choices(['warm', 'cold']).default('warm'))
    .option('-s, --seed <number>', 'seed of inputs and orders (default: drawn, and printed)', integer(0, 0xffffffff))
    .addOption(callTimeoutOption())
    .option('-r, --reporter <names>', 'how to report: default, json, html', collect)
    .option('--output-file <path>', "where json or html goes; '-' is standard output; json=path where both are used (default: .plumbline/bench.json, .plumbline/bench.html)", append)
    .option('--plots <folder>', 'where plots of the samples go', '.plumbline/bench')
    .option('--no-plot', 'draw no plots')
    .option('-c, --config <path>', 'configuration (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .addOption(pythonOption())
    .option('--failures-dir <folder>', 'where counterexamples go', '.plumbline/failures')
    .option('--list', 'print the workloads, and stop')
    .option('--allow-inconclusive', 'a comparison that decides nothing is no reason for exit code 5')
    .option('--no-color', 'no colours');
  return addHistoryOptions(command)
    .addHelpText('after', help)
    .action(async (files: string[], flags: BenchFlags) => finish(await run(files, flags)));
}

async function run(files: readonly string[], flags: BenchFlags): Promise<number> {
  const { stdout, stderr, env } = process;
  const done = withoutTiming(files, flags);
  if (done !== undefined) return done;
  const reporters = reportersOf(flags);
  const gathered = await gather(files, flags.config, flags.python);
  const workloads = await chosenWorkloads(gathered, flags);
  if (flags.list === true) {
    for (const { id, sizes } of workloads) stdout.write(`${id}  ${Object.entries(sizes).map(([name, size]) => `${name} ${size}`).join(', ')}\n`);
    return exitCodes.held;
  }
  const selected = select('target', gathered.targets, ({ name }) => name, flags.target);
  checkRecord(flags, flags.against, selected.map(({ name }) => name));
  const progress = createBenchProgress(stderr);
  const interrupt = listenForInterrupt(() => {
    progress.stop();
    stderr.write('Stopping after this sample; Ctrl-C again to quit at once.\n');
  });
  const against = flags.against === undefined ? undefined : await (await import('./against.ts')).resolveAgainst(flags.against, selected, gathered, () => gather(files, flags.config, flags.python), flags.python);
  try {
    const targets = against?.candidates ?? selected;
    const { bench } = await import('../perf/bench.ts');
    const options: BenchOptions = {
      targets,
      workloads,
      properties: gathered.properties,
      against: against?.opponent,
      seed: flags.seed ?? gathered.config.seed ?? randomBytes(4).readUInt32LE(),
      pairs: flags.pairs,
      launches: flags.launches,
      timeMs: flags.time,
      maxTimeMs: flags.maxTime,
      memoryBytes: flags.maxMemory * 2 ** 20,
      callMs: flags.maxCall,
      limits: { floor: Math.log(1.01), threshold: Math.log1p(flags.threshold / 100) },
      cache: flags.cache,
      callTimeoutMs: flags.callTimeout,
      required: targets.map(({ name }) => name).filter((name) => gathered.own.includes(name) || (flags.target ?? []).some((pattern) => !isGlob(pattern) && pattern === name)),
      allowInconclusive: flags.allowInconclusive === true,
      failuresDir: flags.failuresDir,
      replayCommand: ownCommand(process.argv[1], env),
      replayArguments: gathered.replayArguments,
      environment: environment(),
      signal: interrupt.signal,
      onEvent: (event) => progress.onEvent(event),
    };
    const report = await bench(options);
    progress.stop();
    deliver(report, reporters, flags);
    if (flags.record === undefined) return report.exitCode;
    const { told, grew } = recordRun(report, flags, gathered);
    stderr.write(told);
    return grew && report.exitCode === exitCodes.held ? exitCodes.slower : report.exitCode;
  } finally {
    progress.stop();
    against?.dispose();
    interrupt.dispose();
  }
}

function deliver(report: BenchReport, reporters: readonly string[], flags: BenchFlags): void {
  const { stdout, stderr, env } = process;
  const written = flags.plot ? report.results.filter(({ times }) => times !== undefined && times.samples.length > 0).map((result) => [join(flags.plots, plotName(result)), benchPlot(result, report)] as const) : [];
  for (const [path, svg] of written) writeFileAtomically(path, svg);
  if (reporters.includes('default')) stdout.write(formatBench(report, createStyle(wantsColour(stdout, env, flags.color))));
  const files = outputFiles(reporters, flags);
  if (reporters.includes('json')) deliverText('JSON report', `${valueToJson(report)}\n`, files.json ?? '.plumbline/bench.json', process);
  if (reporters.includes('html')) deliverText('HTML report', benchPage(report, ownLine(process.argv, env)), files.html ?? '.plumbline/bench.html', process);
  if (written.length > 0) stderr.write(`Plots of the samples: ${flags.plots} (${written.length})\n`);
}

function plotName({ target, workload }: { readonly target?: string | undefined; readonly workload: string }): string {
  return `${`${target ?? ''}-${workload}`.replaceAll(/[^\w.-]+/g, '-').slice(0, 150)}.svg`;
}

const known = ['default', 'json', 'html'];

function reportersOf(flags: BenchFlags): readonly string[] {
  const { reporter = ['default'] } = flags;
  const wrong = reporter.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new PlumblineError('bad-usage', `There is no reporter '${wrong}' of a bench.`, suggest(wrong, known));
  const toStdout = Object.entries(outputFiles(reporter, flags)).filter(([, path]) => path === '-').map(([name]) => name);
  if (toStdout.length > 0 && (reporter.includes('default') || toStdout.length > 1)) throw new PlumblineError('bad-usage', `--output-file - gives standard output to '${toStdout[0]}' alone, but other reporters print there too.`, `Use --reporter ${toStdout[0]} without them, or a path.`);
  return reporter;
}

/** The path of each reporter that writes a file; `reporter=path` where there are two. */
function outputFiles(reporters: readonly string[], { outputFile = [] }: BenchFlags): { json?: string; html?: string } {
  const writing = ['json', 'html'].filter((name) => reporters.includes(name));
  return Object.fromEntries(outputFile.map((text) => {
    const [, named, path] = /^(json|html)=(.+)$/.exec(text) ?? [];
    if (named !== undefined && writing.includes(named)) return [named, path];
    if (writing.length === 0 || named !== undefined) throw new PlumblineError('bad-usage', '--output-file needs a reporter that writes a file.', `Add --reporter ${named ?? 'json'}.`);
    if (writing.length > 1) throw new PlumblineError('bad-usage', `--output-file '${text}' could be for ${writing.join(' or ')}.`, `Write --output-file ${writing[0]}=${text}.`);
    return [writing[0], text];
  }));
}

/** Those of the configuration where it has some and none is named; else configured and built-in ones by name. */
async function chosenWorkloads({ config }: Gathered, flags: BenchFlags): Promise<Workload[]> {
  const { builtInWorkloads } = await import('../perf/model-shapes.ts');
  const configured = (config.bench?.workloads ?? []).map(workloadOf);
  const all = flags.workload === undefined && configured.length > 0 ? configured : [...configured, ...builtInWorkloads()];
  const twice = all.find(({ id }, k) => all.findIndex((other) => other.id === id) !== k);
  if (twice !== undefined) throw new PlumblineError('bad-config', `There are two workloads '${twice.id}'.`, 'Give one of them another name.');
  const named = select('workload', all, ({ id }) => id, flags.workload).map((workload) => (workload.origin === 'built-in' && flags.workload?.includes(workload.id) === true ? { ...workload, origin: 'named' as const } : workload));
  if (flags.operation === undefined) return named;
  const ids = select('operation', [...new Set(named.map(({ operation }) => operation))], (id) => id, flags.operation);
  return named.filter(({ operation }) => ids.includes(operation));
}

function threshold(text: string): number {
  const value = Number(text.replace(/\s*%$/, ''));
  if (!(value >= 1 && value <= 100)) throw new InvalidArgumentError('It is a number of per cent from 1 to 100.');
  return value;
}
