/**
 * Calls of kernels in a worker process, one at a time. A process that ended, was killed for its time limit, or says that it must not be used again is
 * replaced before the next call; whatever went wrong is an outcome of the call that met it, with the last lines of the worker's stderr.
 */
import type { Sizes } from '../../operations/operation.ts';
import { decodeSafetensors, safetensorsParts } from '../../tensor/safetensors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RemoteTiming, TimingRequest } from '../kernel.ts';
import { OutcomeError, TargetUnusable, type OutcomeName } from '../outcome.ts';
import { helloOf } from './handshake.ts';
import { describeEnding, WorkerProcess, type Ending, type WorkerCommand } from './process.ts';
import { helloMessage, parseLine, resultSchema, runMessage, timeMessage, timingSchema, type WorkerFailure, type WorkerHello } from './protocol.ts';
import { RamFile } from './ram-file.ts';
import { tailOf } from './tail.ts';

export interface WorkerOptions extends WorkerCommand {
  /** Time for starting and saying hello, in milliseconds. Imports of frameworks take seconds. */
  readonly startTimeoutMs?: number | undefined;
  /** Time for ending when asked to. */
  readonly stopTimeoutMs?: number | undefined;
}

export const defaultStartMs = 120_000;
export const defaultStopMs = 2000;
/** Starts in a row that may fail before the worker is given up. */
const mostFailedStarts = 3;

export class WorkerClient {
  /** Processes started so far. */
  starts = 0;
  private readonly options: WorkerOptions;
  private readonly plumbline: string;
  /** The file of the last call's inputs. */
  inputs = new RamFile();
  private outputs = new RamFile();
  private worker: WorkerProcess | undefined;
  private dying: Promise<unknown> = Promise.resolve();
  private queue: Promise<unknown> = Promise.resolve();
  private lost: TargetUnusable | undefined;
  private lastId = 0;

  constructor(options: WorkerOptions, plumbline: string) {
    this.options = options;
    this.plumbline = plumbline;
  }

  /** The process that is running. */
  get process(): WorkerProcess | undefined {
    return this.worker;
  }

