/** Flags that are not text: each is checked where it is read, so that a wrong one is a usage error that names the flag. */
import { InvalidArgumentError, Option } from 'commander';

import { parseDuration } from '../config/duration.ts';
import { PlumblineError } from '../errors.ts';

/** An integer from `low` to `high`, for commander. */
export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`It is an integer from ${low} to ${high}.`);
    return value;
  };
}

/** A number above 0, for commander. */
export function positive(text: string): number {
  const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('It is a number above 0.');
  return value;
}

/** A number between 0 and 1, for commander. */
export function proportion(text: string): number {
  const value = positive(text);
  if (!(value < 1)) throw new InvalidArgumentError('It is a number between 0 and 1.');
  return value;
}

/** A number from −1 to 1, for commander. */
export function correlation(text: string): number {
  const value = /^-?\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(value) <= 1)) throw new InvalidArgumentError('It is a number from -1 to 1.');
  return value;
}

/** A length of time in milliseconds, for commander. */
export function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw error instanceof PlumblineError ? new InvalidArgumentError(error.remedy ?? error.message) : error;
  }
}

/** The time limit of one kernel call, the same for every command that calls kernels. */
export function callTimeoutOption(): Option {
  return new Option('--call-timeout <time>', 'a kernel call that takes longer has timed out').argParser(duration).default(10_000, '10s');
}

/** The interpreter of files of Python kernels, the same for every command that loads them. */
export function pythonOption(): Option {
  return new Option('--python <interpreter>', 'runs kernels in .py files (default: $PLUMBLINE_PYTHON, else python3)');
}

/** Adds a text to what earlier uses of the flag gave, as it is; for commander. */
export function append(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}
