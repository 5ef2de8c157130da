/**
 * Calls of kernels in a worker process. One call at a time. A process that ended, was killed for its time limit, or says that it must not be used again is
 * replaced at the next call; whatever went wrong is an outcome of the call that met it, with the last lines of the worker's stderr.
 */
import type { Sizes } from '../../operations/operation.ts';
import { decodeSafetensors, safetensorsParts } from '../../tensor/safetensors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { OutcomeError } from '../outcome.ts';
import { describeEnding, WorkerProcess, type Ending, type WorkerCommand } from './process.ts';
import { errorSchema, helloMessage, helloSchema, longestLine, protocolVersion, resultSchema, type WorkerHello, type WorkerResult } from './protocol.ts';
import { RamFile } from './ram-file.ts';

export interface WorkerOptions extends WorkerCommand {
  /** Time for starting and saying hello, in milliseconds. Imports of frameworks take seconds. */
  readonly startTimeoutMs?: number | undefined;
  /** Time for ending when asked to. */
  readonly stopTimeoutMs?: number | undefined;
}

/** A worker that cannot be used, with what to do about it. */
export class WorkerUnusable extends Error {
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    super(reason);
    this.remedy = remedy;
  }
}

/** What ends the wait for a message. */
type Event = { readonly line: string } | { readonly ending: Ending } | 'late' | 'aborted';

const defaultStartMs = 120_000;
const defaultStopMs = 2000;

export class WorkerClient {
  /** Processes started so far. */
  starts = 0;
  private readonly options: WorkerOptions;
  private readonly plumbline: string;
  private readonly inputs = new RamFile();
  private readonly outputs = new RamFile();
  private worker: WorkerProcess | undefined;
  private readonly lines: string[] = [];
  private wake: ((event: Event) => void) | undefined;
  private lastId = 0;

  constructor(options: WorkerOptions, plumbline: string) {
    this.options = options;
    this.plumbline = plumbline;
  }

