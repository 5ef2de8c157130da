/**
 * How exact the derivative oracle is: the f64 reference of every -vjp operation against 100 digits, relative to the magnitude of its terms. Prints the worst of each preset.
 *   node dist/bench/derivatives.js [cases of each preset = 6] [seed = 1]
 */
import { expand, operations, type Operation, type OperationId, type Sizes } from '../src/index.ts';
import { cotangentFamilies } from '../src/generate/families/cotangents.ts';
import { parameterFamilies } from '../src/generate/families/parameters.ts';
import { Random } from '../src/generate/random.ts';
import { derivativeError } from './derivative-error.ts';
import { machine } from './machine.ts';
import { spread, threadsWanted } from './threads.ts';

const cases = Number(process.argv[2] ?? 6);
const seed = Number(process.argv[3] ?? 1);
/** What is asked of the oracle. */
const wanted = 1e-13;

interface Row {
  readonly operation: string;
  readonly preset: string;
  readonly worst: number;
  readonly where: string;
}

const presets = Object.values(operations).filter(({ id }) => id.endsWith('-vjp')).flatMap((operation) => Object.entries(operation.presets).map(([preset, dialect]) => ({ operation, preset, dialect })));

async function worstOf(item: number): Promise<Row> {
  const { operation, preset, dialect } = presets[item]!;
  let worst = { relative: 0, where: '' };
  for (let k = 0; k < cases; k++) {
    const { sizes, inputs, label } = drawCase(operation, new Random(seed, item, k));
    const { relative, port, index } = derivativeError(operations[operation.id.slice(0, -'-vjp'.length) as OperationId], operation, inputs, sizes, dialect);
    if (!(relative <= worst.relative)) worst = { relative, where: `${port}[${index}], ${label}` };
  }
  return Promise.resolve({ operation: operation.id, preset, worst: worst.relative, where: worst.where });
}

const started = performance.now();
const rows = await spread(import.meta.url, presets.length, worstOf, ({ operation, preset }, done) => {
  process.stderr.write(`\r${done}/${presets.length} ${operation} ${preset}`.padEnd(60));
});
console.log(`\n# ${machine()}, ${threadsWanted()} threads; ${cases} cases of each preset, seed ${seed}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.table(rows.map((row) => ({ ...row, worst: row.worst.toExponential(1) })));
const above = rows.filter(({ worst }) => !(worst <= wanted));
console.log(`${rows.length} presets, the worst ${Math.max(...rows.map(({ worst }) => worst)).toExponential(1)} of the magnitude of its terms, ${above.length} above ${wanted}.`);
process.exitCode = above.length === 0 ? 0 : 1;

function drawCase(operation: Operation, random: Random): { sizes: Sizes; inputs: Record<string, Float64Array>; label: string } {
  const has = (size: keyof Sizes): boolean => operation.dims.includes(size);
  const sizes = { tokens: 1, streams: random.pick([1, 2, 3, 4, 4, 5].filter((n) => operation.streamCounts?.includes(n) ?? true)), channels: has('channels') ? random.pick([1, 3, 5, 8]) : 1, depth: has('depth') ? random.integer(1, 4) : 1 };
  const families = { cotangents: random.pick(Object.keys(cotangentFamilies)), parameters: random.pick(Object.keys(parameterFamilies)), streams: 'normal', logits: 'normal', mappings: 'correlated' };
  const scale = random.pick([0.1, 1, 2, 4]);
  const recipe = { operation: operation.id, sizes, seed: random.bits(), families, scale };
  return { sizes, inputs: { ...expand(recipe, operation, {}) }, label: `n = ${sizes.streams}, C = ${sizes.channels}, ${families.parameters}, ${families.cotangents}, scale ${scale}` };
}
