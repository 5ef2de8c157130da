/** `plumbline conform`: a worker checked against docs/worker-protocol.md, so that its author need not guess. */
import { extname } from 'node:path';

import { Command } from 'commander';

import { counted } from '../report/figures.ts';
import { createStyle, wantsColour, type Style } from '../report/style.ts';
import type { Finding } from '../targets/conformance/finding.ts';
import { TargetUnusable } from '../targets/outcome.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { version } from '../verify/version.ts';
import { callTimeoutOption } from './values.ts';

const help = `
Examples:
  $ plumbline conform -- ./my-worker --device 0
  $ plumbline conform -- python3 -m plumbline_worker kernels.py
  $ plumbline conform kernels.py                          the same, with the worker file of this plumbline

The page is docs/worker-protocol.md. ✓ holds, ✗ is broken, – could not be tested with this worker.

Exit codes: 0 nothing is broken · 1 something is · 2 bad usage · 4 the worker does not start`;

/** The command; `finish` gets the exit code. */
export function conformCommand(finish: (code: number) => void): Command {
  return new Command('conform')
    .description('check a worker of your own against the worker protocol')
    .argument('<command...>', 'how the worker is started, after --; or a Python file with kernels')
    .addOption(callTimeoutOption())
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action(async (command: string[], flags: { callTimeout: number; color: boolean }) => finish(await run(command, flags)));
}

async function run(command: readonly string[], { callTimeout, color }: { callTimeout: number; color: boolean }): Promise<number> {
  const { stdout, env } = process;
  const style = createStyle(wantsColour(stdout, env, color));
  const { conform } = await import('../targets/conformance/conform.ts');
  const { pythonWorker } = await import('../targets/worker/python.ts');
  const python = command.length === 1 && extname(command[0]!) === '.py';
  try {
    const findings = await conform(python ? pythonWorker(command[0]!) : { command }, version, callTimeout);
    stdout.write(`${findings.map((finding) => format(finding, findings, style)).join('\n')}\n\n${verdict(findings, style)}\n`);
    return findings.some(({ status }) => status === 'broken') ? exitCodes.counterexample : exitCodes.held;
  } catch (error) {
    if (!(error instanceof TargetUnusable)) throw error;
    stdout.write(`${style.red('✗')} hello  ${error.message}\n  ${style.dim(error.remedy)}\n`);
    return exitCodes.target;
  }
}

function format({ name, status, detail, remedy }: Finding, all: readonly Finding[], style: Style): string {
  const width = Math.max(...all.map((finding) => finding.name.length));
  const mark = { held: style.green('✓'), broken: style.red('✗'), untested: style.yellow('–') }[status];
  const [first, ...rest] = detail.split('\n');
  const below = [...rest, ...(remedy === undefined ? [] : [style.dim(remedy)])].map((line) => `  ${' '.repeat(width)}  ${line}`);
  return [`${mark} ${name.padEnd(width)}  ${first}`, ...below].join('\n');
}

function verdict(findings: readonly Finding[], style: Style): string {
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length;
  const broken = count('broken');
  const text = `${counted(findings.length, 'check')}: ${count('held')} hold, ${broken} broken, ${count('untested')} untested`;
  return broken === 0 ? style.green(text) : style.red(text);
}
