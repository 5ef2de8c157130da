/**
 * Runs, each in a new process, side by side in as many places as PLUMBLINE_THREADS says (1 when absent: times are taken). With PLUMBLINE_PIN=1 every place has two processors of its own
 * (taskset). A busy run has two processes beside it that do nothing but count.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import { threadsWanted } from '../threads.ts';

export interface Job {
  readonly script: string;
  readonly args: readonly string[];
  readonly busy: boolean;
}

const counting = 'let n = 0; for (;;) n++;';

export function places(): number {
  return process.env['PLUMBLINE_THREADS'] === undefined ? 1 : threadsWanted();
}

/** Results of the jobs in their order, of those that had begun when `stopped` said so; `tell` hears of each as it comes. */
export async function runAll<Result>(jobs: readonly Job[], tell: (result: Result, done: number, job: number) => void, stopped: () => boolean = () => false): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let done = 0;
  const place = async (index: number): Promise<void> => {
    for (let k = next++; k < jobs.length && !stopped(); k = next++) {
      results[k] = await one<Result>(jobs[k]!, index);
      tell(results[k]!, ++done, k);
    }
  };
  await Promise.all(Array.from({ length: Math.min(places(), jobs.length) }, (_, index) => place(index)));
  return results;
}

async function one<Result>({ script, args, busy }: Job, place: number): Promise<Result> {
  const hogs = busy ? [start(place, ['-e', counting]), start(place, ['-e', counting])] : [];
  try {
    const child = start(place, [fileURLToPath(new URL(script, import.meta.url)), ...args]);
    let [stdout, stderr] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}:\n${stderr}`);
    return JSON.parse(stdout) as Result;
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
}

function start(place: number, args: readonly string[]): ChildProcess {
  const first = (2 * place) % availableParallelism();
  const [command, rest] = process.env['PLUMBLINE_PIN'] === '1' ? ['taskset', ['-c', `${first},${first + 1}`, process.execPath, ...args]] : [process.execPath, [...args]];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
}
