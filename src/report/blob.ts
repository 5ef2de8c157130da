/** The reporter whose file `plumbline merge` reads, named as in vitest and Playwright: the shards that a run, or a merge, is about. */
import { PlumblineError } from '../errors.ts';
import { createWritten } from './written.ts';
import type { Reporter, ReporterContext } from './reporter.ts';

export function createBlobReporter(context: ReporterContext): Reporter {
  const { blob } = context;
  if (blob === undefined) throw new PlumblineError('bad-usage', "The reporter 'blob' is of no use here.", 'It goes with verify, fuzz and merge.');
  return createWritten({ what: 'Shard file', defaultFile: '.plumbline/blobs/blob-1-1.json', format: (report) => blob.format(report) })({ ...context, file: context.file ?? blob.defaultFile });
}
