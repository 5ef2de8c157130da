/**
 * How rare the rare faults are: how often their conditions hold of problems drawn as `verify` draws them for the claim against the reference. Nothing is judged, so that millions are looked at.
 *   node dist/bench/fuzz-rates.js [seconds = 60] [seed = 1]
 */
import { rareFaults } from '../fixtures/rare-faults/index.ts';
import { properties } from '../properties/index.ts';
import { clopperPearsonUpper } from '../src/numerics/clopper-pearson.ts';
import { drawnRecipe } from '../src/fuzz/breed.ts';
import { expand } from '../src/generate/expand.ts';
import { operations, Random, referenceKernels, type OperationId } from '../src/index.ts';
import { resolveKernel } from '../src/targets/resolve.ts';
import { machine } from './machine.ts';

const [seconds, seed] = [Number(process.argv[2] ?? 60), Number(process.argv[3] ?? 1)];
console.log(`# ${machine()}; seed ${seed}`);
const rows: Record<string, object> = {};
for (const id of new Set(rareFaults.map(({ operation }) => operation))) count(id, rareFaults.filter(({ operation }) => operation === id));
console.table(rows);

function count(id: OperationId, faults: typeof rareFaults): void {
  const operation = operations[id] as never;
  const kernel = resolveKernel(operation, referenceKernels()[id], 'rates');
  const property = properties.find((one) => one.operation === id && one.usesReference)!;
  const random = new Random(seed);
  const met = new Map<string, number>();
  let problems = 0;
  for (const started = performance.now(); performance.now() - started < 1000 * seconds;) {
    const recipe = drawnRecipe(property, kernel, random.bits());
    const inputs = expand(recipe, operation, property.inputs);
    const { tokens, streams: n } = recipe.sizes;
    const logits = inputs['logits']!.map(Math.fround);
    const cotangent = inputs['cotangent']?.map(Math.fround) ?? logits;
    for (let index = 0; index < tokens; index++) {
      const part = (values: Float64Array): Float64Array => values.subarray(index * n * n, (index + 1) * n * n);
      const token = { logits: part(logits), cotangent: part(cotangent), n, index, tokens };
      for (const { name, condition } of faults) if (condition(token)) met.set(name, (met.get(name) ?? 0) + 1);
    }
    problems += tokens;
  }
  for (const { name } of faults) {
    const times = met.get(name) ?? 0;
    const most = clopperPearsonUpper(problems, times, 0.05);
    rows[name] = { problems, met: times, 'rate at most (95 %)': most.toExponential(1), 'half of random runs need at least': Math.round(Math.LN2 / most) };
  }
}
