/**
 * Speed of what plumbline itself spends time on, each against a plain alternative in the same run (tinybench, medians).
 *   f64 Sinkhorn reference, n = 4, T = 20, against a plain generic loop; bit-identical results are checked first
 *   harness cost: a property run around a kernel that takes 1 ms, against the kernel alone
 *   a 16,384-element tensor against fc.float64Array
 */
import fc from 'fast-check';
import { Bench } from 'tinybench';

import { expand, inProcess, operations, Random, referenceKernels, sinkhornPresets, verify, type Property, type Recipe } from '../src/index.ts';
import { exponentials, iterate } from '../src/operations/sinkhorn/reference.ts';
import { stepsOf } from '../src/operations/sinkhorn/steps.ts';
import { properties } from '../properties/index.ts';
import { machine } from './machine.ts';
import { plainSinkhorn } from './plain-sinkhorn.ts';

const figures: { figure: string; value: string; wanted: string }[] = [];
console.log(`# ${machine()}`);
await sinkhornReference();
await generation();
await harness();
console.table(figures);

async function medians(tasks: Record<string, () => unknown>, time = 1500): Promise<Record<string, number>> {
  const bench = new Bench({ time, warmupTime: 500 });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  return Object.fromEntries(
    bench.tasks.map(({ name, result }) => {
      if (result.state !== 'completed') throw new Error(`${name} did not complete: ${result.state}`);
      return [name, result.latency.p50];
    }),
  );
}

async function sinkhornReference(): Promise<void> {
  const tokens = 4096;
  const n = 4;
  const random = new Random(1);
  const logits = Float64Array.from({ length: tokens * n * n }, () => 2 * random.normal());
  const dialect = sinkhornPresets['tilekernels']!;
  const sizes = { tokens, streams: n, channels: 1, depth: 1 };
  const ours = (): Float64Array => operations.sinkhorn.reference({ logits }, sizes, dialect)['residualMapping']!;
  const plain = (): Float64Array => plainSinkhorn(logits, tokens, n, dialect.iterations, dialect.epsilon);
  // the loop of any n and any dialect that runs where n is not 4
  const steps = stepsOf(dialect);
  const shifts = new Float64Array(n);
  const generic = (): Float64Array => {
    const out = new Float64Array(logits.length);
    for (let token = 0; token < tokens; token++) {
      exponentials(dialect, logits, out, token * n * n, n, shifts);
      iterate(out, token * n * n, n, steps, dialect);
    }
    return out;
  };
  const [a, b] = [ours(), plain()];
  const c = generic();
  const different = a.findIndex((value, k) => !Object.is(value, b[k]) || !Object.is(value, c[k]));
  if (different >= 0) throw new Error(`reference and plain loop differ at element ${different}: ${a[different]} and ${b[different]}`);
  const time = await medians({ ours, plain, generic });
  figures.push({ figure: 'f64 Sinkhorn, loop of any n and dialect / reference (bit-identical)', value: `${(time['generic']! / time['ours']!).toFixed(2)}×`, wanted: '≥ 2.5×' });
  figures.push({ figure: 'f64 Sinkhorn, dedicated loop of this dialect / reference (bit-identical)', value: `${(time['plain']! / time['ours']!).toFixed(2)}×`, wanted: '≥ 2.5×' });
  figures.push({ figure: 'f64 Sinkhorn reference', value: `${((time['ours']! * 1e6) / tokens).toFixed(0)} ns a matrix`, wanted: '' });
}

async function generation(): Promise<void> {
  const recipe: Recipe = {
    operation: 'stream-read',
    sizes: { tokens: 64, streams: 4, channels: 64, depth: 1 },
    seed: 1,
    families: { streams: 'normal' },
    scale: 1,
  };
  const literal = { ...recipe, values: { preMapping: Array.from({ length: 256 }, () => 0.5) } };
  const arbitrary = fc.float64Array({ minLength: 16_384, maxLength: 16_384 });
  let seed = 0;
  const time = await medians({
    ours: () => expand({ ...literal, seed: ++seed }, operations['stream-read'], {}),
    fastCheck: () => fc.sample(arbitrary, { numRuns: 1, seed: ++seed }),
  });
  figures.push({ figure: '16,384 elements, fc.float64Array / recipe', value: `${(time['fastCheck']! / time['ours']!).toFixed(0)}×`, wanted: '≥ 100×' });
  figures.push({ figure: '16,384 elements from a recipe', value: `${(time['ours']! * 1e3).toFixed(0)} µs`, wanted: '' });
}

/** A kernel of 1 ms and a property whose check does nothing but run it: what remains is the harness. */
async function harness(): Promise<void> {
  const right = referenceKernels()['stream-read'].run;
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  const sizes = { tokens: 8, streams: 4, channels: 8, depth: 1 };
  let inKernel = 0;
  const target = inProcess('busy', {
    kernels: {
      'stream-read': {
        arithmetic: 'ieee-f32',
        run: (inputs, given) => {
          const started = performance.now();
          const outputs = right(inputs, given);
          busy(1 - (performance.now() - started));
          inKernel += performance.now() - started;
          return outputs;
        },
      },
    },
  });
  const parity = properties.find((property) => property.operation === 'stream-read' && property.usesReference)!;
  const property: Property = { ...parity, inputs: { tokenCounts: [sizes.tokens], channelCounts: [sizes.channels], streamCounts: [sizes.streams] } };
  const shares: number[] = [];
  for (let round = 0; round < 7; round++) {
    inKernel = 0;
    const started = performance.now();
    await verify({ targets: [target], properties: [property], effort: 'quick', runs: 400, seed: round });
    const total = performance.now() - started;
    shares.push((total - inKernel) / inKernel);
  }
  shares.sort((x, y) => x - y);
  figures.push({ figure: 'harness around a 1 ms kernel (generate, bound, judge)', value: `${(100 * shares[3]!).toFixed(1)} %`, wanted: '≤ 5 %' });
}
