/**
 * What a Sinkhorn bound costs, and what a claim that rests on it costs in process: n = 4, T = 20 (tilekernels), f32, processor time of this process, so that other load
 * counts little. Bounds two matrices at a time against the same bounds one at a time, alternating in one run. `npm run bounds`.
 */
import { properties } from '../properties/index.ts';
import { inProcess, operations, Random, referenceKernels, sinkhornPresets, sinkhornVjpPresets, verify, type Property } from '../src/index.ts';
import { arithmeticPresets } from '../src/numerics/arithmetic.ts';
import { TokenForward } from '../src/operations/sinkhorn/token-forward.ts';
import { TokenVjp } from '../src/operations/sinkhorn/token-vjp.ts';
import { machine } from './machine.ts';

const [n, tokens, rounds] = [4, 4096, 7];
const sizes = { tokens, streams: n, channels: 1, depth: 1 };
const f32 = arithmeticPresets['ieee-f32']!;
const [dialect, vjpDialect] = [sinkhornPresets['tilekernels']!, sinkhornVjpPresets['tilekernels']!];
const random = new Random(1);
const logits = Float64Array.from({ length: tokens * n * n }, () => Math.fround(2 * random.normal()));
const cotangent = Float64Array.from({ length: tokens * n * n }, () => Math.fround(random.normal()));

console.log(`# ${machine()}`);
bounds();
await claims();

/** Nanoseconds of the processor that one token takes. */
function perToken(run: () => unknown, count = tokens): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function bounds(): void {
  const { sinkhorn, 'sinkhorn-vjp': vjp } = operations;
  const bounded = (): ReturnType<typeof sinkhorn.bounded> => sinkhorn.bounded({ logits }, sizes, dialect, f32, { residualMapping: 'f32' });
  const forward = new TokenForward(n, dialect, f32);
  const backward = new TokenVjp(n, vjpDialect, f32);
  const tasks: Record<string, () => unknown> = {
    'reference': () => sinkhorn.reference({ logits }, sizes, dialect),
    'whether a token has a bound': () => bounded().certified,
    'bounds': () => bounded().errors,
    '… one at a time': () => {
      for (let token = 0; token < tokens; token++) if (forward.prepare(logits, 16 * token)) for (let out = 0; out < n * n; out++) forward.errorOf(0.25, out);
    },
    'gradient reference': () => vjp.reference({ logits, cotangent }, sizes, vjpDialect),
    'gradient bounds': () => vjp.bounded({ logits, cotangent }, sizes, vjpDialect, f32, { logitsGradient: 'f32' }),
    '… one at a time ': () => {
      for (let token = 0; token < tokens; token++) if (backward.prepare(logits, 16 * token, cotangent, 16 * token)) for (let out = 0; out < n * n; out++) backward.errorOf(out);
    },
  };
  const times = Object.fromEntries(Object.keys(tasks).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) for (const [name, task] of Object.entries(tasks)) times[name]!.push(perToken(task));
  console.table(Object.fromEntries(Object.entries(times).map(([name, measured]) => [name, { 'ns a matrix, median': Math.round(median(measured)), 'best': Math.round(Math.min(...measured)) }])));
}

/** Problems that one processor judges in a second: as a thorough run draws them, and in batches of 4096 alone. */
async function claims(): Promise<void> {
  const run = referenceKernels({ sinkhorn: dialect }).sinkhorn.run;
  let inKernel = 0;
  const target = inProcess('reference', {
    kernels: {
      sinkhorn: {
        dialect: 'tilekernels', arithmetic: 'ieee-f32', streams: [n],
        run: (inputs, given) => {
          const before = process.cpuUsage();
          const outputs = run(inputs, given);
          const { user, system } = process.cpuUsage(before);
          inKernel += user + system;
          return outputs;
        },
      },
    },
  });
  const rows: Record<string, object> = {};
  for (const id of ['sinkhorn/last-normalised-sums', 'sinkhorn/reference-parity', 'sinkhorn/cross-ratios']) {
    const drawn = properties.find((property) => property.id === id)!;
    const large: Property = { ...drawn, inputs: { ...drawn.inputs, tokenCounts: [tokens] } };
    for (const [name, property, runs] of [['thorough', drawn, undefined], ['batches of 4096', large, 30]] as const) {
      const rates: number[] = [];
      const shares: number[] = [];
      for (let seed = 1; seed <= 4; seed++) {
        inKernel = 0;
        const before = process.cpuUsage();
        const { results: [result] } = await verify({ targets: [target], properties: [property], effort: 'thorough', runs, seed });
        const { user, system } = process.cpuUsage(before);
        if (result?.status !== 'passed') throw new Error(`${id}: ${result?.status}, ${result?.reason}`);
        if (seed === 1) continue; // warms up
        rates.push((1e6 * result.problems) / (user + system));
        shares.push(inKernel / (user + system));
      }
      rows[`${id}, ${name}`] = { 'problems a second of one processor': Math.round(median(rates)), 'of which the kernel': `${Math.round(100 * median(shares))} %` };
    }
  }
  console.table(rows);
}
