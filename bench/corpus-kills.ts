/**
 * Kills a process that writes a corpus, at random moments, again and again, while another writes beside it; after each kill every file must be whole and readable, and the next process goes on.
 *   node dist/bench/corpus-kills.js [kills = 1000] [seed = 1]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Corpus } from '../src/fuzz/corpus/corpus.ts';
import { Random, tensor } from '../src/index.ts';

/** One entry of a few that are written over and over, each time better, so that files appear, are replaced and go away. */
function write(corpus: Corpus, random: Random): void {
  const kind = random.below(40);
  const failure = kind % 2 === 0;
  const streams = 16 - random.below(15);
  corpus.add({
    property: `made/claim-${kind}`, operation: 'sinkhorn', target: 'made', seed: 1, dialect: {}, arithmetic: 'ieee-f32', outcome: failure ? 'wrong-values' : 'ok', message: 'made', plumbline: '0',
    recipe: { operation: 'sinkhorn', sizes: { tokens: 1, streams, channels: 1, depth: 1 }, seed: random.bits(), families: {}, scale: 1 },
    measured: random.uniform(), inputs: { logits: tensor(Array.from({ length: streams ** 2 }, () => random.normal()), [1, streams, streams], 'f32') }, outputs: {},
  });
}

if (process.argv[2] === 'write') {
  const [corpus, random] = [new Corpus(process.argv[3]!), new Random(Number(process.argv[4]))];
  process.send?.('ready');
  for (;;) write(corpus, random);
}

const [kills, seed] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 1)];
const folder = mkdtempSync(join(tmpdir(), 'plumbline-kills-'));
const random = new Random(seed);
const corpus = new Corpus(folder);
const start = async (index: number): Promise<ReturnType<typeof fork>> => {
  const child = fork(fileURLToPath(import.meta.url), ['write', folder, String(index)]);
  await new Promise((resolve) => child.once('message', resolve));
  return child;
};
let [read, unreadable, failuresLost] = [0, 0, 0];
const beside = await start(0);
let before = new Set<string>();
for (let kill = 1; kill <= kills; kill++) {
  const child = await start(kill);
  await new Promise((resolve) => setTimeout(resolve, 60 * random.uniform()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  // a key that was there stays there: its entry may be replaced, never lost
  const names = corpus.names();
  const keys = new Set(names.map((name) => name.split('-')[0]!));
  for (const key of before) if (!keys.has(key)) failuresLost++;
  before = keys;
  for (const entry of corpus.entries(names)) {
    if ('data' in entry) read++;
    else if (!entry.problem.includes('ENOENT')) unreadable++; // replaced by the other writer since the names were read
  }
  process.stderr.write(`\r${kill}/${kills}`);
}
beside.kill('SIGKILL');
const left = readdirSync(folder).filter((name) => name.endsWith('.tmp')).length;
rmSync(folder, { recursive: true, force: true });
console.log(`\n${kills} kills: ${read} files read whole, ${unreadable} damaged, ${failuresLost} keys lost, ${before.size} keys at the end, ${left} temporary files left for tidy()`);
process.exit(unreadable + failuresLost === 0 ? 0 : 1);