  /** Starts the process and exchanges hellos. Throws `WorkerUnusable`. */
  async start(): Promise<WorkerHello> {
    this.starts++;
    this.lines.length = 0;
    const worker = new WorkerProcess(this.options, this.inputs, this.outputs, (line) => this.receive(line));
    this.worker = worker;
    worker.send(helloMessage(this.plumbline));
    const event = await this.next(worker, this.options.startTimeoutMs ?? defaultStartMs, undefined);
    try {
      return helloOf(event, worker, this.options);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** Calls a kernel. Throws `OutcomeError`. */
  async call(operation: string, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes, signal?: AbortSignal): Promise<Readonly<Record<string, Tensor>>> {
    const worker = await this.ready();
    const id = ++this.lastId;
    this.outputs.clear();
    const bytes = this.inputs.write(safetensorsParts(inputs));
    worker.send({ type: 'run', id, operation, sizes, bytes });
    const event = await this.next(worker, undefined, signal);
    if (typeof event === 'string') {
      await this.discard();
      throw new OutcomeError('timed-out', `The kernel did not answer in time; its process was ended.${tail(worker)}`);
    }
    if ('ending' in event) {
      this.worker = undefined;
      const partly = worker.unfinished === '' ? '' : ` after the unfinished message '${worker.unfinished.slice(0, 100)}'`;
      throw new OutcomeError(memoryRanOut(event.ending, worker) ? 'out-of-memory' : 'crashed', `The worker ${describeEnding(event.ending)}${partly}.${tail(worker)}`);
    }
    return this.answer(event.line, id, worker);
  }

  /** Ends the process and gives the memory back. */
  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.stop(this.options.stopTimeoutMs ?? defaultStopMs);
    this.inputs.close();
    this.outputs.close();
  }

  private async ready(): Promise<WorkerProcess> {
    if (this.worker !== undefined && this.worker.ending === undefined) return this.worker;
    try {
      await this.start();
    } catch (error) {
      if (error instanceof WorkerUnusable) throw new OutcomeError('crashed', `The worker could not be started again: ${error.message}`, { cause: error });
      throw error;
    }
    return this.worker!;
  }

  private async answer(line: string, id: number, worker: WorkerProcess): Promise<Readonly<Record<string, Tensor>>> {
    const parsed = resultSchema.safeParse(parse(line));
    if (!parsed.success || parsed.data.id !== id) {
      const found = parsed.success ? `an answer to call ${parsed.data.id}, not ${id}` : `'${line.slice(0, 200)}'`;
      return this.broken(`The worker wrote ${found} where the result of call ${id} was due. Prints belong on stderr.`, worker);
    }
    const result: WorkerResult = parsed.data;
    if (result.outcome !== 'ok') {
      if (result.fatal === true) await this.discard();
      throw new OutcomeError(result.outcome, `${result.message}${result.fatal === true ? tail(worker) : ''}`);
    }
    const held = this.outputs.size;
    if (held < result.bytes) return this.broken(`The worker announced ${result.bytes} bytes of tensors and wrote ${held}.`, worker);
    try {
      return decodeSafetensors(this.outputs.read(result.bytes), true).tensors;
    } catch (error) {
      return this.broken(`The worker's tensors: ${error instanceof Error ? error.message : String(error)}`, worker);
    }
  }

  private async broken(message: string, worker: WorkerProcess): Promise<never> {
    await this.discard();
    throw new OutcomeError('broken-protocol', `${message}${tail(worker)}`);
  }

  /** Kills the process; its answer can no longer be trusted, or never comes. */
  private async discard(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    worker?.kill();
    await worker?.ended;
  }

  private receive(line: string): void {
    if (this.wake === undefined) this.lines.push(line.slice(0, longestLine));
    else this.wake({ line });
  }

  private async next(worker: WorkerProcess, timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<Event> {
    const waiting = this.lines.shift();
    if (waiting !== undefined) return { line: waiting };
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => this.wake?.('aborted');
    try {
      return await new Promise<Event>((resolve) => {
        this.wake = resolve;
        if (timeoutMs !== undefined) timer = setTimeout(() => resolve('late'), timeoutMs);
        signal?.addEventListener('abort', onAbort);
        if (signal?.aborted === true) onAbort();
        void worker.ended.then((ending) => resolve({ ending }));
      });
    } finally {
      this.wake = undefined;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function helloOf(event: Event, worker: WorkerProcess, options: WorkerOptions): WorkerHello {
  const command = options.command.join(' ');
  if (typeof event === 'string') throw new WorkerUnusable(`'${command}' said nothing for ${options.startTimeoutMs ?? defaultStartMs} ms.${tail(worker)}`, 'It must answer hello on stdout: see docs/worker-protocol.md.');
  if ('ending' in event) {
    const missing = event.ending.error?.code === 'ENOENT';
    const remedy = missing ? `There is no program '${options.command[0]}' on the PATH: install it, or name another.` : 'Run the command by itself to see where it fails.';
    throw new WorkerUnusable(`'${command}' ${describeEnding(event.ending)} before it said hello.${tail(worker)}`, remedy);
  }
  const message = parse(event.line);
  const error = errorSchema.safeParse(message);
  if (error.success) throw new WorkerUnusable(error.data.message, 'The message comes from the worker itself.');
  const version = typeof message === 'object' && message !== null && 'protocol' in message ? message.protocol : undefined;
  if (typeof version === 'number' && version !== protocolVersion) {
    throw new WorkerUnusable(`'${command}' speaks version ${version} of the worker protocol, this plumbline version ${protocolVersion}.`, 'Use the worker file that came with this plumbline.');
  }
  const hello = helloSchema.safeParse(message);
  if (hello.success) return hello.data;
  const issue = hello.error.issues[0];
  throw new WorkerUnusable(`'${command}' wrote '${event.line.slice(0, 200)}' where its hello was due (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}).${tail(worker)}`, 'Prints belong on stderr; see docs/worker-protocol.md.');
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the schema says what is wrong with it
  }
}

/** The kernel's side of the story, for the end of a message. */
function tail(worker: WorkerProcess): string {
  const lines = worker.stderr.filter((line) => line.trim() !== '').slice(-8);
  return lines.length === 0 ? '' : `\nLast lines of its stderr:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** Nobody else kills with SIGKILL without a word; Python says MemoryError itself. */
function memoryRanOut({ signal }: Ending, worker: WorkerProcess): boolean {
  return signal === 'SIGKILL' || worker.stderr.some((line) => /\b(MemoryError|std::bad_alloc|out of memory)\b/i.test(line));
}

