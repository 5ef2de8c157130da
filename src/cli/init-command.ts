/** `plumbline init`: a starting file that verifies at once, and the command that does it. Nothing that is there is written over unasked. */
import { existsSync } from 'node:fs';

import { Command } from 'commander';

import { PlumblineError } from '../errors.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { ownCommand } from './invocation.ts';
import { startingConfig, startingPython, startingWorkflow } from './starting-files.ts';

interface Flags {
  python?: true;
  ci?: true;
  force?: true;
}

const help = `
Examples:
  $ plumbline init                plumbline.config.ts, with one kernel in TypeScript
  $ plumbline init --python       kernels.py, with one numpy kernel
  $ plumbline init --python --ci  kernels.py, and a workflow of GitHub Actions that verifies it

Exit codes: 0 written · 2 a file is there already`;

const pythonFile = 'kernels.py';
const configFile = 'plumbline.config.ts';
const workflowFile = '.github/workflows/plumbline.yml';

/** The command; `finish` gets the exit code. */
export function initCommand(finish: (code: number) => void): Command {
  return new Command('init')
    .description('write a starting file that verifies at once')
    .option('--python', `write ${pythonFile} instead of ${configFile}`)
    .option('--ci', `also write ${workflowFile}`)
    .option('--force', 'write over files that are there')
    .addHelpText('after', help)
    .action((flags: Flags) => finish(run(flags)));
}

function run({ python, ci, force }: Flags): number {
  const kernels: readonly [string, string] = python === true ? [pythonFile, startingPython] : [configFile, startingConfig];
  // with --ci alone, kernels that are there already are what the workflow is for
  const known = ci === true && force !== true && existsSync(kernels[0]);
  const workflow: readonly (readonly [string, string])[] = ci === true ? [[workflowFile, startingWorkflow(python === true ? pythonFile : undefined)]] : [];
  const files = [...(known ? [] : [kernels]), ...workflow];
  const there = force === true ? undefined : files.find(([path]) => existsSync(path));
  if (there !== undefined) throw new PlumblineError('bad-usage', `'${there[0]}' is there already; nothing was written.`, 'Move it away, or give --force to write over it.');
  for (const [path, text] of files) writeFileAtomically(path, text);
  const command = `${ownCommand(process.argv[1], process.env)} verify${python === true ? ` ${pythonFile}` : ' --target mine'} --effort quick`;
  process.stdout.write([...files.map(([path]) => `Wrote ${path}.`), 'Next:', `  ${command}`, ''].join('\n'));
  return exitCodes.held;
}
