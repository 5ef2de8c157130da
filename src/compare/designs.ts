/**
 * The designs that are compared: how each turns the same projections p of a token's streams into the matrix E that multiplies the streams.
 * The constrained ones take logits z = α·p + b (mHC paper, Eq. 7), hyper-connections H = b + α·tanh(p) (mHC §3), the plain residual has
 * none. b starts where E is nearly the identity: logits 0 on the diagonal (of the identity's weight) and −8 elsewhere, as the public code of mHC-lite and KromHC
 * has it; for a Kronecker factor σ(8), for Cayley 0, for hyper-connections the identity itself.
 */
import { PlumblineError, suggest } from '../errors.ts';
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';

/** Logits that leave a weight of e^−8 to what is not the identity. */
const off = -8;

export interface Design {
  readonly name: string;
  readonly title: string;
  /** Numbers that are predicted for a residual mapping of n streams. */
  count(n: number): number;
  /** Their static part b at the start. */
  start(n: number): Float64Array;
  /** How projections, gate and static part become numbers for `operation`. */
  readonly form: 'logits' | 'unconstrained' | 'none';
  /** The operation that makes the mapping, its dialect, and whether its result is applied transposed. */
  readonly operation: OperationId;
  readonly port: string;
  readonly dialect: unknown;
  readonly transposed: boolean;
  /** Stream counts that it is defined for; any when absent. */
  readonly streamCounts: readonly number[] | undefined;
}

function fromLogits(name: string, title: string, operation: OperationId, preset: string, rest: Pick<Design, 'port' | 'count' | 'start' | 'transposed'>): Design {
  const { presets, streamCounts } = operations[operation];
  return { name, title, operation, dialect: presets[preset], form: 'logits', streamCounts, ...rest };
}

const square = (n: number): number => n * n;
const diagonal = (on: number, elsewhere: number) => (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, at) => (Math.floor(at / n) === at % n ? on : elsewhere));
const projected = { port: 'logits', count: square, start: diagonal(0, off) };
const permutations = (n: number): number => (n <= 1 ? 1 : n * permutations(n - 1));

export const designs: readonly Design[] = [
  fromLogits('mhc', 'mHC, as in the paper', 'sinkhorn', 'paper', { ...projected, transposed: false }),
  fromLogits('mhc-tilekernels', 'mHC, as in TileKernels', 'sinkhorn', 'tilekernels', { ...projected, transposed: true }),
  fromLogits('mhc-lite', 'mHC-lite: a mixture of permutations', 'permutation-mixture', 'mhc-lite', {
    port: 'weightLogits',
    count: permutations,
    start: (n) => Float64Array.from({ length: permutations(n) }, (_, k) => (k === 0 ? 0 : off)),
    transposed: true,
  }),
  fromLogits('kronecker', 'KromHC: a Kronecker product of 2×2', 'kronecker', 'kromhc', {
    port: 'factorLogits',
    count: Math.log2,
    start: (n) => new Float64Array(Math.log2(n)).fill(-off),
    transposed: false,
  }),
  fromLogits('cayley', 'JPmHC: an orthogonal mapping', 'cayley', 'jpmhc', { port: 'logits', count: square, start: (n) => new Float64Array(n * n), transposed: false }),
  {
    name: 'hyper-connections',
    title: 'hyper-connections, unconstrained',
    operation: 'hyper-connection',
    port: 'logits',
    dialect: operations['hyper-connection'].presets['paper'],
    form: 'unconstrained',
    count: square,
    start: diagonal(1, 0),
    transposed: false,
    streamCounts: undefined,
  },
  {
    name: 'plain-residual',
    title: 'the plain residual, one stream',
    operation: 'plain-residual',
    port: '',
    dialect: {},
    form: 'none',
    count: () => 0,
    start: () => new Float64Array(0),
    transposed: false,
    streamCounts: undefined,
  },
];

/** The design of that name. Throws `bad-usage`. */
export function designNamed(name: string): Design {
  const found = designs.find((design) => design.name === name);
  if (found === undefined) throw new PlumblineError('bad-usage', `There is no design '${name}'.`, suggest(name, designs.map((design) => design.name)));
  return found;
}

/** Throws `bad-usage` where a design is not defined for n streams. */
export function requireStreams({ name, streamCounts }: Design, n: number): void {
  if (streamCounts === undefined || streamCounts.includes(n)) return;
  throw new PlumblineError('bad-usage', `${name} is not defined for ${n} streams.`, `It is for ${streamCounts.join(', ')}; leave it out with --designs, or change --streams.`);
}
