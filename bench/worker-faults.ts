/**
 * Faults of worker processes, of every kind, one a run, at a random call of it: is each the outcome that it has to be, does the run go on and end, and is nothing left?
 * Every run is three claims about stream-read; the fault happens once, so that exactly one case may meet it. `npm run worker-faults [N]`, Linux.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { callFaults, faultyWorker, startFaults } from '../fixtures/workers/faults.ts';
import { properties } from '../properties/index.ts';
import { PlumblineError, Random, readCounterexample, verify, workerTarget, type Report } from '../src/index.ts';
import { machine } from './machine.ts';

const count = Number(process.argv[2] ?? 500);
const folder = mkdtempSync(join(tmpdir(), 'plumbline-faults-'));
const asked = properties.filter(({ id }) => ['streams/read-copy', 'streams/read-parity', 'robustness/determinism/stream-read'].includes(id));
const random = new Random(count, 1);
/** Longer than any right call takes on a machine that is busy otherwise, shorter than a run may take. */
const callMs = 1500;
const hangMs = 60_000;

/** Undefined when all was as it has to be, else what was not. */
type Trial = () => Promise<string | undefined>;

const marker = (): string => join(folder, `fault-${random.bits()}`);
const env = { PLUMBLINE_FAULTS: folder };

function run(command: readonly string[], startTimeoutMs = 30_000): Promise<Report> {
  const target = workerTarget('faulty', { worker: { command, env, startTimeoutMs } }, 'bench');
  return verify({ targets: [target], properties: asked, effort: 'quick', runs: 2, seed: random.bits(), callTimeoutMs: callMs, shrink: false, failuresDir: join(folder, 'failures'), required: ['faulty'] });
}

const calls = (await callsOfOneRun()) - 1;

/** How many calls a run without a fault makes, by the highest that still meets one. */
async function callsOfOneRun(): Promise<number> {
  for (let call = 1; ; call++) {
    const report = await run(faultyWorker('raises', call, marker()));
    if (report.exitCode === 0) return call;
  }
}

const trials: { readonly kind: string; readonly trial: Trial }[] = [
  ...callFaults.map(({ name, outcome, says }) => ({
    kind: `${name}: ${outcome}`,
    trial: async (): Promise<string | undefined> => {
      // what shows at the next call only must have one
      const last = name === 'answers-twice' || name === 'dies-after-its-answer' ? calls - 1 : calls;
      const { results, exitCode } = await run(faultyWorker(name, random.integer(1, last), marker()));
      const failed = results.filter(({ status }) => status === 'failed');
      const counterexample = failed[0]?.counterexample;
      if (failed.length !== 1 || counterexample === undefined || results.some(({ status }) => status !== 'failed' && status !== 'passed')) return `results ${results.map(({ status }) => status).join(', ')}`;
      if (counterexample.outcome !== outcome || !counterexample.message.includes(says)) return `${counterexample.outcome}: ${counterexample.message}`;
      if (readCounterexample(counterexample.file).outcome !== outcome) return 'the file says another outcome';
      return exitCode === 1 ? undefined : `exit code ${exitCode}`;
    },
  })),
  ...startFaults.map(({ name, says }) => ({
    kind: `${name} at the start: unavailable`,
    trial: async (): Promise<string | undefined> => {
      const { targets, exitCode } = await run(faultyWorker(name, 0), name.startsWith('hangs') ? 700 : 30_000);
      if (targets[0]?.status !== 'unavailable' || !targets[0].reason!.includes(says)) return `${targets[0]?.status}: ${targets[0]?.reason}`;
      return exitCode === 4 ? undefined : `exit code ${exitCode}`;
    },
  })),
  {
    kind: 'no such interpreter: unavailable',
    trial: async () => {
      const { targets } = await run(['no-such-interpreter', 'kernels.py']);
      return targets[0]?.status === 'unavailable' && targets[0].remedy!.includes('install it') ? undefined : `${targets[0]?.reason}`;
    },
  },
  {
    kind: 'declares-nonsense: bad-config',
    trial: async () => {
      const error: unknown = await run(faultyWorker('declares-nonsense', 0)).catch((thrown: unknown) => thrown);
      return error instanceof PlumblineError && error.message.includes("dtypes.streams is 'f8'") ? undefined : String(error);
    },
  },
  {
    kind: 'never-starts-again: crashed, then errored',
    trial: async () => {
      const { results } = await run(faultyWorker('never-starts-again', random.integer(1, Math.max(1, Math.floor(calls / 3))), marker()));
      const statuses = results.map(({ status }) => status).filter((status) => status !== 'passed').join(', ');
      return /^failed(, errored)*$/.test(statuses) ? undefined : statuses;
    },
  },
  ...(['SIGINT', 'SIGTERM', 'SIGKILL'] as const).flatMap((signal) =>
    ['none', 'hangs-in-c', 'leaves-a-child'].map((fault) => ({ kind: `plumbline gets ${signal} while the worker: ${fault}`, trial: () => interrupted(signal, fault) })),
  ),
];

