/** `plumbline drift`: margins that grew while every claim still passed. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Command, Option } from 'commander';

import { PlumblineError } from '../errors.ts';
import { blame } from '../perf/history/blame.ts';
import { findDrift, type Change, type TargetDrift } from '../perf/drift/drift.ts';
import { readMargins, type MarginRecord } from '../perf/drift/record.ts';
import { driftPlots } from '../report/drift-plots.ts';
import { formatDrift } from '../report/drift.ts';
import { valueToJson } from '../report/json.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { marginsFolder } from './margins.ts';

interface Flags {
  since?: string;
  reporter: 'default' | 'json';
  plots?: string | true;
  color: boolean;
}

const help = `
Examples:
  $ plumbline verify --margins                add this run to fixtures/margins/<target>.jsonl
  $ plumbline drift                           look at all of them
  $ plumbline drift --since 3f2a9c1           what was found before this commit is accepted
  $ plumbline drift --plots                   a plot of each claim in .plumbline/drift/

Exit codes:
  0    no margin doubled
  1    a margin doubled while its claim still passed; the commit is named
  2    bad usage, or a history that is damaged, foreign or newer
  5    no target has enough comparable runs`;

/** The command; `finish` gets the exit code. */
export function driftCommand(finish: (code: number) => void): Command {
  return new Command('drift')
    .description('find claims that still pass with margins that grew, and the commit at which they did')
    .argument('[files...]', `histories of margins (default: ${marginsFolder}/*.jsonl)`)
    .option('--since <commit>', 'the first commit to look at: changes before it are accepted')
    .addOption(new Option('-r, --reporter <name>', 'how to report').choices(['default', 'json']).default('default'))
    .option('--plots [folder]', 'write a plot of each claim as an SVG file (default: .plumbline/drift)')
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action((files: string[], flags: Flags) => finish(run(files, flags)));
}

function run(files: readonly string[], { since, reporter, plots, color }: Flags): number {
  const { stdout, stderr, env } = process;
  const paths = files.length > 0 ? files : historiesHere();
  const records: MarginRecord[] = [];
  for (const path of paths) {
    const { records: found, halfWritten } = readMargins(path);
    if (halfWritten !== undefined) stderr.write(`'${path}', line ${halfWritten}, is half-written and left out; delete it before the next verify --margins.\n`);
    records.push(...found);
  }
  requireCommit(records, since);
  const found = findDrift(records, { since });
  // commits are looked up in the repository of the history, wherever this runs
  const folder = paths.length === 0 ? '' : dirname(paths[0]!);
  const blameOf = (target: TargetDrift, change: Change): ReturnType<typeof blame> => blame(target.runs, change.at, folder);
  if (reporter === 'json') stdout.write(`${valueToJson(asData(found, blameOf))}\n`);
  else if (found.length > 0) stdout.write(formatDrift(found, blameOf, createStyle(wantsColour(stdout, env, color))));
  else stdout.write(`Nothing to compare: there is no history of margins. plumbline verify --margins begins one in ${marginsFolder}/.\n`);
  if (plots !== undefined) writePlots(found, plots === true ? join('.plumbline', 'drift') : plots, stderr);
  if (found.some(({ verdict }) => verdict === 'drift')) return exitCodes.counterexample;
  return found.some(({ verdict }) => verdict === 'quiet') ? exitCodes.held : exitCodes.nothingRan;
}

function historiesHere(): string[] {
  if (!existsSync(marginsFolder)) return [];
  return readdirSync(marginsFolder).filter((name) => name.endsWith('.jsonl')).sort().map((name) => join(marginsFolder, name));
}

function requireCommit(records: readonly MarginRecord[], since: string | undefined): void {
  if (since === undefined) return;
  if (!/^[0-9a-f]{7,64}$/.test(since)) throw new PlumblineError('bad-usage', `--since '${since}' is no commit.`, 'Give at least seven digits of its hash.');
  if (!records.some(({ commit }) => commit?.startsWith(since) === true)) throw new PlumblineError('bad-usage', `No run is of the commit '${since}'.`, 'Give the commit of a run in the history; plumbline drift --reporter json lists them.');
}

/** What is found without the runs' own tables, which are in the file. */
function asData(found: readonly TargetDrift[], blameOf: (target: TargetDrift, change: Change) => unknown): unknown {
  return {
    schemaVersion: 1,
    targets: found.map((target) => ({
      target: target.target,
      verdict: target.verdict,
      needed: target.needed,
      leftOut: target.leftOut,
      runs: target.runs.map(({ commit, dirty, date, seed }) => ({ commit, dirty, date, seed })),
      changes: target.changes.map((change) => ({ ...change, blame: blameOf(target, change) })),
    })),
  };
}

function writePlots(found: readonly TargetDrift[], folder: string, stderr: { write(text: string): unknown }): void {
  let written = 0;
  for (const target of found) {
    for (const [property, svg] of driftPlots(target)) {
      writeFileAtomically(join(folder, fileName(target.target), `${fileName(property)}.svg`), svg);
      written++;
    }
  }
  stderr.write(`${written} plots in ${folder}\n`);
}

function fileName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[.-]+/g, '') || 'unnamed';
}
