/** `plumbline certify`: what was proved, for which inputs, by which method; and what was not. */
import { Command, Option } from 'commander';

import type { Certificate } from '../certify/certificate.ts';
import type { Orientation } from '../certify/outputs/claims.ts';
import { PlumblineError } from '../errors.ts';
import { formatCertificate } from '../report/certificate.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { deliver } from '../report/written.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { certifyOverDepth, depthOptions, requireDepth, type DepthFlags } from './certify-depth.ts';
import type { NetworkFlags } from './certify-network.ts';
import type { StatisticalFlags } from './certify-statistical.ts';
import { listenForInterrupt } from './interrupt.ts';
import { ownLine, shellQuoted } from './invocation.ts';
import { collect } from './patterns.ts';
import { checkReporters } from './reporting.ts';
import { formatShards } from '../verify/shards/file.ts';
import { formatShard } from '../verify/shards/shard.ts';
import { blobName, shardOption } from './sharding.ts';
import { append, callTimeoutOption, integer, positive, proportion, pythonOption } from './values.ts';

interface Flags extends StatisticalFlags, NetworkFlags, DepthFlags {
  statistical?: true;
  tensor?: string;
  orientation: Orientation;
  products: boolean;
  out?: string;
  format: 'plain' | 'in-toto';
  json?: true;
  reporter?: string[];
  outputFile: string;
  color: boolean;
}

const help = `
Examples:
  $ plumbline certify outputs.safetensors                           norms, σ₂, deviations and distance of 'residualMapping' [.., n, n]
  $ plumbline certify stack.safetensors --out stack.json            [layers, tokens, n, n]: also gains over depth
  $ plumbline certify stack.safetensors --out stack.json --format in-toto
  $ plumbline certify model.safetensors --out model.json            a network for every input: parameters of mHC in, or a folder or an index of them
  $ plumbline certify --watch checkpoints/                          each one that a training job writes
  $ plumbline certify --all-inputs --dialect tilekernels --arithmetic cuda-f32 --limit 1
  $ plumbline certify --depth 1..122 --out depth.json               products of many mappings, random and correlated, of mHC and its relatives
  $ plumbline certify --depth 1..122 --target tfjs-wasm --plot gain.svg
  $ plumbline certify --depth 1..60 --designs mhc,hyper-connections --setting independent --networks 1000 --gain-limit 2
  $ plumbline check stack.json stack.safetensors                    recomputes every bound, sharing no code
  $ plumbline certify kernels.ts --statistical --property sinkhorn/last-normalised-sums --problems 1000000
  $ plumbline certify kernels.ts --statistical --property sinkhorn/last-normalised-sums --problems 1000000 --shard 3/16     then plumbline merge
  $ plumbline certify --statistical --target reference --property sinkhorn/free-side-sums --problems 100000 --family logits=normal --scale 3

What is printed and written is what the independent checker has confirmed. Entries that are not finite are refused, with their place.
docs/certificates.md has the format, every method with its proof, and how to sign.

Exit codes:
  0    a certificate was issued
  1    a certificate was issued, of a property that failed for some problems; or none, because a kernel's answer is not finite or of the wrong form
  2    bad usage, or a file that is damaged or not finite
  3    a fault of plumbline itself
  4    the target is unavailable
  5    a shard that has no problem
  130  interrupted; nothing was written`;

