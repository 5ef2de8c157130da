/** `plumbline merge`: the shards of one run put together, reported by every reporter, with the exit code that the whole run would have had. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

import { Command } from 'commander';

import { writeCertificate } from '../certify/certificate-file.ts';
import { PlumblineError } from '../errors.ts';
import { formatCertificate } from '../report/certificate.ts';
import { oneLine } from '../report/failure.ts';
import { formatCampaign } from '../report/fuzz.ts';
import { defaultReporters, fileReporters, reporterNames } from '../report/reporters.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { deliver } from '../report/written.ts';
import { writeFileAtomically } from '../verify/atomic-file.ts';
import { sha256 } from '../verify/canonical.ts';
import { exitCodes } from '../verify/exit-code.ts';
import type { Report } from '../verify/results.ts';
import { formatShards, readShards, shardFiles, type SampledShards, type Shards, type VerifiedShards } from '../verify/shards/file.ts';
import { joinShards, requireAll } from '../verify/shards/join.ts';
import { mergedReport } from '../verify/shards/merged-report.ts';
import { version } from '../verify/version.ts';
import { exitCodeHelp } from './exits.ts';
import { audience } from './invocation.ts';
import { mergedCampaign } from './merge-campaigns.ts';
import { collect } from './patterns.ts';
import { checkReporters, createReporters } from './reporting.ts';
import { blobFolder } from './sharding.ts';
import { append } from './values.ts';

export interface MergeFlags {
  reporter?: string[];
  outputFile?: string[];
  partial?: true;
  failuresDir: string;
  out?: string;
  exitZero?: true;
  color: boolean;
}

const mergedBlob = '.plumbline/merged.json';

const help = `
Examples:
  $ plumbline verify --seed 42 --shard 1/3      on one machine; 2/3 and 3/3 on others
  $ plumbline merge                             the files in ${blobFolder}
  $ plumbline merge blobs/ --reporter html,junit
  $ plumbline merge a.json b.json --reporter blob --output-file ab.json
                                                only puts files together, to be merged with others later
  $ plumbline merge campaign/                   shards of fuzz: what any machine found
  $ plumbline merge certified/ --out certificate.json
                                                shards of certify --statistical: one certificate

Files may come in any order: the same shards give the same bytes. Files of another version, commit, plan or seed are refused, and so is a shard that is there twice.
Counterexamples are written to --failures-dir, so that their replay lines work here.
`;

/** The command; `finish` gets the exit code. */
export function mergeCommand(finish: (code: number) => void): Command {
  return new Command('merge')
    .description('put the results of shards together')
    .argument('[files...]', `files that --reporter blob wrote, or folders of them (default: ${blobFolder})`)
    .option('-r, --reporter <names>', `how to report: ${reporterNames.join(', ')}`, collect)
    .option('--output-file <path>', `where ${fileReporters.join(', ')} go; '-' is standard output; json=path where several are used (default: .plumbline/)`, append)
    .option('--partial', 'report although shards are missing: what they have is incomplete, and exit code 0 is not given')
    .option('--failures-dir <folder>', 'where counterexamples go', '.plumbline/failures')
    .option('--out <file>', 'where the certificate of certify --statistical goes')
    .option('--exit-zero', 'exit with 0 even when there are counterexamples')
    .option('--no-color', 'no colours')
    .addHelpText('after', help + exitCodeHelp)
    .action(async (files: string[], flags: MergeFlags) => finish(await run(files.length === 0 ? [blobFolder] : files, flags)));
}

async function run(paths: readonly string[], flags: MergeFlags): Promise<number> {
  const { stdout, stderr, env } = process;
  const joined = joinShards(shardFiles(paths).map((path) => ({ path, file: readShards(path) })), version);
  const names = flags.reporter ?? defaultReporters(await audience(stdout, env));
  if (names.every((name) => name === 'blob')) {
    const [file = mergedBlob] = flags.outputFile ?? [];
    deliver('Shard file', formatShards(joined), file, { stdout, stderr });
    return exitCodes.held;
  }
  if (flags.partial !== true) requireAll(joined);
  if (isSampled(joined)) return certificateOf(joined, names, flags);
  const campaign = joined.run.command === 'fuzz' ? mergedCampaign(joined) : undefined;
  const report = withFailures(campaign ?? mergedReport(joined), joined, flags.failuresDir);
  const style = createStyle(wantsColour(stdout, env, flags.color));
  const finishedAt = Math.max(...joined.shards.map((shard) => shard.finishedAt));
  const blob = { defaultFile: mergedBlob, format: (): string => formatShards(joined) };
  const reporters = createReporters(names, flags.outputFile ?? [], { stdout, stderr, style, env, blob, finishedAt });
  for (const reporter of reporters) {
    reporter.onEvent({ type: 'run-started', seed: report.seed, effort: report.effort, planned: report.results.length + report.shards!.elsewhere, environment: report.environment });
    reporter.finish(report);
  }
  if (campaign !== undefined && !(flags.outputFile ?? []).some((path) => path === '-' || path.endsWith('=-'))) stdout.write(`\n${formatCampaign(campaign, style)}\n`);
  return flags.exitZero === true && report.exitCode === exitCodes.counterexample ? exitCodes.held : report.exitCode;
}

function isSampled(joined: Shards): joined is SampledShards {
  return joined.run.command === 'certify';
}

/** A share of the problems is no sample of their number, so that --partial gives no certificate. */
async function certificateOf(joined: SampledShards, names: readonly string[], { out, color }: MergeFlags): Promise<number> {
  requireAll(joined);
  checkReporters(names, ['default', 'compact', 'json']);
  const { mergedCertificate } = await import('./certify-statistical.ts');
  const { certificate, failures, first } = await mergedCertificate(joined);
  if (out !== undefined) writeCertificate(out, certificate);
  const { stdout, stderr, env } = process;
  stdout.write(names.includes('json') ? `${JSON.stringify(certificate, undefined, 2)}\n` : `${formatCertificate(certificate, createStyle(wantsColour(stdout, env, color)))}\n`);
  if (failures === 0) return exitCodes.held;
  stderr.write(`${failures} problems FAILED; the first: ${oneLine(first ?? '')}\n`);
  return exitCodes.counterexample;
}

/** Writes the counterexamples, and says in the report where they are. One that was not sent along keeps the place that it had on its machine. */
function withFailures(report: Report, { shards }: VerifiedShards, folder: string): Report {
  const sent = new Map(shards.flatMap(({ failures }) => Object.entries(failures)));
  const results = report.results.map((result) => {
    const { counterexample } = result;
    const content = counterexample && sent.get(basename(counterexample.file));
    if (counterexample === undefined || content === undefined) return result;
    const bytes = Buffer.from(content, 'base64');
    const name = basename(counterexample.file);
    // the name of a counterexample ends with a digest of its bytes
    if (!name.endsWith(`-${sha256(bytes).slice(0, 8)}.safetensors`)) throw new PlumblineError('bad-file', `The counterexample '${name}' was changed on its way.`, 'Run that shard again.');
    const file = join(folder, name);
    if (!existsSync(file)) writeFileAtomically(file, bytes);
    return { ...result, counterexample: { ...counterexample, file, replay: counterexample.replay.replace(counterexample.file, file) } };
  });
  return { ...report, results };
}
