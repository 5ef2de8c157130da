/**
 * Bound / true error of the plain f32 Sinkhorn, entry by entry, over all families and scales, against the f64 reference:
 * never below 1 is soundness, the median is how much the bound gives away. Exact entries (error 0) have no ratio and are counted apart.
 */
import { expand, operations, referenceKernels, roundTo, sinkhornPresets, resolveKernel, tensor, valuesOf, type Recipe } from '../src/index.ts';
import { finiteLogitsFamilies, logitScales } from '../src/generate/families/logits.ts';
import { machine, quantile } from './machine.ts';

const wanted = Number(process.argv[2] ?? 1_000_000);
const n = 4;
console.log(`# ${machine()}; n = ${n}, T = 20, ieee-f32, ≥ ${wanted} entries a dialect`);
const operation = operations.sinkhorn;
const rows: Record<string, string | number>[] = [];
for (const family of ['normal', 'mixed']) rows.push(...measure('tilekernels', family));
for (const name of ['megatron-main', 'paper', 'log-domain']) rows.push(...measure(name, 'mixed').slice(-1));
console.table(rows);

function measure(name: string, family: string): Record<string, string | number>[] {
  const dialect = sinkhornPresets[name]!;
  const declaration = referenceKernels({ sinkhorn: dialect }).sinkhorn;
  const kernel = resolveKernel(operation, declaration, name);
  const perScale = Math.ceil(wanted / (n * n) / logitScales.length);
  const all: number[] = [];
  const lines: Record<string, string | number>[] = [];
  const totals = { entries: 0, exact: 0, uncertified: 0, violations: 0 };
  for (const scale of logitScales) {
    const ratios: number[] = [];
    const count = { entries: 0, exact: 0, uncertified: 0, violations: 0 };
    for (let seed = 0, done = 0; done < perScale; seed++) {
      const tokens = Math.min(1024, perScale - done);
      done += tokens;
      const sizes = { tokens, streams: n, channels: 1, depth: 1 };
      const recipe: Recipe = { operation: 'sinkhorn', sizes, seed, families: { logits: family }, scale };
      const logits = expand(recipe, operation, { logits: finiteLogitsFamilies })['logits']!.map(roundTo.f32);
      const bounded = operation.bounded({ logits }, sizes, dialect, kernel.arithmetic, kernel.dtypes);
      const output = valuesOf(declaration.run({ logits: tensor(logits, [tokens, n, n]) }, sizes)['residualMapping']!);
      for (let k = 0; k < output.length; k++) {
        count.entries++;
        if (bounded.certified[Math.floor(k / (n * n))] === 0) count.uncertified++;
        else {
          const error = Math.abs(output[k]! - bounded.values['residualMapping']![k]!);
          const bound = bounded.errors['residualMapping']![k]!;
          if (!(error <= bound)) count.violations++;
          if (error === 0) count.exact++;
          else ratios.push(bound / error);
        }
      }
    }
    ratios.sort((a, b) => a - b);
    for (const ratio of ratios) all.push(ratio);
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += count[key];
    lines.push(line(name, family, scale, count, ratios));
  }
  all.sort((a, b) => a - b);
  return [...lines, line(name, family, 'all', totals, all)];
}

function line(dialect: string, family: string, scale: number | string, count: { entries: number; exact: number; uncertified: number; violations: number }, ratios: number[]): Record<string, string | number> {
  const show = (q: number): string => (ratios.length === 0 ? '' : quantile(ratios, q).toPrecision(3));
  return { dialect, family, scale, ...count, min: show(0), '1 %': show(0.01), median: show(0.5), '90 %': show(0.9) };
}
