/**
 * Damaged files, read: checkpoints, shards with their index, tensors of outputs, certificates, and certificates with their tensors through the checker. Each must be refused with a message or read
 * as what its bytes say, with memory of the order of the file. `npm run mutated-files -- [files = 1000000] [seed = 1]`; `-- one <seed> <index>` tells a single one.
 */
import { machine } from './machine.ts';
import { buffersAllowed, heapAllowed, inFolder, trial, type Ended } from './mutations/trial.ts';
import { spread, threadsWanted } from './threads.ts';

interface Piece {
  readonly tally: Record<string, { refused: number; read: number; WRONG: number }>;
  readonly kinds: Record<string, number>;
  readonly wrong: string[];
  /** Largest growth of buffers as a multiple of the file, where it is above a page, and of both in bytes. */
  readonly most: { ratio: number; buffers: number; heap: number; share: number };
}

const single = process.argv[2] === 'one';
const wanted = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const batch = 2000;

function piece(item: number): Promise<Piece> {
  const found: Piece = { tally: {}, kinds: {}, wrong: [], most: { ratio: 0, buffers: 0, heap: 0, share: 0 } };
  inFolder((folder) => {
    for (let index = item * batch; index < Math.min(wanted, (item + 1) * batch); index++) add(found, trial(seed, index, folder), index);
  });
  return Promise.resolve(found);
}

function add({ tally, kinds, wrong, most }: Piece, { reader, kind, outcome, why, bytes, memory }: Ended, index: number): void {
  (tally[reader] ??= { refused: 0, read: 0, WRONG: 0 })[outcome]++;
  kinds[kind] = (kinds[kind] ?? 0) + 1;
  if (outcome === 'WRONG' && wrong.length < 5) wrong.push(`${reader}, ${kind} (one ${seed} ${index}): ${why}`);
  most.ratio = Math.max(most.ratio, bytes < 1024 ? 0 : memory.buffers / bytes);
  most.buffers = Math.max(most.buffers, memory.buffers);
  most.heap = Math.max(most.heap, memory.heap);
  most.share = Math.max(most.share, memory.buffers / buffersAllowed(bytes), memory.heap / heapAllowed(bytes));
}

if (single) {
  console.log(inFolder((folder) => trial(seed, Number(process.argv[4]), folder)));
} else {
  const began = performance.now();
  const pieces = await spread(import.meta.url, Math.ceil(wanted / batch), piece, (_, done) => {
    if (done % 50 === 0) process.stderr.write(`${(done * batch).toLocaleString('en-US')} files\n`);
  });
  const tally: Piece['tally'] = {};
  for (const [reader, counts] of pieces.flatMap((one) => Object.entries(one.tally))) {
    const sum = (tally[reader] ??= { refused: 0, read: 0, WRONG: 0 });
    for (const outcome of ['refused', 'read', 'WRONG'] as const) sum[outcome] += counts[outcome];
  }
  const most = (of: (one: Piece['most']) => number): number => Math.max(...pieces.map((one) => of(one.most)));
  const wrong = pieces.flatMap((one) => one.wrong);
  const counts = Object.values(tally);
  console.log(`# ${machine()}; ${threadsWanted()} threads, seed ${seed}, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  console.table(tally);
  console.log(`${counts.reduce((sum, { refused, read, WRONG }) => sum + refused + read + WRONG, 0)} files of ${new Set(pieces.flatMap((one) => Object.keys(one.kinds))).size} kinds of damage, ${counts.reduce((sum, { WRONG }) => sum + WRONG, 0)} wrong`);
  console.log(`memory while one file was read: buffers at most ${most(({ ratio }) => ratio).toFixed(2)} times the file (files above 1 KiB), ${most(({ buffers }) => buffers)} bytes; heap, garbage included, at most ${most(({ heap }) => heap)} bytes; at most ${(100 * most(({ share }) => share)).toFixed(0)} % of what is allowed; resident at most ${(process.resourceUsage().maxRSS / 2 ** 10).toFixed(0)} MiB`);
  for (const one of wrong.slice(0, 20)) console.log(one);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
