/** `plumbline bench --record`, `--history`, `--export` and `--import`: times that are kept. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Option, type Command } from 'commander';

import { PlumblineError } from '../errors.ts';
import { exported, exportFormats, type ExportFormat } from '../perf/formats/exports.ts';
import { imported } from '../perf/formats/imports.ts';
import { appendHistory, readHistory } from '../perf/history/bench-history.ts';
import { blame } from '../perf/history/blame.ts';
import { commitOf } from '../perf/history/commit.ts';
import { environmentHere } from '../perf/history/environment.ts';
import { lookAt, type WorkloadHistory } from '../perf/history/look.ts';
import type { BenchRecord } from '../perf/history/record.ts';
import { formatHistory } from '../report/bench/history.ts';
import { valueToJson } from '../report/json.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { collect } from './patterns.ts';

export const baselinesFolder = join('bench', 'baselines');

export interface HistoryFlags {
  record?: string | true;
  bundle?: string[];
  history?: true;
  baselines?: string[];
  since?: string;
  export?: ExportFormat;
  import?: string;
  threshold: number;
  reporter?: string[];
  outputFile?: string[];
  color: boolean;
}

/** The options that `plumbline bench` has for times that are kept. */
export function addHistoryOptions(command: Command): Command {
  return command
    .option('--record [file]', `add the times and counts of this run to a history (default: ${baselinesFolder}/<target>.jsonl)`)
    .option('--bundle <files>', 'with --record: built files whose bytes are counted', collect)
    .option('--history', 'time nothing: find changes in the histories, and the commits at which they lie')
    .option('--baselines <files>', `the histories of --history and --export (default: ${baselinesFolder}/*.jsonl)`, collect)
    .option('--since <commit>', 'with --history: the first commit to look at; changes before it are accepted')
    .addOption(new Option('--export <format>', 'time nothing: write the histories for another program').choices(exportFormats))
    .option('--import <file>', 'time nothing: add results of tinybench, vitest bench or pytest-benchmark to the history of --record');
}

/** Does what needs no kernel, and returns the exit code; undefined when something is to be timed. Throws `bad-usage` and `bad-file`. */
export function withoutTiming(files: readonly string[], flags: HistoryFlags): number | undefined {
  const asked = (['history', 'export', 'import'] as const).filter((name) => flags[name] !== undefined);
  if (asked.length === 0) {
    refuse(flags.since !== undefined, '--since is for --history.', 'Add --history.');
    refuse(flags.baselines !== undefined, '--baselines is for --history and --export.', 'Add one of them.');
    return undefined;
  }
  refuse(asked.length > 1, `--${asked[0]} and --${asked[1] ?? ''} do different things.`, 'Give one of them.');
  refuse(files.length > 0, `--${asked[0]} times nothing, and '${files[0] ?? ''}' has kernels to time.`, 'Name histories with --baselines, or leave the option out.');
  if (flags.import !== undefined) return importFile(flags.import, flags.record);
  refuse(flags.record !== undefined, `--record is for a run or --import, and --${asked[0]} only reads.`, 'Leave --record out.');
  const { records, paths } = recordsOf(flags.baselines);
  return flags.export === undefined ? showHistory(records, paths, flags) : exportFiles(records, flags.export, flags.outputFile?.at(-1));
}

function refuse(wrong: boolean, message: string, remedy: string): void {
  if (wrong) throw new PlumblineError('bad-usage', message, remedy);
}

function recordsOf(asked: readonly string[] | undefined): { records: BenchRecord[]; paths: readonly string[] } {
  const here = existsSync(baselinesFolder) ? readdirSync(baselinesFolder).filter((name) => name.endsWith('.jsonl')).sort().map((name) => join(baselinesFolder, name)) : [];
  const paths = asked ?? here;
  const records = paths.flatMap((path) => {
    const { records: found, halfWritten } = readHistory(path);
    if (halfWritten !== undefined) process.stderr.write(`'${path}', line ${halfWritten}, is half-written and left out; delete it before the next bench --record.\n`);
    return found;
  });
  return { records, paths };
}

