/** A worker's hello, or why there was none and what to do about it. */
import { TargetUnusable } from '../outcome.ts';
import { describeEnding, type WorkerEvent, type WorkerProcess } from './process.ts';
import { errorSchema, helloSchema, parseLine, protocolVersion, type WorkerHello } from './protocol.ts';
import { tailOf } from './tail.ts';

/** The hello in what a worker's first message turned out to be. Throws `TargetUnusable`. */
export function helloOf(event: WorkerEvent, worker: WorkerProcess, command: string, limitMs: number): WorkerHello {
  if (typeof event === 'string') {
    const written = worker.unfinished === '' ? 'nothing' : `'${worker.unfinished.slice(0, 100)}' without an end of line`;
    throw new TargetUnusable(`'${command}' said ${written} in ${limitMs} ms.${tailOf(worker)}`, 'It must answer hello on stdout (docs/worker-protocol.md), or needs a longer startTimeoutMs.');
  }
  if ('ending' in event) {
    const missing = event.ending.error?.code === 'ENOENT';
    const remedy = missing ? `There is no program '${command.split(' ', 1)[0]}' here: install it, or name another (for Python: --python or PLUMBLINE_PYTHON).` : 'Run the command by itself to see where it fails.';
    throw new TargetUnusable(`'${command}' ${describeEnding(event.ending)} before it said hello.${tailOf(worker)}`, remedy);
  }
  const message = parseLine(event.line);
  const error = errorSchema.safeParse(message);
  if (error.success) {
    const module = /No module named '([\w.]+)'/.exec(error.data.message)?.[1];
    const remedy = module === undefined ? 'This is what the worker itself says.' : `Install ${module} for '${command.split(' ', 1)[0]}', or name an interpreter that has it with --python.`;
    throw new TargetUnusable(`${error.data.message}${tailOf(worker)}`, remedy);
  }
  const version = typeof message === 'object' && message !== null && 'protocol' in message ? message.protocol : undefined;
  if (typeof version === 'number' && version !== protocolVersion) {
    throw new TargetUnusable(`'${command}' speaks version ${version} of the worker protocol, this plumbline version ${protocolVersion}.`, 'Use the worker file that came with this plumbline.');
  }
  const hello = helloSchema.safeParse(message);
  if (hello.success) return hello.data;
  const issue = hello.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  throw new TargetUnusable(`'${command}' wrote '${event.line.slice(0, 200)}' where its hello was due${field}.${tailOf(worker)}`, 'Prints belong on stderr; see docs/worker-protocol.md.');
}