/** The real command line, ended from outside at a random moment of its calls. */
async function interrupted(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL', fault: string): Promise<string | undefined> {
  const config = join(folder, 'signalled.config.mjs');
  writeFileSync(config, `export default { targets: { faulty: { worker: ${JSON.stringify({ command: faultyWorker(fault, random.integer(1, 3)), env })} } } };`);
  const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'verify', '-c', config, '-t', 'faulty', '--call-timeout', `${callMs}ms`, '--failures-dir', join(folder, 'failures')], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const ended = new Promise<string>((resolve) => child.on('close', (code, by) => resolve(by ?? String(code))));
  const opened = new Promise<void>((resolve) => child.stderr.on('data', (text: Buffer) => (text.includes('available') ? resolve() : undefined)));
  await Promise.race([opened, ended]);
  await sleep(random.uniform() * 500);
  process.kill(-child.pid!, signal); // as a terminal does: to the whole group
  const how = await ended;
  return how === (signal === 'SIGKILL' ? signal : '130') ? undefined : `plumbline ended with ${how}`;
}

/** Processes that carry the mark of this bench, and files in memory that have a name. */
async function leftBehind(): Promise<string[]> {
  let left: string[] = [];
  for (let tries = 0; tries < 50; tries++) {
    const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isOurs(pid)).map((pid) => `process ${pid}`);
    left = [...processes, ...readdirSync('/dev/shm').filter((name) => name.startsWith('plumbline')).map((name) => `/dev/shm/${name}`)];
    if (left.length === 0) return left;
    await sleep(20); // a process that was killed takes a moment to go
  }
  return left;
}

function isOurs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** Memory files that this process itself still holds. */
function heldFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => existsSync(`/proc/self/fd/${fd}`) && readlinkSync(`/proc/self/fd/${fd}`).startsWith('/dev/shm')).length;
}

const order = Array.from({ length: count }, (_, i) => trials[i % trials.length]!);
const tally = new Map<string, { trials: number; wrong: number; hung: number; 'left behind': number }>();
const started = performance.now();
for (const [i, { kind, trial }] of order.entries()) {
  const row = tally.get(kind) ?? { trials: 0, wrong: 0, hung: 0, 'left behind': 0 };
  tally.set(kind, row);
  const timer = new AbortController();
  const result = await Promise.race([trial().catch((error: unknown) => `threw ${String(error)}`), sleep(hangMs, 'hung', { signal: timer.signal, ref: true }).catch(() => 'hung')]);
  timer.abort();
  const left = [...(await leftBehind()), ...(heldFiles() > 0 ? [`${heldFiles()} files held`] : [])];
  row.trials++;
  if (result === 'hung') row.hung++;
  else if (result !== undefined) row.wrong++;
  if (left.length > 0) row['left behind']++;
  if (result !== undefined || left.length > 0) console.log(`${kind}: ${result ?? ''} ${left.join(', ')}`);
  process.stderr.write(`\r${i + 1} of ${count}`);
}
process.stderr.write('\n');
rmSync(folder, { recursive: true, force: true });
const total = (field: 'trials' | 'wrong' | 'hung' | 'left behind'): number => [...tally.values()].reduce((sum, row) => sum + row[field], 0);
console.log(`# ${machine()}; a run makes ${calls} calls; ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.table(Object.fromEntries(tally));
console.log(`${total('trials')} faults: ${total('trials') - total('wrong') - total('hung')} correct outcomes, ${total('hung')} hangs, ${total('left behind')} runs that left a process or a file`);
process.exit(total('wrong') + total('hung') + total('left behind') === 0 ? 0 : 1);
