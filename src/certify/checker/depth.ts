/**
 * The checker's methods over depth: of the products E_l ⋯ E_1 of given mappings at the depths that a claim names, in integers (+ and × of BigInt are exact, >> is a floor), and of
 * designs whose line sums or norms no input can make larger. Formulas and proofs: docs/certificates.md, "Over depth".
 */
import { addDown, addUp, divUp, isCount, isFields, magnitude, matrices, mulDown, mulUp, must, rowNorm, rowSums, step, transposed, twoNorm, type Claimed, type Interval, type Json, type Matrix, type Method, textOf } from './check.ts';
import { powerOf } from './bounds.ts';
import { mustBeSubject } from './network.ts';

/** Ascending depths of `1..122` or `1,8,60..122`. */
function depthsIn(text: Json | undefined): number[] {
  const depths = textOf(text).split(',').flatMap((part) => {
    const [, from, to] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(part) ?? [];
    must(from !== undefined && Number(to ?? from) - Number(from) < 1e5, 'its depths are none');
    return Array.from({ length: Number(to ?? from) - Number(from) + 1 }, (_, k) => Number(from) + k);
  });
  must(depths.length > 0 && depths.every((depth, k) => depth > (depths[k - 1] ?? 0)), 'its depths do not ascend from 1');
  return depths;
}

const view = new DataView(new ArrayBuffer(8));
const absolute = (x: bigint): bigint => (x < 0n ? -x : x);

/** A matrix of numbers as integers over 2^shift. */
function integers(m: Matrix): { a: bigint[][]; shift: bigint } {
  const parts = m.map((row) => row.map(([x]) => {
    view.setFloat64(0, x);
    const word = view.getBigUint64(0);
    const biased = (word >> 52n) & 0x7ffn;
    const size = biased === 0n ? word & 0xf_ffff_ffff_ffffn : (word & 0xf_ffff_ffff_ffffn) + 0x10_0000_0000_0000n;
    return { size: x < 0 ? -size : size, at: size === 0n ? 1074n : biased === 0n ? 1074n : 1075n - biased };
  }));
  const shift = parts.flat().reduce((most, { size, at }) => (size !== 0n && at > most ? at : most), 0n);
  return { a: parts.map((row) => row.map(({ size, at }) => (size === 0n ? 0n : size << (shift - at)))), shift };
}

/** [low, high]·2^−bits outwards: above 512 bits what is below 2^−512 goes to the outside, Number rounds an integer to the nearest, a step is more than that. */
function intervals(bits: bigint): (low: bigint, high: bigint) => Interval {
  const beyond = bits > 512n ? bits - 512n : 0n;
  let scale = 1;
  for (let k = beyond; k < bits; k++) scale /= 2;
  const of = (x: bigint): number => (x === 0n ? 0 : step(Number(x) * scale));
  return (low, high) => [-of(-(low >> beyond)), of(-(-high >> beyond))];
}

type Prefix = { readonly depth: number; readonly products: readonly Matrix[] };
type Chain = { readonly prefixes: readonly Prefix[]; readonly meanFree: readonly (readonly [before: Matrix, after: Matrix])[] };
let memory: { readonly key: string; readonly bytes: Buffer; readonly chain: Chain } | undefined;

