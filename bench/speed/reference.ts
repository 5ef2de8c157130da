/** The f64 reference of Sinkhorn beside loops that anybody would write; the results are bit-identical, or nothing is timed. */
import { operations, Random, sinkhornPresets } from '../../src/index.ts';
import { exponentials, iterate } from '../../src/operations/sinkhorn/reference.ts';
import { stepsOf } from '../../src/operations/sinkhorn/steps.ts';
import { arraysSinkhorn, plainSinkhorn } from '../plain-sinkhorn.ts';
import { medians, type Figure } from './medians.ts';

export async function sinkhornReference(): Promise<Figure[]> {
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
  const nested = Array.from({ length: tokens }, (_, token) => Array.from({ length: n }, (_row, i) => Array.from(logits.subarray((token * n + i) * n, (token * n + i + 1) * n))));
  const arrays = (): number[][][] => arraysSinkhorn(nested, dialect.iterations, dialect.epsilon);
  const [a, ...others] = [ours(), plain(), generic(), Float64Array.from(arrays().flat(2))];
  for (const other of others) {
    const different = a.findIndex((value, k) => !Object.is(value, other[k]));
    if (different >= 0) throw new Error(`reference and another loop differ at element ${different}: ${a[different]} and ${other[different]}`);
  }
  const time = await medians({ ours, plain, generic, arrays });
  return [
    { figure: 'f64 Sinkhorn, loop of any n and dialect / reference (bit-identical)', value: `${(time['generic']! / time['ours']!).toFixed(2)}×`, wanted: '≥ 2.5×' },
    { figure: 'f64 Sinkhorn, dedicated loop of this dialect / reference (bit-identical)', value: `${(time['plain']! / time['ours']!).toFixed(2)}×`, wanted: '≥ 2.5×' },
    { figure: 'f64 Sinkhorn, arrays of arrays / reference (bit-identical)', value: `${(time['arrays']! / time['ours']!).toFixed(1)}×`, wanted: '' },
    { figure: 'f64 Sinkhorn reference', value: `${((time['ours']! * 1e6) / tokens).toFixed(0)} ns a matrix`, wanted: '' },
  ];
}
