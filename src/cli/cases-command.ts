/** `plumbline cases`: inputs for a job of one's own, whose outputs `plumbline verify --dump` judges. */
import { randomBytes } from 'node:crypto';

import { Command, Option } from 'commander';

import { PlumblineError, suggest } from '../errors.ts';
import { operations } from '../operations/index.ts';
import { resolveKernel } from '../targets/resolve.ts';
import { dtypes, type Dtype } from '../tensor/dtype.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { describePorts, writeCases, type JobKernel } from '../verify/recorded/write-cases.ts';
import { ownCommand, shellQuoted } from './invocation.ts';
import { collect, select } from './patterns.ts';
import { integer } from './values.ts';

interface Flags {
  out: string;
  operation?: string[];
  dialect?: string;
  arithmetic?: string;
  dtype?: string[];
  seed?: number;
  tokens?: number;
  streams?: number;
  channels?: number;
  depth?: number;
  format: 'safetensors' | 'npy';
  force?: true;
}

const help = `
Examples:
  $ plumbline cases --out cases --operation sinkhorn --dialect tilekernels --arithmetic cuda-f32
  $ plumbline cases --out cases --operation 'sinkhorn*' --tokens 4096 --streams 4 --format npy
  $ plumbline cases --out cases --operation stream-write --dtype streams=bf16,layerOutput=bf16,nextStreams=bf16

Your job reads the inputs of every case in cases/plumbline.json and writes its outputs where the case says; then
  $ plumbline verify --dump cases`;

/** Arithmetic of kernels that compute in f32, or f64, and store the dtype. */
const arithmeticOf: Readonly<Record<Dtype, string>> = { f32: 'ieee-f32', f64: 'ieee-f64', bf16: 'bf16-storage', f16: 'f16-storage' };

/** The command; `finish` gets the exit code. */
export function casesCommand(finish: (code: number) => void): Command {
  return new Command('cases')
    .description('write inputs for a job of your own, to be judged by verify --dump')
    .requiredOption('--out <folder>', 'where they go; created when missing')
    .option('-o, --operation <names>', 'operations that the job runs', collect)
    .option('--dialect <preset>', "what its kernels compute (default: the operation's own)")
    .option('--arithmetic <preset>', 'how they round (default: IEEE, storing the dtype)')
    .option('--dtype <dtypes>', `${dtypes.join(', ')} for all tensors, or port=dtype (default: f32)`, collect)
    .option('-s, --seed <number>', 'seed of the inputs (default: drawn, and printed)', integer(0, 0xffffffff))
    .option('--tokens <number>', 'tokens B of each case (default: around tiles)', integer(1, 2 ** 24))
    .option('--streams <number>', 'streams n (default: 4 and others)', integer(1, 16))
    .option('--channels <number>', 'channels C (default: around vectors)', integer(1, 2 ** 20))
    .option('--depth <number>', 'sublayers D of a stack', integer(1, 2 ** 16))
    .addOption(new Option('--format <format>', 'of the tensor files').choices(['safetensors', 'npy']).default('safetensors'))
    .option('--force', 'write over cases that are there')
    .addHelpText('after', help)
    .action((flags: Flags) => finish(run(flags)));
}

function run(flags: Flags): number {
  if (flags.operation === undefined) throw new PlumblineError('bad-usage', 'Which operation does the job run?', `Give --operation: ${Object.keys(operations).join(', ')}.`);
  const chosen = select('operation', Object.values(operations), ({ id }) => id, flags.operation);
  const known = [...new Set(chosen.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]).map(({ name }) => name))];
  const { common, ports } = readDtypes(flags.dtype ?? [], known);
  const arithmetic = flags.arithmetic ?? arithmeticOf[common];
  const kernels = chosen.map((operation): JobKernel => {
    const names = [...operation.inputs, ...operation.outputs].map(({ name }) => name);
    const own = Object.fromEntries(names.map((name) => [name, ports[name] ?? common]));
    const resolved = resolveKernel(operation, { arithmetic, dtypes: own, ...(flags.dialect === undefined ? {} : { dialect: flags.dialect }), run: () => ({}) }, operation.id);
    return { dialect: flags.dialect ?? operation.defaultPreset, arithmetic, resolved };
  });
  const seed = flags.seed ?? randomBytes(4).readUInt32LE();
  const { tokens, streams, channels, depth, out, format } = flags;
  const { cases } = writeCases({ folder: out, kernels, seed, sizes: { tokens, streams, channels, depth }, format, force: flags.force === true });
  const lines = kernels.map(({ resolved }) => `  ${resolved.operation.id}: ${describePorts(resolved, 'inputs')}\n    → ${describePorts(resolved, 'outputs')}`);
  process.stdout.write([
    `Wrote ${cases.length} cases to ${out} (seed ${seed}).`, ...lines,
    `For each case in ${out}/plumbline.json, read the inputs from its files and write the outputs to its files, then`,
    `  ${ownCommand(process.argv[1], process.env)} verify --dump ${shellQuoted(out)}`, '',
  ].join('\n'));
  return exitCodes.held;
}

function readDtypes(given: readonly string[], known: readonly string[]): { common: Dtype; ports: Readonly<Record<string, Dtype>> } {
  let common: Dtype = 'f32';
  const ports: Record<string, Dtype> = {};
  for (const text of given) {
    const [port, name] = text.includes('=') ? (text.split('=', 2) as [string, string]) : [undefined, text];
    const dtype = dtypes.find((candidate) => candidate === name);
    if (dtype === undefined) throw new PlumblineError('bad-usage', `There is no dtype '${name}'.`, suggest(name, dtypes));
    if (port === undefined) common = dtype;
    else if (known.includes(port)) ports[port] = dtype;
    else throw new PlumblineError('bad-usage', `No chosen operation has '${port}'.`, suggest(port, known));
  }
  return { common, ports };
}
