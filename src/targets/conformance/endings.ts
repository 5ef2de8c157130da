/** Checks of how a worker begins with a foreign plumbline, and how it ends. Each starts a process of its own. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkerOptions } from '../worker/client.ts';
import { helloOf } from '../worker/handshake.ts';
import { describeEnding, WorkerProcess } from '../worker/process.ts';
import { errorSchema, helloMessage, helloSchema, parseLine, protocolVersion } from '../worker/protocol.ts';
import { RamFile } from '../worker/ram-file.ts';
import { finding, type Finding } from './finding.ts';
import { startByAnother } from './orphan.ts';

/** A version that no worker speaks. */
const foreignVersion = 2 ** 31 - 1;

export interface Limits {
  readonly plumbline: string;
  readonly startMs: number;
  readonly stopMs: number;
}

export async function endingChecks(options: WorkerOptions, limits: Limits): Promise<Finding[]> {
  const seconds = `${limits.stopMs / 1000} s`;
  const token = randomUUID();
  const marked: WorkerOptions = { ...options, env: { ...options.env, PLUMBLINE_CONFORM: token } };
  return [
    await finding('foreign version', 'Answer a hello of another version with your own hello, or with an error in words.', 'answers, so that plumbline can say what is wrong', () => foreign(marked, limits)),
    await finding('shutdown', `End within ${seconds} of a shutdown message, with code 0.`, `ends within ${seconds}`, () => started(marked, limits, async (worker) => {
      if (!(await worker.stop(limits.stopMs))) return `it still ran ${seconds} after shutdown`;
      return worker.ending!.code === 0 ? undefined : `it ${describeEnding(worker.ending!)}`;
    })),
    await finding('end of stdin', `End within ${seconds} when stdin ends.`, `ends within ${seconds}`, () => started(marked, limits, async (worker) => ((await worker.hangUp(limits.stopMs)) ? undefined : `it still ran ${seconds} after stdin ended`))),
    await finding('death of the parent', 'End when stdin ends, even if nobody closed it in order.', `ends within ${seconds} of a SIGKILL of its parent`, () => orphaned(marked, limits, seconds)),
    await leftovers(token),
  ];
}

async function foreign(options: WorkerOptions, { plumbline, startMs }: Limits): Promise<string | undefined> {
  return withProcess(options, async (worker) => {
    worker.send({ ...helloMessage(plumbline), protocol: foreignVersion });
    const event = await worker.next(startMs, undefined);
    if (typeof event === 'string') return `it said nothing for ${startMs} ms`;
    if ('ending' in event) return `it ${describeEnding(event.ending)} without a word on stdout`;
    const message = parseLine(event.line);
    if (errorSchema.safeParse(message).success) return undefined;
    const hello = helloSchema.safeParse(message);
    if (!hello.success) return `it answered '${event.line.slice(0, 100)}'`;
    return hello.data.protocol === protocolVersion ? undefined : `it claims to speak version ${hello.data.protocol}`;
  });
}

async function started(options: WorkerOptions, { plumbline, startMs }: Limits, use: (worker: WorkerProcess) => Promise<string | undefined>): Promise<string | undefined> {
  return withProcess(options, async (worker) => {
    worker.send(helloMessage(plumbline));
    helloOf(await worker.next(startMs, undefined), worker, options.command.join(' '), startMs);
    return use(worker);
  });
}

async function withProcess(options: WorkerOptions, use: (worker: WorkerProcess) => Promise<string | undefined>): Promise<string | undefined> {
  const files = [new RamFile(), new RamFile()] as const;
  const worker = new WorkerProcess(options, ...files);
  try {
    return await use(worker);
  } finally {
    worker.kill();
    await worker.ended;
    for (const file of files) file.close();
  }
}

async function orphaned(options: WorkerOptions, { plumbline, startMs, stopMs }: Limits, seconds: string): Promise<string | undefined> {
  const pid = await startByAnother(options, helloMessage(plumbline), startMs);
  if (typeof pid === 'string') return pid;
  const deadline = performance.now() + stopMs;
  while (performance.now() < deadline) {
    if (!isAlive(pid)) return undefined;
    await sleep(20);
  }
  process.kill(-pid, 'SIGKILL');
  return `it still ran ${seconds} after its parent was killed`;
}

/** Processes that carry the mark in their environment. */
async function leftovers(token: string): Promise<Finding> {
  const name = 'nothing left behind';
  if (process.platform !== 'linux') return { name, status: 'untested', detail: 'only Linux tells which processes came of which' };
  await sleep(200); // those that were just killed are gone then
  const left = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && environmentOf(entry).includes(token) && isAlive(Number(entry)));
  if (left.length === 0) return { name, status: 'held', detail: 'no process is left of all that it started' };
  return { name, status: 'broken', detail: `${left.length} of its processes still run: ${left.join(', ')}`, remedy: 'Keep what you start in your process group: plumbline ends the group.' };
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // ended meanwhile, or somebody else's
  }
}

/** A zombie has ended; only its parent has not heard of it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
