#!/usr/bin/env node
/** The command line. Every way to end has its exit code; ending without having finished is a fault, never a pass. */
import { Command } from 'commander';

import { exitCodes } from '../verify/exit-code.ts';
import { version } from '../verify/version.ts';
import { benchCommand } from './bench-command.ts';
import { casesCommand } from './cases-command.ts';
import { certifyCommand } from './certify-command.ts';
import { checkCommand } from './check-command.ts';
import { compareCommand } from './compare-command.ts';
import { corpusCommand } from './corpus-command.ts';
import { conformCommand } from './conform-command.ts';
import { dialectsCommand } from './dialects-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { driftCommand } from './drift-command.ts';
import { fuzzCommand } from './fuzz-command.ts';
import { initCommand } from './init-command.ts';
import { codeOfError, describeError } from './exits.ts';
import { identifyCommand } from './identify-command.ts';
import { mergeCommand } from './merge-command.ts';
import { replayCommand } from './replay-command.ts';
import { verifyCommand } from './verify-command.ts';

let code: number | undefined;
const finish = (finished: number): void => {
  code = finished;
};

// a promise of a kernel or a configuration that never settles lets Node run out of work, and process.exit(0) is one call away
process.on('exit', () => {
  if (code === undefined && process.exitCode !== exitCodes.interrupted) {
    process.stderr.write('error: plumbline ended before it was finished: something exited the process, or waits for a promise that never settles.\n');
    process.exitCode = exitCodes.fault;
  }
});
// a reader that closes its end early, like `| head`, is no fault
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const program = new Command('plumbline')
  .description('Verifies kernels of manifold-constrained hyper-connections against derived error bounds.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(--help shows all options)');
for (const create of [verifyCommand, mergeCommand, fuzzCommand, corpusCommand, identifyCommand, replayCommand, benchCommand, driftCommand, certifyCommand, checkCommand, casesCommand, dialectsCommand, compareCommand, initCommand, conformCommand, doctorCommand]) {
  program.addCommand(inheriting(create(finish), program));
}

/** Settings go down to commands of commands, which were added before they had any to inherit. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) inheriting(below, command);
  return command;
}

try {
  await program.parseAsync();
} catch (error) {
  const text = describeError(error);
  if (text !== undefined) process.stderr.write(`${text}\n`);
  finish(codeOfError(error));
}
// kernels may leave timers and handles behind, so the process is ended; pipes are flushed first
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit(code ?? exitCodes.fault);