/** The command; `finish` gets the exit code. */
export function certifyCommand(finish: (code: number) => void): Command {
  return depthOptions(new Command('certify'))
    .description('state rigorous bounds with their proofs, and what is not claimed')
    .argument('[files...]', 'tensors of residual mappings, .safetensors or .npy; a checkpoint; with --statistical, files with kernels')
    .option('--tensor <name>', "the tensor (default: 'residualMapping', or the only one that is [.., n, n])")
    .addOption(new Option('--orientation <name>', 'how a mapping is applied to the streams: H·x or Hᵀ·x').choices(['plain', 'transposed']).default('plain'))
    .option('--no-products', 'the first of four dimensions is not depth: no products')
    .option('--all-inputs', 'a kernel for all logits, and for all within --limit: no file is needed')
    .option('--dialect <preset>', 'all inputs: a preset of sinkhorn (default: tilekernels); a checkpoint: one of mappings (default: by its names)')
    .option('--arithmetic <preset>', 'all inputs: how the kernel rounds (default: not at all); a checkpoint: default cuda-f32')
    .option('--limit <number>', 'all inputs: the largest magnitude of a logit', positive, 60)
    .option('--layers <number>', 'all inputs: how many layers are multiplied', integer(1, 1_000_000), 122)
    .option('--parts <number>', 'all inputs: parts that branch and bound may make of the box', integer(1, 100_000), 1)
    .option('--map <names>', 'a checkpoint: names of projection, scales, bias and norm, with * for the layer')
    .option('--observe <number>', 'a checkpoint: random inputs of each sublayer to show beside the bounds', integer(0, 100_000), 16)
    .option('--watch', 'a folder: certify each checkpoint that is written there, and say when a bound gets worse')
    .option('--once', 'with --watch: those that are there, then stop')
    .option('--statistical', 'bound how often a property fails, from problems drawn at random')
    .option('-t, --target <name>', 'statistical: the target', collect)
    .option('-p, --property <name>', 'statistical: the property', collect)
    .option('--problems <number>', 'statistical: how many problems, fixed beforehand', integer(1, 1e12))
    .option('--alpha <number>', 'statistical: one minus the confidence', proportion, 0.05)
    .option('-s, --seed <number>', 'statistical: seed of the draws', integer(0, 0xffffffff), 1)
    .addOption(shardOption())
    .option('--streams <number>', 'statistical: stream count (default: 4, or the first that is supported)', integer(1, 16))
    .option('--family <kind=name>', 'statistical: family of a kind of inputs (default: all of the property, dealt evenly)', append)
    .option('--scale <number>', 'statistical: scale of the logits (default: those of the property, dealt evenly)', positive)
    .option('-c, --config <path>', 'statistical: configuration (default: plumbline.config.{ts,mts,js,mjs})', collect)
    .addOption(pythonOption())
    .addOption(callTimeoutOption())
    .option('--out <file>', 'where the certificate goes')
    .addOption(new Option('--format <name>', 'as it is, or in an in-toto statement for actions/attest').choices(['plain', 'in-toto']).default('plain'))
    .option('--json', 'the certificate as JSON on standard output')
    .option('-r, --reporter <names>', 'how to report: default, html', collect)
    .option('--output-file <path>', 'where html goes', '.plumbline/certificate.html')
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action(async (files: string[], flags: Flags, command: Command) => finish(await run(files, flags, command)));
}

async function run(files: readonly string[], flags: Flags, command: Command): Promise<number> {
  const { stderr } = process;
  requireDepth(flags, command);
  if (flags.format === 'in-toto' && flags.out === undefined && flags.json !== true) {
    throw new PlumblineError('bad-usage', '--format in-toto needs somewhere to go.', 'Add --out <file>, or --json for standard output.');
  }
  checkReporters(flags.reporter, ['default', 'html']);
  if (flags.shard !== undefined && flags.statistical !== true) throw new PlumblineError('bad-usage', '--shard is about the problems of --statistical.', 'Leave it out, or add --statistical.');
  const interrupt = listenForInterrupt(() => stderr.write('Stopping; Ctrl-C again to quit at once.\n'));
  const stopped = (): boolean => interrupt.signal.aborted;
  try {
    if (flags.depth !== undefined) {
      return await certifyOverDepth(files, flags, stopped, progressOn(stderr), (certificate, about, text) => publish(certificate, about, flags, { text, observed: text }));
    }
    if (flags.statistical === true) return await statistically(files, flags, stopped);
    if (flags.allInputs === true) {
      const { inputsCertificate } = await import('./certify-network.ts');
      await publish(inputsCertificate(files, flags, flags.streams ?? 4, stopped), [], flags);
      return exitCodes.held;
    }
    const [file] = files;
    if (file === undefined || files.length > 1) throw new PlumblineError('bad-usage', `One file is certified at a time; ${files.length} are given.`, 'Give a .safetensors or .npy file with residual mappings, or --statistical.');
    const { checkpointCertificate, isCheckpoint, watchCheckpoints } = await import('./certify-network.ts');
    if (flags.watch === true) return await watchCheckpoints(file, flags, interrupt.signal);
    if (isCheckpoint(file, flags.map)) {
      const network = checkpointCertificate(file, flags, stopped, progressOn(stderr));
      if (network === undefined) return exitCodes.interrupted;
      if (flags.json !== true && printsText(flags)) process.stdout.write(`${network.table}\n\n`);
      await publish(network.certificate, network.files, flags, { observed: network.table });
      return exitCodes.held;
    }
    const certificate = await ofOutputs(file, flags, stopped);
    if (certificate === undefined) return exitCodes.interrupted;
    await publish(certificate, [file], flags);
    return exitCodes.held;
  } finally {
    interrupt.dispose();
  }
}

