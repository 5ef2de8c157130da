/** `plumbline identify`: what a kernel computes, found out from at most 64 problems and not from its declaration. */
import { existsSync } from 'node:fs';

import { Command, Option } from 'commander';

import { PlumblineError, suggest } from '../errors.ts';
import type { Identification } from '../identify/result.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import type { Target } from '../targets/kernel.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { gather } from './gather.ts';
import { listenForInterrupt } from './interrupt.ts';
import { collect, select } from './patterns.ts';
import { callTimeoutOption, integer } from './values.ts';

interface Flags {
  operation?: string[];
  streams?: number;
  reporter: 'default' | 'json';
  config?: string[];
  callTimeout: number;
  color: boolean;
}

const help = `
Examples:
  $ plumbline identify kernels.ts                       the kernels of one file
  $ plumbline identify tfjs-wasm --operation sinkhorn   one kernel of a built-in target
  $ plumbline identify kernels.ts --streams 8 --reporter json

A kernel is asked at most 64 problems (n×n matrices or tokens). "next best" is how far the best explanation with another value of the field leaves
its derived error bound; a field that is not known says which values are left, and why.

Exit codes:
  0    every kernel is identified: at least one dialect explains every answer
  1    no known dialect explains the answers of a kernel; the nearest is named
  2    bad usage or configuration
  3    a fault of plumbline itself
  4    the target is unavailable, or a kernel does not answer
  130  interrupted`;

/** The command; `finish` gets the exit code. */
export function identifyCommand(finish: (code: number) => void): Command {
  return new Command('identify')
    .description('find out which dialect a kernel computes, without believing its declaration')
    .argument('<target>', 'name of a target, or a file with kernels')
    .option('-o, --operation <names>', 'operations to identify (default: all that can be)', collect)
    .option('--streams <number>', 'stream count to ask with (default: 4, or the nearest that is supported)', integer(2, 16))
    .addOption(new Option('-r, --reporter <name>', 'how to report').choices(['default', 'json']).default('default'))
    .option('-c, --config <path>', 'configuration (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .addOption(callTimeoutOption())
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action(async (target: string, flags: Flags) => finish(await run(target, flags)));
}

async function run(name: string, flags: Flags): Promise<number> {
  const { stderr } = process;
  const targets = await targetsOf(name, flags.config);
  const { identifiable, identifyTarget } = await import('../identify/identify.ts');
  const only = select('operation that can be identified', identifiable, (id) => id, flags.operation);
  const interrupt = listenForInterrupt(() => stderr.write('Stopping; Ctrl-C again to quit at once.\n'));
  try {
    const found: Record<string, Identification[]> = {};
    for (const target of targets) {
      const availability = await target.open();
      if (availability.status === 'unavailable') throw new PlumblineError('target-unavailable', `${target.name} is unavailable: ${availability.reason}`, availability.remedy);
      try {
        const options = { streams: flags.streams, callTimeoutMs: flags.callTimeout, stopped: () => interrupt.signal.aborted };
        found[target.name] = await identifyTarget(target.kernels(), options, only);
      } finally {
        await target.close();
      }
    }
    await print(found, flags);
    return interrupt.signal.aborted ? exitCodes.interrupted : codeOf(Object.values(found).flat(), name, only);
  } finally {
    interrupt.dispose();
  }
}

/** The target of that name, or those of the file of that name. */
async function targetsOf(name: string, configs: string[] | undefined): Promise<readonly Target[]> {
  if (/\.[cm]?[jt]s$/.test(name) || (existsSync(name) && configs === undefined && /[./]/.test(name))) return (await gather([name], configs)).targets;
  const { targets } = await gather([], configs);
  const named = targets.filter((target) => target.name === name);
  if (named.length === 0) throw new PlumblineError('bad-usage', `There is no target '${name}'.`, suggest(name, targets.map((target) => target.name)));
  return named;
}

async function print(found: Readonly<Record<string, readonly Identification[]>>, flags: Flags): Promise<void> {
  const { stdout, env } = process;
  if (flags.reporter === 'json') {
    const { valueToJson } = await import('../report/json.ts');
    const targets = Object.entries(found).map(([target, identifications]) => ({ target, identifications }));
    stdout.write(`${valueToJson({ schemaVersion: 1, targets })}\n`);
    return;
  }
  const { formatIdentifications } = await import('../report/identification.ts');
  const style = createStyle(wantsColour(stdout, env, flags.color));
  stdout.write(`${Object.entries(found).map(([target, identifications]) => formatIdentifications(target, identifications, style)).join('\n\n')}\n`);
}

function codeOf(found: readonly Identification[], name: string, only: readonly string[]): number {
  if (found.length === 0) throw new PlumblineError('bad-usage', `${name} has no kernel that can be identified.`, `Operations asked for: ${only.join(', ')}.`);
  if (found.some(({ verdict }) => verdict === 'no-answer')) return exitCodes.target;
  return found.some(({ verdict }) => verdict === 'no-known-dialect') ? exitCodes.counterexample : exitCodes.held;
}
