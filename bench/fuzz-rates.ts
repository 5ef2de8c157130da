/**
 * How rare the rare faults are: on how many cases drawn as `verify` draws them for the claim against the reference each would fire. Nothing is judged, so that many are looked at. Every slice of
 * `sliceSeconds` has a stream of draws of its own, so that no two threads look at the same; what a slice counted is a line of the file.
 *   node dist/bench/fuzz-rates.js [seconds = 60] [seed = 1] [file that draws are added to]
 */
import { appendFileSync } from 'node:fs';

import { rareFaults, type Token } from '../fixtures/rare-faults/index.ts';
import { drawnRecipe } from '../src/fuzz/recipes.ts';
import { expand } from '../src/generate/expand.ts';
import { operations, Random, referenceKernels, type OperationId } from '../src/index.ts';
import { resolveKernel } from '../src/targets/resolve.ts';
import { machine } from './machine.ts';
import { parityOf } from './rare-files.ts';
import { rareTable, together, type Drawn } from './rare-table.ts';
import { spread, threadsWanted } from './threads.ts';

/** Short, so that threads end together. */
const sliceSeconds = 5;
const [seconds, seed] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 1)];
const file = process.argv[4];
/** Of so many slices one is for each operation, and the others for the first, which has most of the faults and the slowest conditions. */
const share = 4;
const ids = [...new Set(rareFaults.map(({ operation }) => operation))];
const slices = Math.ceil((threadsWanted() * seconds) / sliceSeconds / share) * share;

/** Draws for some seconds from stream `slice`, of the operation whose turn it is. */
function look(slice: number): Drawn[] {
  const id: OperationId = ids[slice % share] ?? ids[0]!;
  const faults = rareFaults.filter(({ operation }) => operation === id);
  const operation = operations[id] as never;
  const kernel = resolveKernel(operation, referenceKernels()[id], 'rates');
  const property = parityOf(id);
  const random = new Random(seed, slice);
  const [met, metProblems] = [new Uint32Array(faults.length), new Uint32Array(faults.length)];
  let [cases, problems, squares] = [0, 0, 0];
  for (const started = performance.now(); performance.now() - started < 1000 * sliceSeconds;) {
    const recipe = drawnRecipe(property, kernel, random.bits());
    const inputs = expand(recipe, operation, property.inputs);
    const { tokens, streams: n } = recipe.sizes;
    const logits = inputs['logits']!.map(Math.fround);
    const cotangent = inputs['cotangent']?.map(Math.fround) ?? logits;
    const fired = new Uint32Array(faults.length);
    for (let index = 0; index < tokens; index++) {
      const [from, to] = [index * n * n, (index + 1) * n * n];
      const token: Token = { logits: logits.subarray(from, to), cotangent: cotangent.subarray(from, to), n, index, tokens };
      for (let k = 0; k < faults.length; k++) if (faults[k]!.condition(token)) fired[k]!++;
    }
    fired.forEach((times, k) => {
      metProblems[k]! += times;
      if (times > 0) met[k]!++;
    });
    cases++;
    problems += tokens;
    squares += tokens * tokens;
  }
  return faults.map(({ name }, k) => ({ name, cases, problems, squares, met: met[k]!, metProblems: metProblems[k]! }));
}

const results = (await spread(import.meta.url, slices, (slice) => Promise.resolve(look(slice)), (_, done) => process.stderr.write(`\r${done}/${slices}`))).flat();
process.stderr.write('\n');
const names = rareFaults.map(({ name }) => name);
const drawn = names.map((name) => together(results.filter((one) => one.name === name))!);
if (file !== undefined) appendFileSync(file, drawn.map((one) => `${JSON.stringify(one)}\n`).join(''));
console.log(`# ${machine()}, ${threadsWanted()} threads; seed ${seed}`);
console.table(rareTable(names, [], drawn));
