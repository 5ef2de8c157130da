/** Starts a worker from a process in between, and kills that: what a worker sees when plumbline is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { WorkerOptions } from '../worker/client.ts';
import { RamFile } from '../worker/ram-file.ts';

/** The process in between: says the worker's pid once the worker answered hello, and waits. Plain JavaScript, because it has no file of its own. */
const inBetween = `
const { spawn } = require('node:child_process');
const { command, hello } = JSON.parse(process.env.PLUMBLINE_IN_BETWEEN);
delete process.env.PLUMBLINE_IN_BETWEEN;
const worker = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'ignore', 3, 4], detached: true });
worker.stdin.write(hello + '\\n');
const say = (text) => require('node:fs').writeSync(1, text + '\\n');
worker.stdout.once('data', () => say(String(worker.pid)));
worker.on('error', (error) => say(error.message));
worker.on('exit', () => say('it ended before it said hello'));
setInterval(() => undefined, 1000);
`;

/** The pid of a worker whose parent was just killed with SIGKILL, or why there is none. */
export async function startByAnother(options: WorkerOptions, hello: object, startMs: number): Promise<number | string> {
  const files = [new RamFile(), new RamFile()] as const;
  const env = { ...process.env, PLUMBLINE_WORKER: '1', ...options.env, PLUMBLINE_IN_BETWEEN: JSON.stringify({ command: options.command, hello: JSON.stringify(hello) }) };
  const parent = spawn(process.execPath, ['-e', inBetween], { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'ignore', files[0].fd, files[1].fd] });
  const late = setTimeout(() => parent.kill('SIGKILL'), startMs);
  try {
    for await (const line of createInterface({ input: parent.stdout! })) return /^\d+$/.test(line) ? Number(line) : line;
    return `it said no hello within ${startMs} ms`;
  } finally {
    clearTimeout(late);
    parent.kill('SIGKILL');
    if (parent.exitCode === null && parent.signalCode === null) await once(parent, 'exit');
    for (const file of files) file.close();
  }
}
