/**
 * One worker process: started, spoken to in lines, and ended for sure. It is the head of a process group of its own, so that what it starts ends with it and a Ctrl-C
 * reaches plumbline alone. When plumbline ends in any way that it notices, the group is killed; when it is killed itself, the worker sees the end of its stdin.
 */
import { spawn, type ChildProcess } from 'node:child_process';

import { inputsFd, longestLine, outputsFd, protocolVersion } from './protocol.ts';
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

/** Lines of stderr that are kept for reports. */
const keptLines = 20;
const longestStderrLine = 2000;

const running = new Set<WorkerProcess>();
process.on('exit', () => {
  for (const worker of running) worker.kill();
});

export class WorkerProcess {
  /** Resolves when the process has ended and its pipes are empty. */
  readonly ended: Promise<Ending>;
  ending: Ending | undefined;

  private readonly child: ChildProcess;
  private readonly onLine: (line: string) => void;
  private pending = '';
  private readonly errors: string[] = [];
  private lastError = '';

  constructor(command: WorkerCommand, inputs: RamFile, outputs: RamFile, onLine: (line: string) => void) {
    this.onLine = onLine;
    const [program = '', ...rest] = command.command;
    const stdio: (number | 'pipe')[] = ['pipe', 'pipe', 'pipe'];
    stdio[inputsFd] = inputs.fd;
    stdio[outputsFd] = outputs.fd;
    this.child = spawn(program, rest, { cwd: command.cwd, env: { ...process.env, PLUMBLINE_WORKER: String(protocolVersion), ...command.env }, stdio, detached: true });
    running.add(this);
    this.ended = new Promise((resolve) => {
      const settle = (ending: Ending): void => {
        if (this.ending !== undefined) return;
        this.ending = ending;
        running.delete(this);
        this.killGroup(); // what the worker started and left
        resolve(ending);
      };
      this.child.on('error', (error) => settle({ code: null, signal: null, error }));
      this.child.on('close', (code, signal) => settle({ code, signal }));
    });
    this.child.stdin!.on('error', () => undefined); // a worker that ended: `ended` tells
    this.child.stdout!.setEncoding('utf8').on('data', (chunk: string) => this.receive(chunk));
    this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => this.keep(chunk));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The last lines that the worker wrote to stderr. */
  get stderr(): readonly string[] {
    return this.lastError === '' ? this.errors : [...this.errors, this.lastError].slice(-keptLines);
  }

  /** What the worker wrote to stdout without ending the line. */
  get unfinished(): string {
    return this.pending;
  }

  send(message: object): void {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  /** Asks the worker to end, and kills it when it does not within the time. */
  async stop(graceMs: number): Promise<void> {
    if (this.ending !== undefined) return;
    this.send({ type: 'shutdown' });
    this.child.stdin!.end();
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the worker and what it started, at once. */
  kill(): void {
    this.killGroup();
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  private killGroup(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // nobody is left
    }
  }

  private receive(chunk: string): void {
    const lines = (this.pending + chunk).split('\n');
    this.pending = lines.pop()!;
    for (const line of lines) this.onLine(line);
    if (this.pending.length > longestLine) {
      const start = this.pending.slice(0, 200);
      this.pending = '';
      this.onLine(start);
    }
  }

  private keep(chunk: string): void {
    const lines = (this.lastError + chunk).split('\n').map((line) => line.slice(0, longestStderrLine));
    this.lastError = lines.pop()!;
    this.errors.push(...lines);
    this.errors.splice(0, this.errors.length - keptLines);
  }
}

/** How a process ended, in words. */
export function describeEnding({ code, signal, error }: Ending): string {
  if (error !== undefined) return `could not be started: ${error.message}`;
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}
