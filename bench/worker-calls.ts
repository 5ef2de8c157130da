/**
 * What a kernel in a worker costs, against what it is made of in the same run: copies of the same bytes, the same function without plumbline, and Hypothesis on the
 * same kernel. `npm run worker-calls`; PLUMBLINE_PYTHON names a Python with numpy (and hypothesis).
 */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

import { properties } from '../properties/index.ts';
import { Random, referenceKernels, sinkhornPresets, tensor, verify, workerTarget, type Tensor } from '../src/index.ts';
import { WorkerClient } from '../src/targets/worker/client.ts';
import { pythonWorker } from '../src/targets/worker/python.ts';
import { RamFile } from '../src/targets/worker/ram-file.ts';
import { CopyExchange } from './copy-exchange.ts';
import { machine } from './machine.ts';

const MiB = 2 ** 20;
const repetitions = 5;
const scripts = fileURLToPath(new URL('../../bench/python/', import.meta.url));
const sizesOf = (tokens: number): { tokens: number; streams: number; channels: number; depth: number } => ({ tokens, streams: 4, channels: 1, depth: 1 });

console.log(`# ${machine()}, load ${loadavg()[0]!.toFixed(1)}; medians of ${repetitions} medians, and the best call, which other load disturbs least`);
await costOfACall();
await throughput();
await besideHypothesis();

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

interface Timing {
  readonly median: number;
  readonly best: number;
}

/** Milliseconds of one run: median and best of `count`. */
async function time(count: number, run: () => unknown): Promise<Timing> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return timingOf(times);
}

/** Of some times, the first of which are not warm. */
function timingOf(times: readonly number[]): Timing {
  const warm = times.slice(Math.min(3, times.length - 1));
  return { median: median(warm), best: Math.min(...warm) };
}

/** Of several repetitions. */
function summary(timings: readonly Timing[]): Timing {
  return { median: median(timings.map((timing) => timing.median)), best: Math.min(...timings.map((timing) => timing.best)) };
}

function logitsOf(tokens: number): Record<string, Tensor> {
  const random = new Random(1);
  return { logits: tensor(Float64Array.from({ length: tokens * 16 }, () => 2 * random.normal()), [tokens, 4, 4]) };
}

