/**
 * How exact the derivative oracle is: the f64 reference of every -vjp operation against 100 digits, relative to the magnitude of its terms. Prints the worst of each preset.
 * An implicit derivative solves a system whose condition it inherits: there the error may be larger, and must be below the bound that is claimed in f64, which carries the condition.
 *   node dist/bench/derivatives.js [cases of each preset = 6] [seed = 1]
 */
import { expand, operations, type Operation, type OperationId, type Sizes } from '../src/index.ts';
import { cotangentFamilies } from '../src/generate/families/cotangents.ts';
import { parameterFamilies } from '../src/generate/families/parameters.ts';
import { Random } from '../src/generate/random.ts';
import { arithmeticPresets } from '../src/numerics/arithmetic.ts';
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
  /** Cases above what is wanted; those of them that are above the f64 bound as well; those about which nothing is claimed. */
  readonly above: number;
  readonly 'above the bound': number;
  readonly 'not claimed': number;
}

const presets = Object.values(operations).filter(({ id }) => id.endsWith('-vjp')).flatMap((operation) => Object.entries(operation.presets).map(([preset, dialect]) => ({ operation, preset, dialect })));

async function worstOf(item: number): Promise<Row> {
  const { operation, preset, dialect } = presets[item]!;
  let worst = { relative: 0, where: '' };
  const counts = { above: 0, 'above the bound': 0, 'not claimed': 0 };
  const dtypes = Object.fromEntries(operation.outputs.map(({ name }) => [name, 'f64' as const]));
  for (let k = 0; k < cases; k++) {
    const { sizes, inputs, label } = drawCase(operation, new Random(seed, item, k));
    const { relative, error, port, index } = derivativeError(operations[operation.id.slice(0, -'-vjp'.length) as OperationId], operation, inputs, sizes, dialect);
    if (!(relative <= wanted)) {
      const { errors } = operation.bounded(inputs, sizes, dialect, arithmeticPresets['ieee-f64']!, dtypes);
      const bound = errors[port]![index]!;
      counts.above++;
      if (bound === Infinity) counts['not claimed']++;
      else if (!(error <= bound)) counts['above the bound']++;
    }
    if (!(relative <= worst.relative)) worst = { relative, where: `${port}[${index}], ${label}` };
  }
  return Promise.resolve({ operation: operation.id, preset, worst: worst.relative, where: worst.where, ...counts });
}

const started = performance.now();
const rows = await spread(import.meta.url, presets.length, worstOf, ({ operation, preset }, done) => {
  process.stderr.write(`\r${done}/${presets.length} ${operation} ${preset}`.padEnd(60));
});
console.log(`\n# ${machine()}, ${threadsWanted()} threads; ${cases} cases of each preset, seed ${seed}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.table(rows.map((row) => ({ ...row, worst: row.worst.toExponential(1) })));
const iterated = rows.filter(({ preset }) => !preset.endsWith('-implicit'));
const most = (those: readonly Row[]): string => Math.max(...those.map(({ worst }) => worst)).toExponential(1);
const total = (count: 'above' | 'above the bound' | 'not claimed'): number => rows.reduce((sum, row) => sum + row[count], 0);
console.log(`${iterated.length} presets that differentiate the iterations: the worst ${most(iterated)} of the magnitude of its terms, wanted ${wanted}.`);
console.log(`${rows.length - iterated.length} implicit ones: ${total('above')} of ${cases * rows.length} cases above ${wanted}; of these ${total('not claimed')} without a claim in f64, ${total('above the bound')} above their bound.`);
process.exitCode = iterated.every(({ worst }) => worst <= wanted) && total('above the bound') === 0 ? 0 : 1;

function drawCase(operation: Operation, random: Random): { sizes: Sizes; inputs: Record<string, Float64Array>; label: string } {
  const has = (size: keyof Sizes): boolean => operation.dims.includes(size);
  const sizes = { tokens: 1, streams: random.pick([1, 2, 3, 4, 4, 5].filter((n) => operation.streamCounts?.includes(n) ?? true)), channels: has('channels') ? random.pick([1, 3, 5, 8]) : 1, depth: has('depth') ? random.integer(1, 4) : 1 };
  const families = { cotangents: random.pick(Object.keys(cotangentFamilies)), parameters: random.pick(Object.keys(parameterFamilies)), streams: 'normal', logits: 'normal', mappings: 'correlated' };
  const scale = random.pick([0.1, 1, 2, 4]);
  const recipe = { operation: operation.id, sizes, seed: random.bits(), families, scale };
  return { sizes, inputs: { ...expand(recipe, operation, {}) }, label: `n = ${sizes.streams}, C = ${sizes.channels}, ${families.parameters}, ${families.cotangents}, scale ${scale}` };
}