  /** Starts the process and exchanges hellos. Throws `TargetUnusable`. */
  async start(): Promise<WorkerHello> {
    if (this.starts++ > 0) this.renewFiles();
    const limit = this.options.startTimeoutMs ?? defaultStartMs;
    const worker = new WorkerProcess(this.options, this.inputs, this.outputs);
    this.worker = worker;
    worker.send(helloMessage(this.plumbline));
    const event = await worker.next(limit, undefined);
    try {
      return helloOf(event, worker, this.options.command.join(' '), limit);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /**
   * Has a process ready to be called. Throws `TargetUnusable` when the process that is to replace another cannot be started, and an `OutcomeError`, once, when a process
   * ended by itself between two calls: some call before did that.
   */
  ready(): Promise<void> {
    return this.inTurn(() => this.replaced());
  }

  private async replaced(): Promise<void> {
    await this.dying; // it may hold what the next one needs: a device's memory
    if (this.worker !== undefined) this.refuseEnded(this.worker);
    if (this.worker !== undefined) return;
    for (let failed = 0; this.lost === undefined; ) {
      try {
        await this.start();
        return;
      } catch (error) {
        if (!(error instanceof TargetUnusable)) throw error;
        if (++failed === mostFailedStarts) this.lost = new TargetUnusable(`The worker could not be started again, ${failed} times in a row: ${error.message}`, error.remedy);
      }
    }
    throw this.lost;
  }

  /** Calls a kernel, after the calls before it. Throws `OutcomeError`, or `TargetUnusable` as `ready` does. */
  call(operation: string, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes, signal?: AbortSignal): Promise<Readonly<Record<string, Tensor>>> {
    return this.inTurn(async () => {
      await this.replaced();
      return this.callNow(inputs, signal, (id, bytes) => runMessage(id, operation, sizes, bytes), (line, id, worker) => this.answer(line, id, worker));
    });
  }

  /** Has a kernel timed where it runs, after the calls before it. Throws as `call` does. */
  time(operation: string, inputs: Readonly<Record<string, Tensor>>, sizes: Sizes, request: TimingRequest, signal?: AbortSignal): Promise<RemoteTiming> {
    return this.inTurn(async () => {
      await this.replaced();
      return this.callNow(inputs, signal, (id, bytes) => timeMessage(id, operation, sizes, bytes, request), (line, id, worker) => this.timing(line, id, worker));
    });
  }

  /** Ends the process and gives the memory back. */
  async close(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    this.lost = new TargetUnusable('The target is closed.', 'Open it first.');
    await worker?.stop(this.options.stopTimeoutMs ?? defaultStopMs);
    await this.dying;
    this.inputs.close();
    this.outputs.close();
  }

  /** After what was asked before: one process has one conversation. */
  private inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.queue.then(act);
    this.queue = turn.then(() => undefined, () => undefined);
    return turn;
  }

  private async callNow<Result>(
    inputs: Readonly<Record<string, Tensor>>,
    signal: AbortSignal | undefined,
    message: (id: number, bytes: number) => object,
    answer: (line: string, id: number, worker: WorkerProcess) => Promise<Result>,
  ): Promise<Result> {
    const worker = this.worker!;
    const id = ++this.lastId;
    worker.forgetStderr();
    this.outputs.forget();
    worker.send(message(id, this.inputs.write(safetensorsParts(inputs))));
    const event = await worker.next(undefined, signal);
    if (typeof event === 'string') {
      const late = signal?.reason instanceof OutcomeError ? signal.reason.message : 'The call was given up.';
      const reason = `${late} Its process was ended${described(worker)}.${tailOf(worker)}`;
      void this.discard(); // the caller's time is up: it does not wait for the end
      throw new OutcomeError('timed-out', reason);
    }
    if ('ending' in event) {
      this.worker = undefined;
      throw new OutcomeError(outcomeOf(event.ending, worker), `The worker ${describeEnding(event.ending)}${described(worker)}.${tailOf(worker)}`);
    }
    return answer(event.line, id, worker);
  }

  private refuseEnded(worker: WorkerProcess): void {
    const { ending } = worker;
    if (ending === undefined) return;
    this.worker = undefined;
    const since = this.lastId === 0 ? 'before it was called' : `after it had answered call ${this.lastId}`;
    throw new OutcomeError(outcomeOf(ending, worker), `The worker ${describeEnding(ending)} ${since}.${tailOf(worker)}`);
  }

  private async answer(line: string, id: number, worker: WorkerProcess): Promise<Readonly<Record<string, Tensor>>> {
    const parsed = resultSchema.safeParse(parseLine(line));
    if (!parsed.success || parsed.data.id !== id) {
      const found = parsed.success ? `an answer to call ${parsed.data.id}, not ${id}` : `'${line.slice(0, 200)}'`;
      return this.broken(`The worker wrote ${found} where the result of call ${id} was due. Prints belong on stderr.`, worker);
    }
    const result = parsed.data;
    if (result.outcome !== 'ok') return this.failed(result, worker);
    const held = this.outputs.size;
    if (held < result.bytes) return this.broken(`The worker announced ${result.bytes} bytes of tensors and wrote ${held}.`, worker);
    try {
      return decodeSafetensors(this.outputs.read(result.bytes), true).tensors;
    } catch (error) {
      return this.broken(`The worker's tensors: ${error instanceof Error ? error.message : String(error)}`, worker);
    }
  }

  private async timing(line: string, id: number, worker: WorkerProcess): Promise<RemoteTiming> {
    const parsed = timingSchema.safeParse(parseLine(line));
    if (!parsed.success || parsed.data.id !== id) return this.broken(`The worker wrote '${line.slice(0, 200)}' where the times of call ${id} were due.`, worker);
    const { data } = parsed;
    return data.outcome === 'ok' ? { clock: data.clock, calls: data.calls, samples: data.samples, copy: data.copy, counts: data.counts } : this.failed(data, worker);
  }

  private async failed({ outcome, message, fatal }: WorkerFailure, worker: WorkerProcess): Promise<never> {
    if (fatal !== true) throw new OutcomeError(outcome, message);
    await this.discard();
    throw new OutcomeError(outcome, `${message}${tailOf(worker)}`);
  }

  private async broken(message: string, worker: WorkerProcess): Promise<never> {
    await this.discard();
    throw new OutcomeError('broken-protocol', `${message}${tailOf(worker)}`);
  }

  /** Kills the process; its answer can no longer be trusted, or never comes. Its stderr is read to the end. */
  private async discard(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    worker?.kill();
    this.dying = worker?.ended ?? this.dying;
    await this.dying;
  }

  /** Each process has files of its own: what is left of an old one cannot write into the answers of a new one. */
  private renewFiles(): void {
    this.inputs.close();
    this.outputs.close();
    this.inputs = new RamFile();
    this.outputs = new RamFile();
  }
}

function described({ unfinished }: WorkerProcess): string {
  return unfinished === '' ? '' : ` after the unfinished message '${unfinished.slice(0, 100)}'`;
}

/** SIGKILL that plumbline did not send is how a system takes memory back; runtimes say it themselves. */
function outcomeOf({ signal }: Ending, worker: WorkerProcess): OutcomeName {
  const ranOut = signal === 'SIGKILL' || worker.stderr.some((line) => /MemoryError|bad_alloc|out of memory|memory allocation of \d+ bytes failed/i.test(line));
  return ranOut ? 'out-of-memory' : 'crashed';
}
