/** `plumbline corpus`: what campaigns keep, to be looked at, made smaller, and carried from and to other folders. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { Command } from 'commander';

import { PlumblineError } from '../errors.ts';
import { Corpus, type Entry } from '../fuzz/corpus/corpus.ts';
import { minimised } from '../fuzz/corpus/minimise.ts';
import { counted, figure } from '../report/figures.ts';
import type { CounterexampleData } from '../verify/counterexample-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { collect, matches } from './patterns.ts';
import { storedFolder } from './stored.ts';

interface Flags {
  corpus: string;
  property?: string[];
  failures?: true;
  to: string;
  json?: true;
}

const help = `
Examples:
  $ plumbline corpus list --failures
  $ plumbline corpus export --property 'sinkhorn/*'         counterexamples to fixtures/counterexamples, to be committed
  $ plumbline corpus import ../other/.plumbline/corpus failure.safetensors
  $ plumbline corpus minimise                               drops duplicates and what meets nothing of its own

An entry is a safetensors file: safetensors.numpy.load_file(path)["input.logits"] in Python.

Exit codes: 0 done · 2 bad usage, or a folder that cannot be read or written · 5 nothing was there`;

type Print = (text: string) => void;

/** The command with its four parts; `finish` gets the exit code. */
export function corpusCommand(finish: (code: number) => void): Command {
  const print: Print = (text) => void process.stdout.write(text);
  const warn: Print = (text) => void process.stderr.write(text);
  const command = new Command('corpus').description('list, minimise, import and export what campaigns keep').addHelpText('after', help);
  const part = (name: string, description: string): Command =>
    command.command(name).description(description).option('--corpus <folder>', 'the corpus', '.plumbline/corpus').option('-p, --property <names>', 'only entries about these', collect).option('--failures', 'only counterexamples');
  part('list', 'print the entries').option('--json', 'one JSON object a line').action((flags: Flags) => finish(list(flags, print, warn)));
  part('minimise', 'keep the best entry of each property, outcome and place, and of the others those that meet something of their own').action((flags: Flags) => finish(minimise(flags, print, warn)));
  part('import', 'add files, or folders of files').argument('<paths...>', 'counterexamples or corpora').action((paths: string[], flags: Flags) => finish(importAll(paths, flags, print, warn)));
  part('export', 'copy counterexamples to a folder that is kept; --property picks').option('--to <folder>', 'where to', storedFolder).action((flags: Flags) => finish(exportAll(flags, print, warn)));
  return command;
}

function chosen({ name, data }: { name: string; data: CounterexampleData }, { property, failures }: Flags): boolean {
  return name !== '' && (property?.some((pattern) => matches(data.property, pattern)) ?? true) && (failures !== true || data.outcome !== 'ok');
}

/** The readable entries that were asked for; the others are named on standard error. */
function* readable(corpus: Corpus, flags: Flags, warn: Print): Generator<Extract<Entry, { data: CounterexampleData }>> {
  for (const entry of corpus.entries()) {
    if ('problem' in entry) warn(`skipped ${entry.problem}\n`);
    else if (chosen(entry, flags)) yield entry;
  }
}

function list(flags: Flags, print: Print, warn: Print): number {
  let [entries, failures] = [0, 0];
  for (const { name, data } of readable(new Corpus(flags.corpus), flags, warn)) {
    entries++;
    if (data.outcome !== 'ok') failures++;
    const { property, outcome, message, target, measured, bound, recipe: { sizes } } = data;
    if (flags.json === true) print(`${JSON.stringify({ name, property, outcome, place: message, target, measured, bound, sizes })}\n`);
    else print(`${name}  ${property}  ${outcome}  ${message}${measured === undefined ? '' : `  ${figure(measured)}`}  n = ${sizes.streams}, ${counted(sizes.tokens, 'problem')}\n`);
  }
  if (flags.json !== true) print(`${counted(entries, 'file')}, ${counted(failures, 'counterexample')} in ${flags.corpus}\n`);
  return entries === 0 ? exitCodes.nothingRan : exitCodes.held;
}

function minimise(flags: Flags, print: Print, warn: Print): number {
  const corpus = new Corpus(flags.corpus);
  const { kept, dropped } = minimised(readable(corpus, flags, warn));
  for (const name of dropped) corpus.remove(name);
  print(`${kept} kept, ${dropped.length} dropped\n`);
  return kept === 0 ? exitCodes.nothingRan : exitCodes.held;
}

function importAll(paths: readonly string[], flags: Flags, print: Print, warn: Print): number {
  const corpus = new Corpus(flags.corpus);
  const counts = { added: 0, known: 0, replaced: 0 };
  for (const path of paths) {
    if (!existsSync(path)) throw new PlumblineError('bad-usage', `There is no file or folder '${path}'.`, 'Give counterexamples or folders of them.');
    const folder = statSync(path).isDirectory();
    const source = new Corpus(folder ? path : dirname(path));
    for (const entry of source.entries(folder ? undefined : [basename(path)])) {
      if ('problem' in entry) warn(`skipped ${entry.problem}\n`);
      else if (chosen(entry, flags)) counts[corpus.add(entry.data)]++;
    }
  }
  print(`${counts.added} added, ${counts.replaced} better than what was there, ${counts.known} known\n`);
  return counts.added + counts.known + counts.replaced === 0 ? exitCodes.nothingRan : exitCodes.held;
}

function exportAll(flags: Flags, print: Print, warn: Print): number {
  const to = new Corpus(flags.to);
  let exported = 0;
  for (const { data } of readable(new Corpus(flags.corpus), { ...flags, failures: true }, warn)) {
    to.add(data);
    exported++;
  }
  print(`${counted(exported, 'counterexample')} in ${flags.to}\n`);
  return exported === 0 ? exitCodes.nothingRan : exitCodes.held;
}
