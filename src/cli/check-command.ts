/** `plumbline check`: a certificate recomputed by the independent checker, from the tensors that it is about. */
import { readFileSync } from 'node:fs';

import { Command } from 'commander';

import { moreMethods } from '../certify/checker/all.ts';
import { checkCertificate, DamagedFile, type Checked } from '../certify/checker/check.ts';
import { PlumblineError } from '../errors.ts';
import { formatChecked } from '../report/certificate.ts';
import { checkedPage } from '../report/html/certificate.ts';
import { valueToJson } from '../report/json.ts';
import { createStyle, wantsColour } from '../report/style.ts';
import { deliver } from '../report/written.ts';
import { exitCodes } from '../verify/exit-code.ts';
import { version } from '../verify/version.ts';
import { ownLine } from './invocation.ts';
import { collect } from './patterns.ts';
import { checkReporters } from './reporting.ts';

interface Flags {
  allowUnchecked?: true;
  json?: true;
  reporter?: string[];
  outputFile: string;
  color: boolean;
}

const help = `
Examples:
  $ plumbline check certificate.json outputs.safetensors
  $ plumbline check certificate.intoto.json outputs.safetensors --json

The checker shares no code with what issues certificates: it parses the files, checks the digest, and recomputes every bound. A claim of a method that it
does not know, or about a file that was not given, is "not checked", and the certificate is not valid then, unless --allow-unchecked says that this is meant.

Exit codes:
  0  every claim was confirmed
  1  refused, with the reason: a forged bound, another tensor, a changed byte; or a claim that was not checked
  2  bad usage, or a damaged file`;

/** The command; `finish` gets the exit code. */
export function checkCommand(finish: (code: number) => void): Command {
  return new Command('check')
    .description('check a certificate independently of what issued it')
    .argument('<certificate>', 'a certificate, or an in-toto statement with one')
    .argument('[tensors...]', 'the .safetensors or .npy files that it is about')
    .option('--allow-unchecked', 'accept claims that cannot be checked here; they are still listed')
    .option('--json', 'the verdicts as JSON')
    .option('-r, --reporter <names>', 'how to report: default, html', collect)
    .option('--output-file <path>', 'where html goes', '.plumbline/check.html')
    .option('--no-color', 'no colours')
    .addHelpText('after', help)
    .action((certificate: string, tensors: string[], flags: Flags) => finish(run(certificate, tensors, flags)));
}

function run(path: string, tensors: readonly string[], flags: Flags): number {
  const { stdout, env } = process;
  checkReporters(flags.reporter, ['default', 'html']);
  const checked = check(path, tensors);
  const refused = checked.refused !== undefined || checked.claims.some(({ verdict }) => verdict === 'refused');
  const unchecked = checked.claims.some(({ verdict }) => verdict === 'not checked');
  const confirmed = checked.claims.some(({ verdict }) => verdict === 'holds');
  const accepted = !refused && (!unchecked || flags.allowUnchecked === true) && confirmed;
  if (flags.reporter?.includes('html') === true) deliver('HTML report', checkedPage(checked, accepted, path, ownLine(process.argv, env), version), flags.outputFile, process);
  if (flags.json === true) stdout.write(`${valueToJson({ schemaVersion: 1, valid: accepted, ...checked })}\n`);
  else if (flags.reporter?.includes('default') !== false) stdout.write(`${formatChecked(checked, accepted, createStyle(wantsColour(stdout, env, flags.color)))}\n`);
  return accepted ? exitCodes.held : exitCodes.counterexample;
}

function check(path: string, tensors: readonly string[]): Checked {
  const text = bytesOf(path).toString('utf8');
  const files = tensors.map(bytesOf);
  try {
    return checkCertificate(text, files, moreMethods);
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    throw new PlumblineError('bad-file', `Cannot check '${path}': ${error.message}.`, 'Give a certificate that plumbline certify wrote, and the whole files that it is about.', { cause: error });
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PlumblineError('bad-file', `Cannot read '${path}': ${error instanceof Error ? error.message : String(error)}`, undefined, { cause: error });
  }
}
