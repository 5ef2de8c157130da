/** The certificate of a kernel for all inputs: what the last half-step gives for every logit, and what a box of logits allows. */
import { arch, cpus, platform } from 'node:os';

import { resolveArithmetic, type Arithmetic, type ArithmeticInput } from '../../numerics/arithmetic.ts';
import { addUp, mulUp } from '../../numerics/directed.ts';
import { expUp } from '../../numerics/exponential.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { PlumblineError } from '../../errors.ts';
import { boundOf, numberOf } from '../bound.ts';
import type { Certificate, Claim } from '../certificate.ts';
import { confirm, type Draft } from '../confirm.ts';
import { canonicalText, issueCertificate, sha256 } from '../issue.ts';
import type { MethodId } from '../methods.ts';
import { enter, type Box } from './box.ts';
import { branchAndBound, type Partition } from './branch.ts';
import { formOf, tempered, withoutForm } from './form.ts';
import { kernelParameters, type KernelParameters } from './kernel-parameters.ts';
import { deviation, mappingBounds, powerUp, type MappingBounds } from './mapping.ts';
import { freeSideEverywhere, withoutPotential } from './potential.ts';
import { exactArithmetic, walk, type Rounding } from './walk.ts';
import { roundingOf, storing } from './rounding.ts';

export interface CertifyInputs {
  /** A preset's name, for the subject. */
  readonly name: string;
  readonly dialect: SinkhornDialect;
  /** Undefined for the mathematical function, without rounding. */
  readonly arithmetic: ArithmeticInput | undefined;
  readonly n: number;
  /** All logits are of at most this magnitude. */
  readonly limit: number;
  readonly depth: number;
  /** Parts that branch and bound may make of the box; 1 for none. */
  readonly parts: number;
  readonly stopped?: (() => boolean) | undefined;
}

const declared = 'The kernel computes what the parameters name, and its arithmetic keeps within the errors that they name; those follow from the declared arithmetic.';
const ieee = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';

/** Throws `bad-usage` for a dialect that nothing is proved of. */
export function certifyInputs(options: CertifyInputs): Certificate {
  const { dialect, n, limit, depth, name } = options;
  const reason = withoutForm(dialect);
  if (reason !== undefined) throw new PlumblineError('bad-usage', `Nothing is certified for all inputs of '${name}': ${reason}.`, 'Certify outputs of it: plumbline certify outputs.safetensors.');
  const arithmetic = options.arithmetic === undefined ? undefined : resolveArithmetic(options.arithmetic);
  const stored = arithmetic === undefined ? { relative: 0, absolute: 0 } : storing(arithmetic);
  const whole: Box = { n, low: new Float64Array(n * n).fill(-limit), high: new Float64Array(n * n).fill(limit) };
  const first = enter(tempered(whole, dialect.temperature), formOf(dialect, tempered(whole, dialect.temperature)).start);
  const rounding = arithmetic === undefined ? exactArithmetic : roundingOf(dialect, arithmetic, tempered(whole, dialect.temperature), first);
  if (typeof rounding === 'string') throw new PlumblineError('bad-usage', `Nothing is certified of '${name}' under ${arithmetic!.name}: ${rounding}.`, 'Choose a smaller --limit, or leave --arithmetic out for the mathematical function.');
  const kernel = kernelParameters(dialect, n, rounding, stored);
  const bounds = (box: Box): MappingBounds | undefined => boundsOf(dialect, box, rounding, stored);
  const branched = options.parts > 1 ? branchAndBound(whole, (box) => freeDeviation(bounds(box), dialect), 0, options.parts, options.stopped) : undefined;
  const found = bounds(whole);
  const notClaimed = ['Other arithmetic, other dialects, logits beyond the box.', 'Preservation of the gradient norm: the component along the mean of the streams is preserved as far as lines sum to 1; the mean-free part contracts.'];
  const unproved = withoutPotential(kernel);
  const free = unproved === undefined ? [freeSide(kernel)] : [];
  const boxed = found === undefined ? [] : inBox(kernel, limit, found, dialect, branched);
  // for wide logits the box says less than what holds without one
  const drafts = [...everywhere(kernel, depth), ...free, ...boxed.filter(({ method, bound }) => method !== 'box-free-sums' || free.every((one) => numberOf(bound) < numberOf(one.bound)))];
  if (unproved !== undefined) notClaimed.push(`The free side of one mapping for all logits: ${unproved}.`);
  if (found === undefined) notClaimed.push('Anything about the box: entries may become so small that underflow spoils them.');
  const subject = [{ name: `sinkhorn ${name}`, digest: { sha256: sha256(canonicalText({ kernel })) } }];
  const claims: Claim[] = [];
  for (const draft of drafts) {
    const { claim, reason: why } = confirm(draft, subject, [], 1);
    if (claim === undefined) notClaimed.push(`${draft.quantity}: the checker does not confirm it (${why}).`);
    else claims.push(claim);
  }
  return issueCertificate({
    subject, operation: 'sinkhorn', dialect: { ...dialect }, claims, notClaimed,
    ...(arithmetic === undefined ? {} : { arithmetic, arithmeticEvidence: 'declared' as const }),
    environment: { node: process.versions.node, platform: platform(), arch: arch(), cpu: cpus()[0]?.model ?? 'unknown' },
  });
}

