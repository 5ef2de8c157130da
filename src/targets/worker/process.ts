/**
 * One worker process: started, spoken to in lines, and ended for sure. It is the head of a process group of its own, so that what it starts ends with it and a Ctrl-C
 * reaches plumbline alone. When plumbline ends in a way that it notices, it kills the group itself; whatever else ends it, a guard does (guard.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';

import { startGuard, type Guard } from './guard.ts';
import { Lines } from './lines.ts';
import { inputsFd, outputsFd, protocolVersion, shutdownMessage } from './protocol.ts';
import type { RamFile } from './ram-file.ts';

/** How a worker is started. */
export interface WorkerCommand {
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** How a worker ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly error?: NodeJS.ErrnoException;
}

/** What ends the wait for a message. */
export type WorkerEvent = { readonly line: string } | { readonly ending: Ending } | 'late' | 'aborted';

/** Time for the pipes of a process that has ended to run dry: somebody who left its group may hold them. */
const drainMs = 1000;
/** Time for SIGKILL to work: a driver can hold a process in the system for ever. */
const killMs = 5000;

const running = new Set<WorkerProcess>();
process.on('exit', () => {
  for (const worker of running) worker.kill();
});

export class WorkerProcess {
  /** Resolves when the process has ended and its pipes are empty. */
  readonly ended: Promise<Ending>;
  ending: Ending | undefined;

  private readonly child: ChildProcess;
  private readonly guard: Guard | undefined;
  private readonly messages = new Lines();
  private readonly errors = new Lines();
  private earlier: readonly string[] = [];
  private settle: (ending: Ending) => void = () => undefined;
  private killing: NodeJS.Timeout | undefined;

  constructor(command: WorkerCommand, inputs: RamFile, outputs: RamFile) {
    const [program = '', ...rest] = command.command;
    const stdio: (number | 'pipe')[] = ['pipe', 'pipe', 'pipe'];
    stdio[inputsFd] = inputs.fd;
    stdio[outputsFd] = outputs.fd;
    this.child = spawn(program, rest, { cwd: command.cwd, env: { ...process.env, PLUMBLINE_WORKER: String(protocolVersion), ...command.env }, stdio, detached: true });
    running.add(this);
    this.guard = this.child.pid === undefined ? undefined : startGuard(this.child.pid);
    this.ended = new Promise((resolve) => {
      this.settle = (ending) => this.finish(ending, resolve);
    });
    this.child.on('error', (error) => this.settle({ code: null, signal: null, error }));
    this.child.on('exit', (code, signal) => {
      this.killGroup(); // what the worker started and left holds its pipes
      setTimeout(() => this.settle({ code, signal }), drainMs).unref();
    });
    this.child.on('close', (code, signal) => this.settle({ code, signal }));
    this.child.stdin!.on('error', () => undefined); // a worker that ended: `ended` tells
    this.child.stdout!.setEncoding('utf8').on('data', (chunk: string) => this.messages.add(chunk));
    this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => this.errors.add(chunk));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The last lines that the worker wrote to stderr since `forgetStderr`. */
  get stderr(): readonly string[] {
    return this.errors.last;
  }

  /** As `stderr`; where nothing was written since, the last lines before. */
  get lastWords(): readonly string[] {
    return this.errors.last.length > 0 ? this.errors.last : this.earlier;
  }

  /** What the worker wrote to stdout without ending the line. */
  get unfinished(): string {
    return this.messages.unfinished;
  }

  /** Lines of stdout that nobody asked for. */
  get stray(): readonly string[] {
    return this.messages.last;
  }

  /** What is written from now on belongs to another call. */
  forgetStderr(): void {
    this.earlier = this.lastWords;
    this.errors.clear();
  }

  send(message: object): void {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  /** The next line of stdout, or what came instead of one. */
  async next(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<WorkerEvent> {
    let timer: NodeJS.Timeout | undefined;
    let onAbort = (): void => undefined;
    try {
      return await new Promise<WorkerEvent>((resolve) => {
        onAbort = () => resolve('aborted');
        if (signal?.aborted === true) return onAbort();
        signal?.addEventListener('abort', onAbort);
        if (timeoutMs !== undefined) timer = setTimeout(() => resolve('late'), timeoutMs);
        this.messages.take((line) => resolve({ line }));
        void this.ended.then((ending) => resolve({ ending }));
      });
    } finally {
      this.messages.take(undefined);
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Asks the worker to end, and kills it when it does not within the time. Says whether it ended by itself. */
  async stop(graceMs: number): Promise<boolean> {
    if (this.ending !== undefined) return true;
    this.send(shutdownMessage);
    this.child.stdin!.end();
    return this.endsWithin(graceMs);
  }

  /** Closes stdin, as the system does when plumbline is gone, and kills the worker when it does not end within the time. Says whether it ended by itself. */
  async hangUp(graceMs: number): Promise<boolean> {
    this.child.stdin!.end();
    return this.endsWithin(graceMs);
  }

  /** Ends the worker and what it started, at once. */
  kill(): void {
    if (this.ending !== undefined) return;
    this.killGroup();
    this.killing ??= setTimeout(() => this.settle({ code: null, signal: 'SIGKILL' }), killMs).unref();
  }

  private async endsWithin(graceMs: number): Promise<boolean> {
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
    return this.killing === undefined;
  }

  private finish(ending: Ending, resolve: (ending: Ending) => void): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    clearTimeout(this.killing);
    running.delete(this);
    this.killGroup();
    this.guard?.dismiss();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) stream?.destroy();
    resolve(ending);
  }

  private killGroup(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // nobody is left
    }
  }
}

/** How a process ended, in words. */
export function describeEnding({ code, signal, error }: Ending): string {
  if (error !== undefined) return `could not be started: ${error.message}`;
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}
