/** `plumbline compare`: mHC beside its relatives on the same inputs, and, with --train, in the same small network. */
import { randomBytes } from 'node:crypto';

import { Command, InvalidArgumentError, Option } from 'commander';

import { compare } from '../compare/compare.ts';
import { designNamed, designs as allDesigns, type Design } from '../compare/designs.ts';
import { allSettings, settings as usualSettings, settingNamed } from '../compare/inputs.ts';
import { PlumblineError } from '../errors.ts';
import { compareMarkdown, comparePlot, formatCompare } from '../report/compare/gains.ts';
import { comparePage } from '../report/html/compare.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { trainDesigns } from './compare-train.ts';
import { ownLine } from './invocation.ts';
import { collect } from './patterns.ts';
import { duration, integer } from './values.ts';

export interface CompareFlags {
  designs?: string[];
  setting?: string[];
  depth?: string[];
  tokens: number;
  streams: number;
  seed?: number;
  gate: number;
  spread: number;
  sweep: boolean;
  reporter: 'default' | 'json' | 'markdown' | 'html';
  outputFile?: string;
  plot?: string;
  train?: true;
  steps: number;
  seeds: number;
  learningRate?: string[];
  maxTime?: number;
}

const examples = `
Examples:
  $ plumbline compare                                        all designs at 1 to 256 sublayers
  $ plumbline compare --depth 60 --setting correlated --seed 3
  $ plumbline compare --plot gain.svg --reporter markdown
  $ plumbline compare --train                                train the designs at an equal budget, three seeds
  $ plumbline compare --train --designs mhc,hyper-connections --steps 50 --seeds 1

Designs: ${allDesigns.map(({ name }) => name).join(', ')}
Settings: ${allSettings.map(({ name, what }) => `${name} (${what})`).join('; ')}

Exit codes:
  0    done
  2    bad usage
  4    --train, and tfjs cannot run here
  5    --max-time ended the training; what was trained is reported
  130  interrupted; what was trained is reported`;

/** Depths of published models, and what lies between. */
const usualDepths = [1, 8, 24, 60, 122, 256];
const mostDepth = 4096;
const sweepGates = [0.03, 0.1, 0.2, 0.3, 0.5];

/** The command; `finish` gets the exit code. */
export function compareCommand(finish: (code: number) => void): Command {
  return new Command('compare')
    .description('mHC and its relatives side by side: gain, attenuation and gradients over depth')
    .option('-d, --designs <names>', 'designs to compare', collect)
    .option('--setting <names>', 'how the inputs of sublayers relate (default: the first three below)', collect)
    .option('--depth <numbers>', `numbers of sublayers (default: ${usualDepths.join(',')})`, collect)
    .option('--tokens <number>', 'tokens of the sequence', integer(1, 4096), 64)
    .option('--streams <number>', 'residual streams', integer(1, 16), 4)
    .option('-s, --seed <number>', 'seed of the inputs (default: drawn, and printed)', integer(0, 0xffffffff))
    .option('--gate <number>', 'gate α, the same for all designs', positive, 0.3)
    .option('--spread <number>', 'standard deviation of the projections, before the gate', positive, 60)
    .option('--no-sweep', 'leave out the gain by gate')
    .addOption(new Option('-r, --reporter <name>', 'how to report').choices(['default', 'json', 'markdown', 'html']).default('default'))
    .option('--output-file <path>', 'where the report goes instead of standard output')
    .option('--plot <path>', 'write a plot as an SVG file')
    .option('--train', 'train the designs in a small deep network')
    .option('--steps <number>', 'with --train: steps of each run', integer(1, 1e6), 300)
    .option('--seeds <number>', 'with --train: seeds, counted from --seed or 1', integer(1, 100), 3)
    .option('--learning-rate <numbers>', 'with --train: learning rates, each for all designs (default: 0.005)', collect)
    .option('--max-time <time>', 'with --train: stop after this time, like 10m', duration)
    .addHelpText('after', examples)
    .action(async (flags: CompareFlags, command: Command) => finish(flags.train === true ? await trainDesigns(flags) : table(flags, command)));
}

function table(flags: CompareFlags, command: Command): number {
  for (const only of ['steps', 'seeds', 'learningRate', 'maxTime'] as const) {
    if (command.getOptionValueSource(only) === 'cli') throw new PlumblineError('bad-usage', `--${only.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is about training.`, 'Add --train.');
  }
  const report = compare({
    designs: chosenDesigns(flags, allDesigns, flags.streams),
    settings: flags.setting?.map(settingNamed) ?? usualSettings,
    depths: depthsOf(flags.depth),
    tokens: flags.tokens,
    streams: flags.streams,
    seed: flags.seed ?? randomBytes(4).readUInt32LE(),
    gate: flags.gate,
    spread: flags.spread,
    sweepGates: flags.sweep ? sweepGates : [],
  });
  const html = (value: typeof report): string => comparePage(value, ownLine(process.argv, process.env));
  const format = { default: formatCompare, markdown: compareMarkdown, html, json: (value: unknown) => `${JSON.stringify(value, null, 2)}\n` }[flags.reporter];
  deliver(format(report), flags.outputFile);
  if (flags.plot !== undefined) writeFileAtomically(flags.plot, comparePlot(report));
  return exitCodes.held;
}

/** The designs of --designs; without it the usual ones that are defined for so many streams. */
export function chosenDesigns({ designs }: Pick<CompareFlags, 'designs'>, usual: readonly Design[], streams: number): Design[] {
  if (designs !== undefined) return [...new Set(designs)].map(designNamed);
  return usual.filter(({ streamCounts }) => streamCounts === undefined || streamCounts.includes(streams));
}

/** To standard output, or to a file. */
export function deliver(text: string, file: string | undefined): void {
  if (file === undefined || file === '-') process.stdout.write(text);
  else writeFileAtomically(file, text);
}

function depthsOf(texts: readonly string[] | undefined): number[] {
  if (texts === undefined) return usualDepths;
  const depths = texts.map((text) => {
    const depth = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(depth >= 1 && depth <= mostDepth)) throw new PlumblineError('bad-usage', `--depth '${text}' is no number of sublayers.`, `It is an integer from 1 to ${mostDepth}.`);
    return depth;
  });
  return [...new Set(depths)].sort((a, b) => a - b);
}

function positive(text: string): number {
  const value = /^\d*\.?\d+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= 1e6)) throw new InvalidArgumentError('It is a number above 0, at most 1000000.');
  return value;
}