/** The products of each token at each depth of the claim, and n times the deepest, and its transpose, without the mean; those of the last tensor are kept for its other claims. */
function chainOf(claim: Claimed): Chain {
  const { parameters: { file, tensor, shape: claimed, orientation, depths: text, bits }, files } = claim;
  const key = JSON.stringify([file, tensor, claimed, orientation, text, bits]);
  const bytes = files.get(textOf(file));
  if (bytes !== undefined && memory?.key === key && memory.bytes === bytes) return memory.chain;
  const { at, shape } = matrices(claim);
  const depths = depthsIn(text);
  must(shape.length === 4 && (orientation === 'plain' || orientation === 'transposed'), 'it does not say what is multiplied');
  must(isCount(bits) && bits >= 64 && bits <= 16384, 'it does not say with how many bits');
  const [layers, tokens, n] = shape as [number, number, number];
  const deepest = depths.at(-1)!;
  must(deepest <= layers, `there are ${layers} layers, and it is about ${deepest}`);
  const [one, interval] = [BigInt(bits), intervals(BigInt(bits))];
  const prefixes = depths.map((depth): { depth: number; products: Matrix[] } => ({ depth, products: [] }));
  const meanFree: [Matrix, Matrix][] = [];
  for (let token = 0; token < tokens; token++) {
    let p = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j) => (i === j ? 1n << one : 0n)));
    let lost = 0n;
    for (let layer = 0, next = 0; layer < deepest; layer++) {
      const m = at(layer * tokens + token);
      const { a, shift } = integers(orientation === 'plain' ? m : transposed(m));
      const before = p;
      p = a.map((row) => before.map((_, j) => row.reduce((sum, x, k) => sum + x * before[k]![j]!, 0n) >> shift));
      const most = a.map((row) => row.reduce((sum, x) => sum + absolute(x), 0n)).reduce((x, y) => (x > y ? x : y));
      lost = -((-most * lost) >> shift) + 1n;
      if (layer + 1 === depths[next]) prefixes[next++]!.products.push(p.map((row) => row.map((x) => interval(x - lost, x + lost))));
    }
    const wide = 2n * BigInt(n) * lost;
    const centred = (m: readonly (readonly bigint[])[]): Matrix => m.map((row) => row.map((x) => BigInt(n) * x - row.reduce((sum, y) => sum + y, 0n)).map((x) => interval(x - wide, x + wide)));
    meanFree.push([centred(p), centred(p.map((_, i) => p.map((row) => row[i]!)))]);
  }
  const chain = { prefixes, meanFree };
  if (bytes !== undefined) memory = { key, bytes, chain };
  return chain;
}

const normUp = (m: Matrix): number => Math.max(...m.map((row) => row.reduce((sum, x) => addUp(sum, magnitude(x)), 0)));
const normDown = (m: Matrix): number => Math.max(...m.map((row) => row.reduce((sum, [low, high]) => addDown(sum, Math.max(low, -high, 0)), 0)));
/** Every product of every depth passes. */
const every = (test: (m: Matrix, bound: number) => boolean) => (claim: Claimed): boolean => chainOf(claim).prefixes.every(({ products }) => products.every((m) => test(m, claim.bound)));
/** At every depth the average of the norms over the tokens is at most the bound. */
const average = (turned: (m: Matrix) => Matrix) => (claim: Claimed): boolean =>
  chainOf(claim).prefixes.every(({ products }) => divUp(products.reduce((sum, m) => addUp(sum, normUp(turned(m))), 0), products.length) <= claim.bound);
const reached = (claim: Claimed): boolean => chainOf(claim).prefixes.some(({ products }) => products.some((m) => normDown(m) >= claim.bound || normDown(transposed(m)) >= claim.bound));
const contracted = (claim: Claimed): boolean => chainOf(claim).meanFree.every(([before]) => twoNorm(before, mulDown(before.length, claim.bound)));
/** σ₂ is the least norm on any subspace of codimension 1, of the product or of its transpose; that of what has no mean is one. */
const second = (claim: Claimed): boolean => chainOf(claim).meanFree.every((sides) => sides.some((m) => twoNorm(m, mulDown(m.length, claim.bound))));
const same = (m: Matrix): Matrix => m;

const ieee = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';
const products = "the products of the first mappings, at depths {depths}, of tensor '{tensor}' {shape} in {file}, every matrix {orientation}";
const output = (quantity: string, plain: string, holds: Method['holds'], relation: '<=' | '>=' = '<='): Method => ({ strength: 'these-outputs', relation, quantity, plain, domain: products, assumes: [ieee], takes: 'file tensor shape orientation depths bits', holds });