async function withWorker(file: string, use: (client: WorkerClient) => Promise<void>): Promise<void> {
  const client = new WorkerClient(pythonWorker(`${scripts}${file}`), 'bench');
  await client.start();
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

/**
 * Calls of a kernel that returns its input, beside the copies that they are made of: alone in a loop, each in the caches of the one before; and in their turn by two
 * processes that do nothing else, whose memory is as cold and as fresh as a call's.
 */
async function costOfACall(): Promise<void> {
  const bytes = new Uint8Array(8 * MiB).fill(1);
  const target = new Uint8Array(8 * MiB);
  const file = new RamFile();
  const exchange = new CopyExchange(bytes, `${scripts}copies.py`);
  const parts: Record<'copy' | 'write' | 'read' | 'inTurn' | 'empty' | 'small' | 'large', Timing[]> = { copy: [], write: [], read: [], inTurn: [], empty: [], small: [], large: [] };
  await withWorker('echo.py', async (client) => {
    const call = (tokens: number, inputs: Record<string, Tensor>) => (): Promise<unknown> => client.call('sinkhorn', inputs, sizesOf(tokens));
    const [none, some, many] = [logitsOf(0), logitsOf(4096), logitsOf(MiB / 8)];
    for (let i = 0; i < repetitions; i++) {
      parts.copy.push(await time(50, () => target.set(bytes)));
      parts.write.push(await time(50, () => file.write([bytes])));
      parts.read.push(await time(50, () => file.read(bytes.length)));
      parts.empty.push(await time(300, call(0, none)));
      parts.small.push(await time(300, call(4096, some)));
      parts.inTurn.push(timingOf(await exchange.times(60)));
      parts.large.push(await time(60, call(MiB / 8, many)));
    }
  });
  file.close();
  exchange.close();
  const of = (kind: keyof Timing): number[] => {
    const [copy, write, read, inTurn, empty, small, large] = Object.values(parts).map((timings) => summary(timings)[kind]) as [number, number, number, number, number, number, number];
    const alone = 2 * write + read;
    return [copy, write, read, empty, small, large, inTurn, large - inTurn, alone, large - alone, 1 + copy / 10];
  };
  const [medians, bests] = [of('median'), of('best')];
  const names = [
    'memory copy of 8 MiB', '… into the memory file, its pages in place', '… out of it, into fresh memory', 'call with an empty batch', 'call with 256 KiB in and out',
    'call with 8 MiB in and out', '… copies in their turn by two processes: in, out there, out here', '… the rest', '… copies alone in a loop', '… the rest ', 'wanted: 1 ms and 10 % of a memory copy',
  ];
  console.table(Object.fromEntries(names.map((name, i) => [name, { 'median, ms': round(medians[i]!), 'best, ms': round(bests[i]!) }])));
}

/** The numpy kernel through the worker, against a loop around the same function in Python. */
async function throughput(): Promise<void> {
  const rows: Record<string, object> = {};
  await withWorker('numpy_sinkhorn.py', async (client) => {
    for (const tokens of [64, 1024, 4096]) {
      const inputs = logitsOf(tokens);
      const reference = referenceKernels({ sinkhorn: sinkhornPresets['tilekernels']! }).sinkhorn.run;
      const [through, ours]: [Timing[], Timing[]] = [[], []];
      const alone: number[] = [];
      for (let i = 0; i < repetitions; i++) {
        through.push(await time(40, () => client.call('sinkhorn', inputs, sizesOf(tokens))));
        alone.push(1000 * Number(python('in_process.py', [String(tokens), '40'])));
        ours.push(await time(10, () => reference(inputs, sizesOf(tokens))));
      }
      const [a, b] = [summary(through).median, median(alone)];
      rows[`[${tokens}, 4, 4]`] = { 'through the worker, ms': round(a), 'same function in Python, ms': round(b), 'throughput kept': `${((100 * b) / a).toFixed(0)} %`, 'f32 reference in this process, ms': round(summary(ours).median) };
    }
  });
  console.table(rows);
}

/** Column sums of the numpy kernel, the side that it normalises last: matrices that plumbline checks in a second, generation and bounds included, and Hypothesis. */
async function besideHypothesis(): Promise<void> {
  const asked = properties.filter(({ id }) => id === 'sinkhorn/last-normalised-sums');
  if (asked.length !== 1) throw new Error('the claim about the sums is gone');
  const rates: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const report = await verify({ targets: [workerTarget('numpy', { worker: pythonWorker(`${scripts}numpy_sinkhorn.py`) }, 'bench')], properties: asked, effort: 'thorough', seed: i + 1 });
    const [result] = report.results;
    if (result?.status !== 'passed') throw new Error(`${result?.status}: ${result?.reason}`);
    rates.push((1000 * result.problems) / result.durationMs);
  }
  const ours = median(rates);
  const theirs = JSON.parse(python('hypothesis_sinkhorn.py', ['8'])) as Record<string, number>;
  const row = (rate: number): object => ({ 'matrices a second': Math.round(rate), 'plumbline is faster by': Number((ours / rate).toPrecision(3)) });
  console.table({ 'plumbline, thorough': row(ours), ...Object.fromEntries(Object.entries(theirs).map(([name, rate]) => [`Hypothesis: ${name}`, row(rate)])) });
}

function python(script: string, args: readonly string[]): string {
  const { command, env } = pythonWorker(script);
  return execFileSync(command[0]!, [`${scripts}${script}`, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
}

function round(ms: number): number {
  return Number(ms.toPrecision(3));
}