function boundsOf(dialect: SinkhornDialect, whole: Box, rounding: Rounding, stored: KernelParameters['stored']): MappingBounds | undefined {
  const box = tempered(whole, dialect.temperature);
  const form = formOf(dialect, box);
  const end = walk(enter(box, form.start), form.steps, rounding);
  return end === undefined ? undefined : mappingBounds(end, dialect.lastNormalised, box.n, stored);
}

function freeDeviation(bounds: MappingBounds | undefined, { lastNormalised }: SinkhornDialect): number {
  return bounds === undefined ? Infinity : deviation(lastNormalised === 'rows' ? bounds.columns : bounds.rows);
}

/**
 * The claims of a kernel for all finite logits at a depth; or why there are none. They rest on the rounding of the last half-step, which does not depend on the logits; that of the start
 * does, and may be as large as a factor of e.
 */
export function sinkhornDepthDrafts(dialect: SinkhornDialect, arithmetic: Arithmetic, n: number, depth: number): Draft[] | string {
  const reason = withoutForm(dialect);
  if (reason !== undefined) return reason;
  const box = tempered({ n, low: new Float64Array(n * n), high: new Float64Array(n * n) }, dialect.temperature);
  const rounding = roundingOf(dialect, arithmetic, box, enter(box, formOf(dialect, box).start));
  if (typeof rounding === 'string') return rounding;
  return everywhere(kernelParameters(dialect, n, { ...rounding, start: 1, startLine: 1 }, storing(arithmetic)), depth).filter(({ method }) => method !== 'exact-side');
}

function everywhere(kernel: KernelParameters, depth: number): Draft[] {
  const { n, rounding, stored } = kernel;
  const one = addUp(mulUp(addUp(expUp(addUp(rounding.entry, rounding.line)), mulUp(n, rounding.underflow)), addUp(1, stored.relative)), mulUp(n, stored.absolute));
  const gain = powerUp(one, depth);
  const draft = (method: MethodId, quantity: string, plain: Draft['plain'], value: number): Draft => ({
    id: `inputs/${method}`, strength: 'all-inputs', plain, quantity, relation: '<=', bound: boundOf(value, 'up'), method,
    parameters: { kernel: { ...kernel, rounding: { ...rounding }, stored: { ...stored } }, ...(method === 'exact-side' ? {} : { depth }) }, assumptions: [declared, ieee], domain: 'all finite logits',
  });
  return [
    draft('exact-side', 'largest sum of the exact side', (b) => `No line of the side that is normalised last sums to more than ${b}.`, one),
    draft('exact-side-depth', `gain of the exact side over ${depth} layers`, (b) => `Over ${depth} layers the gain of the exact side is at most ${b}.`, gain),
    draft('free-side-depth', `gain of the free side over ${depth} layers`, (b) => `Over ${depth} layers the gain of the free side is at most ${b}, at any depth a factor of n above the exact side.`, mulUp(n, gain)),
  ];
}

function freeSide(kernel: KernelParameters): Draft {
  return {
    id: 'inputs/free-side', strength: 'all-inputs', plain: (b) => `Every line of the side that is not normalised last sums to 1 within ${b}.`, quantity: 'max |sum of the free side − 1|', relation: '<=',
    bound: boundOf(freeSideEverywhere(kernel), 'up'), method: 'free-side', parameters: { kernel: { ...kernel, rounding: { ...kernel.rounding }, stored: { ...kernel.stored } } },
    assumptions: [declared, ieee], domain: 'all finite logits',
  };
}

function inBox(kernel: KernelParameters, limit: number, bounds: MappingBounds, dialect: SinkhornDialect, branched: { bound: number; partition: Partition } | undefined): Draft[] {
  const exact = dialect.lastNormalised === 'rows' ? bounds.rows : bounds.columns;
  const { rounding, stored } = kernel;
  const draft = (method: MethodId, quantity: string, plain: Draft['plain'], value: number, partition?: Partition): Draft => ({
    id: `inputs/${method}`, strength: 'all-inputs', plain, quantity, relation: '<=', bound: boundOf(value, 'up'), method, assumptions: [declared, ieee],
    parameters: { kernel: { ...kernel, rounding: { ...rounding }, stored: { ...stored } }, limit, ...(partition === undefined ? {} : { partition: [...partition] }) },
    domain: `all logits of magnitude at most ${limit}`,
  });
  const free = freeDeviation(bounds, dialect);
  const better = branched !== undefined && branched.bound < free ? branched : undefined;
  return [
    draft('box-exact-sums', 'max |sum of the exact side − 1|', (b) => `Every line of the side that is normalised last sums to 1 within ${b}.`, deviation(exact)),
    draft('box-free-sums', 'max |sum of the free side − 1|', (b) => `Every line of the other side sums to 1 within ${b}.`, better?.bound ?? free, better?.partition),
    draft('box-two-norm', '‖H‖₂', (b) => `No mapping lets the norm of a signal or of a gradient grow by more than a factor of ${b}.`, bounds.twoNorm),
    draft('box-second-singular-value', 'σ₂(H)', (b) => `The second singular value of a mapping is at most ${b}.`, bounds.secondSingularValue),
  ];
}