/** What the parameters say of a design: how far a line of a non-negative mapping may sum above 1, or its norm be above 1, for any input. */
function designGain({ parameters: { kernel } }: Claimed, operations: readonly string[]): { n: number; gain: number } {
  must(isFields(kernel) && operations.includes(textOf(kernel['operation'])), 'its design has no such theorem');
  const { n, excess, absolute: lost } = kernel;
  must(isCount(n) && n >= 1 && n <= 16, 'its design has no size');
  must([excess, lost].every((x) => typeof x === 'number' && x >= 0 && x <= 1), 'a number of its design is out of range');
  return { n, gain: addUp(addUp(1, excess as number), mulUp(n, lost as number)) };
}
function theorem(quantity: string, plain: string, assumes: string, operations: readonly string[], factor: (n: number) => number): Method {
  return {
    strength: 'all-inputs', relation: '<=', quantity, plain, domain: 'all finite inputs of {operation}', assumes: [assumes, ieee], takes: 'kernel depth operation',
    holds(claim) {
      const { depth, operation } = claim.parameters;
      must(isCount(depth) && depth >= 1 && depth <= 1e6, 'it names no depth');
      const { n, gain } = designGain(claim, operations);
      mustBeSubject(claim);
      must(isFields(claim.parameters['kernel']) && claim.parameters['kernel']['operation'] === operation, 'its domain is that of another design');
      return mulUp(factor(n), powerOf(gain, depth, mulUp)) <= claim.bound;
    },
  };
}
const declared = 'The kernel computes what the parameters name, and its arithmetic keeps within the errors that they name; those follow from the declared arithmetic.';
const exact = 'Exact arithmetic: the mathematical function, not a kernel that rounds.';
/** At least √n, without a root: (s + n/s)/2 is at least √n for any s > 0. */
const rootOf = (n: number): number => [1, 2, 3, 4, 5, 6].reduce((s) => divUp(addUp(s, divUp(n, s)), 2), n);

/** Claims over depth. */
export const depthMethods: ReadonlyMap<string, Method> = new Map(Object.entries({
  'depth-forward-gain': output('‖∏H‖∞', 'At every depth of {depths} and for every token, the largest magnitude over the streams has grown by at most a factor of {}.', every(rowNorm)),
  'depth-backward-gain': output('‖∏H‖₁', 'At every depth of {depths} and for every token, the largest gradient over the streams has grown by at most a factor of {}.', every((m, bound) => rowNorm(transposed(m), bound))),
  'depth-forward-amax': output('mean ‖∏H‖∞', 'At every depth of {depths}, the Amax gain of signals, the largest absolute row sum averaged over the tokens, is at most {}.', average(same)),
  'depth-backward-amax': output('mean ‖∏H‖₁', 'At every depth of {depths}, the Amax gain of gradients, the largest absolute column sum averaged over the tokens, is at most {}.', average(transposed)),
  'depth-two-norm': output('‖∏H‖₂', 'At every depth of {depths} and for every token, the norm of a signal or of a gradient has grown by at most a factor of {}.', every(twoNorm)),
  'depth-stream-sum': output('max |1ᵀ∏H − 1ᵀ|', 'At every depth of {depths} and for every token, the sum of the streams has moved by at most {} times the sum of their magnitudes.', every((m, bound) => rowSums(transposed(m), bound))),
  'depth-equal-streams': output('max |∏H·1 − 1|', 'At every depth of {depths} and for every token, streams that were equal are still what they were within {} of their magnitude.', every(rowSums)),
  'depth-mean-free-norm': output('‖∏H·(I − J/n)‖₂', 'At the deepest of {depths} and for every token, the norm of the mean-free part of the streams has been multiplied by at most {}.', contracted),
  'depth-second-singular-value': output('σ₂(∏H)', 'At the deepest of {depths} and for every token, the second singular value of the product is at most {}: of all but one direction no more than that is left.', second),
  'depth-gain-reached': output('max(‖∏H‖∞, ‖∏H‖₁)', 'At some depth of {depths} and for some token, a signal or a gradient has grown by a factor of at least {} over the streams.', reached, '>='),
  'stochastic-depth': theorem('gain over {depth} layers', 'Up to {depth} layers, whatever the inputs, neither the gain of signals nor that of gradients, nor the norm of the product, exceeds {}.', declared, ['permutation-mixture', 'kronecker', 'plain-residual'], () => 1),
  'orthogonal-depth': theorem('gain over {depth} layers', 'Up to {depth} layers, whatever the inputs, the norm of signals and of gradients stays as it is, and neither gain exceeds {}.', exact, ['cayley'], rootOf),
}));