function showHistory(records: readonly BenchRecord[], paths: readonly string[], { since, threshold, reporter = ['default'], outputFile: files, color }: HistoryFlags): number {
  const { stdout, stderr, env } = process;
  const wrong = reporter.find((name) => name !== 'default' && name !== 'json');
  refuse(wrong !== undefined, `There is no reporter '${wrong ?? ''}' of a history.`, "Give default or json.");
  requireCommit(records, since);
  const found = lookAt(records, { threshold: Math.log1p(threshold / 100), since });
  const folder = paths.length === 0 ? '' : dirname(paths[0]!); // commits are looked up where the history lies
  const blameOf = (history: WorkloadHistory, at: number): ReturnType<typeof blame> => blame(history.runs, at, folder);
  if (reporter.includes('json')) {
    const text = `${valueToJson({ schemaVersion: 1, kind: 'bench-history', workloads: found.map((history) => asData(history, blameOf)) })}\n`;
    const outputFile = files?.at(-1);
    if (outputFile === undefined || outputFile === '-') stdout.write(text);
    else writeFileAtomically(outputFile, text);
  }
  if (reporter.includes('default')) stdout.write(found.length > 0 ? formatHistory(found, blameOf, createStyle(wantsColour(stdout, env, color))) : '');
  if (found.length === 0) stderr.write(`Nothing to compare: there is no history of times. plumbline bench --record begins one in ${baselinesFolder}/.\n`);
  if (found.some(({ verdict }) => verdict === 'slower' || verdict === 'more')) return exitCodes.slower;
  return found.some(({ verdict }) => verdict === 'quiet') ? exitCodes.held : exitCodes.nothingRan;
}

/** Without the samples, which are in the file. */
function asData({ runs, changes, counts, ...rest }: WorkloadHistory, blameOf: (history: WorkloadHistory, at: number) => unknown): unknown {
  const history = { runs, changes, counts, ...rest };
  return {
    ...rest,
    runs: runs.map(({ commit, dirty, date, counts: own }) => ({ commit, dirty, date, counts: own })),
    changes: changes.map((change) => ({ ...change, blame: blameOf(history, change.at) })),
    counts: counts.map((change) => ({ ...change, blame: blameOf(history, change.at) })),
  };
}

function requireCommit(records: readonly BenchRecord[], since: string | undefined): void {
  if (since === undefined) return;
  refuse(!/^[0-9a-f]{7,64}$/.test(since), `--since '${since}' is no commit.`, 'Give at least seven digits of its hash.');
  refuse(!records.some(({ commit }) => commit?.startsWith(since)), `No run is of the commit '${since}'.`, 'Give the commit of a run in the history; plumbline bench --history --reporter json lists them.');
}

function exportFiles(records: readonly BenchRecord[], format: ExportFormat, output: string | undefined): number {
  refuse(records.length === 0, 'There is no history to export.', `Begin one with plumbline bench --record, or name it with --baselines.`);
  const files = exported(records, format);
  if (format === 'otava') {
    refuse(output === undefined || output === '-', 'Otava reads a table of each workload and otava.yaml beside them.', 'Give the folder for them with --output-file.');
    for (const { name, text } of files) writeFileAtomically(join(output!, name), text);
    process.stderr.write(`${files.length - 1} tables and otava.yaml in ${output}; run otava analyze there with OTAVA_CONFIG=otava.yaml\n`);
  } else if (output === undefined || output === '-') process.stdout.write(files[0]!.text);
  else writeFileAtomically(output, files[0]!.text);
  return exitCodes.held;
}

function importFile(path: string, record: string | true | undefined): number {
  let text: string;
  try {
    if (statSync(path).size > largestImport) throw new Error(`it has more than ${largestImport} bytes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, 'Give a file that another program wrote; nothing was imported.', { cause: error });
  }
  const records = imported(text, path, { environment: environmentHere(), commit: commitOf(''), date: new Date() });
  const to = typeof record === 'string' ? record : join(baselinesFolder, 'imported.jsonl');
  appendHistory(to, records);
  process.stderr.write(`${records.length} results of ${records[0]!.importedFrom} added to ${to}\n`);
  return exitCodes.held;
}

const largestImport = 2 ** 28;
