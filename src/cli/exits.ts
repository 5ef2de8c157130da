/** What the exit code is when a command did not come to its end, and the words for it. */
import { CommanderError } from 'commander';

import { PlumblineError, type ErrorCode } from '../errors.ts';
import { exitCodes } from '../verify/exit-code.ts';

const codes: Readonly<Record<ErrorCode, number>> = {
  'bad-usage': exitCodes.usage,
  'bad-config': exitCodes.usage,
  'bad-dialect': exitCodes.usage,
  'bad-arithmetic': exitCodes.usage,
  'bad-file': exitCodes.usage,
  'bad-tensor': exitCodes.fault,
  'target-unavailable': exitCodes.target,
};

/** Exit code for something that was thrown. */
export function codeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.held : exitCodes.usage;
  return error instanceof PlumblineError ? codes[error.code] : exitCodes.fault;
}

/** What to print for it; commander has already printed its own. */
export function describeError(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (error instanceof PlumblineError) return `error: ${error.message}`;
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `plumbline itself failed, which is a fault of plumbline (exit code 3). Please report it with this text:\n${trace}`;
}

/** The exit codes of verify, for its help. */
export const exitCodeHelp = `
Exit codes:
  0    every planned claim ran and held
  1    a counterexample was found
  2    bad usage or configuration
  3    a fault of plumbline itself
  4    a target that was asked for is unavailable, crashed or hung
  5    nothing ran, or --max-time ended the run before everything was checked
  130  interrupted; a partial report was written`;
