/** The reporters of a run, from their names and the files they are to write. */
import { PlumblineError, suggest } from '../errors.ts';
import { createReporter, fileReporters, reporterNames, type ReporterName } from '../report/reporters.ts';
import type { BlobSource, Output, Reporter } from '../report/reporter.ts';
import type { Style } from '../report/style.ts';

export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly style: Style;
  readonly command?: string | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly blob?: BlobSource | undefined;
  readonly finishedAt?: number | undefined;
}

/** Creates the reporters. `outputFiles` are paths, or `reporter=path` where several write files. Throws `bad-usage`. */
export function createReporters(names: readonly string[], outputFiles: readonly string[], surroundings: Surroundings): Reporter[] {
  const known = [...new Set(names)].map(asReporterName);
  const writing = known.filter((name) => fileReporters.includes(name));
  const files = new Map(outputFiles.map((text) => assign(text, writing)));
  const toStdout = [...files].filter(([, path]) => path === '-').map(([name]) => name);
  if (toStdout.length > 0 && known.length > 1 && known.length > writing.length) {
    throw new PlumblineError('bad-usage', `--output-file - gives standard output to '${toStdout[0]}' alone, but other reporters print there too.`, `Use --reporter ${toStdout[0]} without them, or a path.`);
  }
  if (toStdout.length > 1) throw new PlumblineError('bad-usage', 'Two reporters cannot both have standard output.', 'Give one of them a path.');
  return known.map((name) => createReporter[name]({ ...surroundings, file: files.get(name) }));
}

function asReporterName(name: string): ReporterName {
  const known = reporterNames.find((candidate) => candidate === name);
  if (known === undefined) throw new PlumblineError('bad-usage', `There is no reporter '${name}'.`, suggest(name, reporterNames));
  return known;
}

function assign(text: string, writing: readonly ReporterName[]): [ReporterName, string] {
  const named = /^([a-z]+)=(.+)$/.exec(text);
  if (named !== null && reporterNames.some((name) => name === named[1])) {
    const name = asReporterName(named[1]!);
    if (!writing.includes(name)) throw new PlumblineError('bad-usage', `--output-file names the reporter '${name}', which is not used or writes no file.`, `Add --reporter ${name}.`);
    return [name, named[2]!];
  }
  if (writing.length === 0) throw new PlumblineError('bad-usage', '--output-file needs a reporter that writes a file.', `Add --reporter ${fileReporters.join(' or --reporter ')}.`);
  if (writing.length > 1) throw new PlumblineError('bad-usage', `--output-file '${text}' could be for ${writing.join(' or ')}.`, `Write --output-file ${writing[0]}=${text}.`);
  return [writing[0]!, text];
}

/** Of a command with few reporters. Throws `bad-usage` for another. */
export function checkReporters(names: readonly string[] = [], known: readonly string[]): void {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new PlumblineError('bad-usage', `There is no reporter '${wrong}' here.`, suggest(wrong, known));
}