async function statistically(files: readonly string[], flags: Flags, stopped: () => boolean): Promise<number> {
  const { certifyStatistically } = await import('./certify-statistical.ts');
  const ended = await certifyStatistically(files, flags, stopped, progressOn(process.stderr));
  if (ended === undefined) return exitCodes.interrupted;
  if (ended.certificate !== undefined) await publish(ended.certificate, [], flags);
  else if (ended.shards !== undefined && flags.shard !== undefined) {
    deliver('Shard file', formatShards(ended.shards), flags.out ?? blobName(flags.shard), process);
    process.stdout.write(`shard ${formatShard(flags.shard)}: ${ended.problems} problems asked, ${ended.failures} failed; plumbline merge issues the certificate of all shards\n`);
    if (ended.problems === 0) return exitCodes.nothingRan;
  }
  if (ended.failures === 0) return exitCodes.held;
  process.stderr.write(`${ended.failures} problems FAILED; the first: ${ended.first}\n  plumbline verify finds and shrinks them.\n`);
  return exitCodes.counterexample;
}

async function ofOutputs(file: string, flags: Flags, stopped: () => boolean): Promise<Certificate | undefined> {
  const { readOutputs } = await import('../certify/outputs/read-outputs.ts');
  const { certifyOutputs } = await import('../certify/outputs/certify-outputs.ts');
  const outputs = readOutputs(file, flags.tensor);
  const depth = flags.products && outputs.shape.length >= 4;
  if (depth) process.stderr.write(`The first dimension of [${outputs.shape.join(', ')}] is taken as depth; --no-products if it is not.\n`);
  return certifyOutputs(outputs, { orientation: flags.orientation, depth, stopped, onProgress: progressOn(process.stderr) });
}

/** One line that is written over on a terminal; elsewhere a line for each stage. */
function progressOn(stream: NodeJS.WriteStream): (what: string, share: number) => void {
  let last = '';
  return (what, share) => {
    const text = stream.isTTY ? `\r\u001b[2K${what} ${Math.floor(100 * share)} %\r` : what === last ? '' : `${what}\n`;
    if (text !== '') stream.write(text);
    last = what;
  };
}

function printsText({ reporter = ['default'] }: Flags): boolean {
  return reporter.includes('default');
}

/** `text` is for people, instead of the certificate claim by claim; `observed` what the page shows beside it. */
async function publish(certificate: Certificate, about: readonly string[], flags: Flags, { text, observed }: { readonly text?: string; readonly observed?: string } = {}): Promise<void> {
  const { stdout, stderr, env } = process;
  const { inTotoStatement } = await import('../certify/in-toto.ts');
  const { writeCertificate } = await import('../certify/certificate-file.ts');
  const content = flags.format === 'in-toto' ? inTotoStatement(certificate) : certificate;
  if (stderr.isTTY) stderr.write('\r\u001b[2K');
  if (flags.out !== undefined) writeCertificate(flags.out, content);
  const check = flags.out === undefined ? undefined : `plumbline check ${[flags.out, ...about].map(shellQuoted).join(' ')}`;
  if (flags.reporter?.includes('html') === true) {
    const { certificatePage } = await import('../report/html/certificate.ts');
    deliver('HTML report', certificatePage({ certificate, command: ownLine(process.argv, env), observed, check }), flags.outputFile, process);
  }
  if (flags.json === true) {
    stdout.write(`${JSON.stringify(content, undefined, 2)}\n`);
    return;
  }
  if (!printsText(flags)) return;
  stdout.write(`${text ?? formatCertificate(certificate, createStyle(wantsColour(stdout, env, flags.color)))}
`);
  if (check !== undefined) stdout.write(`
${flags.out}: ${check}
`);
}
