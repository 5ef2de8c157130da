/** `plumbline replay`: one counterexample file judged again, so that a failure can be looked at and a fix be seen to work. */
import { Command } from 'commander';

import { PlumblineError } from '../errors.ts';
import { formatFailure } from '../report/failure.ts';
import { figure } from '../report/figures.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { exitCodes } from '../verify/exit-code.ts';
import type { Replay } from '../verify/replay.ts';
import type { PropertyResult } from '../verify/results.ts';
import { answering } from '../targets/dump/answering.ts';
import { gather, gatherDumps } from './gather.ts';
import { ownCommand } from './invocation.ts';
import { collect } from './patterns.ts';
import { callTimeoutOption, integer, pythonOption } from './values.ts';

interface Flags {
  target?: string;
  config?: string[];
  dump?: string;
  python?: string;
  callTimeout: number;
  failuresDir: string;
  times: number;
  color: boolean;
}

const help = `
Examples:
  $ plumbline replay .plumbline/failures/mine-sinkhorn-column-sums-0f3a91bc.safetensors
  $ plumbline replay failure.safetensors --config kernels.ts --target kernels
  $ plumbline replay failure.safetensors --dump step-1000/       what a job recorded, again
  $ plumbline replay failure.safetensors --config kernels.py --target kernels --python .venv/bin/python

Exit codes: 0 the kernel holds now, every time · 1 it still fails, if only once · 2 bad usage or a damaged file · 4 the target is unavailable`;

/** The command; `finish` gets the exit code. */
export function replayCommand(finish: (code: number) => void): Command {
  return new Command('replay')
    .description('judge a stored counterexample again')
    .argument('<file>', 'a counterexample that verify wrote')
    .option('-t, --target <name>', 'replay on this target instead of the one in the file')
    .option('-c, --config <path>', 'configuration or file with kernels (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .option('--dump <folder>', 'judge the answer that is in the file again, as the folder declares it; no kernel is run')
    .addOption(pythonOption())
    .addOption(callTimeoutOption())
    .option('--times <number>', 'how often it is judged: a kernel may fail now and then', integer(1, 1e6), 20)
    .option('--failures-dir <folder>', 'where the counterexample is written again', '.plumbline/failures')
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action(async (file: string, flags: Flags) => finish(await run(file, flags)));
}

async function run(file: string, flags: Flags): Promise<number> {
  const { stdout, env } = process;
  // a damaged file is reported before any kernel is loaded
  const { readCounterexample } = await import('../verify/counterexample-file.ts');
  const stored = readCounterexample(file);
  const gathered = flags.dump === undefined ? await gather([], flags.config, flags.python) : await gatherDumps([flags.dump], [], flags.config);
  const { properties } = gathered;
  const targets = gathered.recordings === undefined ? gathered.targets : gathered.recordings.map((recording) => answering(recording, stored));
  const { replay } = await import('../verify/replay.ts');
  const result = await replay({
    file,
    targets,
    properties,
    target: flags.target,
    callTimeoutMs: flags.callTimeout,
    // a recorded answer is the same every time
    times: flags.dump === undefined ? flags.times : 1,
    failuresDir: flags.failuresDir,
    replayCommand: ownCommand(process.argv[1], env),
    replayArguments: gathered.replayArguments,
  });
  if (result.property.id !== stored.property) throw new PlumblineError('bad-file', `'${file}' changed while it was read.`);
  const style = createStyle(wantsColour(stdout, env, flags.color));
  stdout.write(`${result.fails ? formatFailure(asResult(result), style) : holds(result)}\n`);
  return result.fails ? exitCodes.counterexample : exitCodes.held;
}

function holds({ property, target, stored, examination, reproduction: { replays, interval } }: Replay): string {
  const margin = examination.judgement?.worst?.margin;
  const now = margin === undefined ? '' : `, margin ${figure(margin)}`;
  const was = stored.reproduction;
  // what was rare then may be rare now
  const rare = was === undefined || replays === 1 ? '' : `\n  it failed in ${was.failed} of ${was.replays} replays when it was stored; ${replays} that hold leave up to ${(100 * interval[1]).toFixed(1)} % (95 %), --times asks more often`;
  return `✓ ${property.id} holds on ${target} now${replays === 1 ? '' : `, in ${replays} of ${replays} replays`}${now}\n  it was stored as ${stored.outcome} by plumbline ${stored.plumbline}, seed ${stored.seed}${rare}`;
}

/** A replay as the result that verify would have reported. */
function asResult({ property, target, stored, examination, counterexample }: Replay): PropertyResult {
  const worst = examination.judgement?.worst;
  return {
    target, operation: property.operation, property: property.id, claim: property.claim, class: property.class, status: 'failed',
    reason: examination.message, seed: stored.seed, cases: 1, problems: examination.judged, margin: worst?.margin ?? 0, worst, durationMs: 0, counterexample,
  };
}
