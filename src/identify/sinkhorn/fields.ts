/** From the candidates that survive to what is known of each field. */
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { formatNumber } from '../naming.ts';
import type { Field, FieldValue } from '../result.ts';
import type { Refutation } from './refute.ts';
import type { Candidate } from './search.ts';
import type { enumerated } from './space.ts';
import type { Ranges } from './ranges.ts';

/** A candidate that explains every answer, and how far its numbers can move. */
export interface Survivor extends Candidate {
  readonly ranges: Ranges;
}

type EnumeratedField = keyof typeof enumerated | 'layout';

/** Why no input tells the values of a field apart: when all survivors are such that the condition holds. */
const sameFunction: readonly { readonly field: EnumeratedField; readonly when: (dialect: SinkhornDialect) => boolean; readonly why: string }[] = [
  { field: 'start', when: ({ epsilon }) => epsilon === 0, why: 'without an epsilon a softmax is the first half-step after exp' },
  { field: 'start', when: ({ divisor, stabilisation }) => divisor === 'clamp' && stabilisation === 'line-max', why: 'after the maximum of its line is subtracted every first sum is at least 1, above the clamp: a softmax is the first half-step' },
  { field: 'divisor', when: ({ epsilonInStart, divisor }) => epsilonInStart && divisor !== 'add', why: 'the epsilon in the start keeps every sum above it, so a clamp never acts' },
  { field: 'stabilisation', when: ({ domain }) => domain === 'log', why: 'log-sum-exp subtracts the maximum of each line, whatever was subtracted before' },
];

const generalReason: Readonly<Partial<Record<EnumeratedField, string>>> = {
  start: 'the difference is below the rounding that the arithmetic allows',
  domain: 'nothing left the range of the arithmetic, so logarithms and numbers gave the same',
  stabilisation: 'nothing overflowed on what the kernel answered',
  smallRows: 'no row that could have been small showed it',
  smallColumns: 'no column that could have been small showed it',
};

/** An enumerated field (or the layout) of the survivors; `chosen` is the survivor that stands for them, `all` every candidate that was judged. */
export function enumeratedField(field: EnumeratedField, chosen: Survivor, survivors: readonly Survivor[], all: readonly Candidate[]): Field {
  const of = (candidate: Candidate): FieldValue => (field === 'layout' ? candidate.layout : candidate.dialect[field]);
  const value = of(chosen);
  const alternatives = [...new Set(survivors.map(of))].filter((other) => other !== value);
  if (alternatives.length === 0) {
    const others = all.filter((candidate) => of(candidate) !== value).map(({ refutation }) => refutation);
    const nearest = nearestOf(others);
    const reason = nearest.confidence === undefined ? 'no other value goes with the other fields' : undefined;
    return { field, value, status: 'known', ...nearest, alternatives, range: undefined, reason };
  }
  const same = sameFunction.find((one) => one.field === field && survivors.every(({ dialect }) => one.when(dialect)));
  const reason = same?.why ?? generalReason[field] ?? 'both explain every answer within its bound';
  return { field, value, status: same === undefined ? 'ambiguous' : 'not-visible', confidence: undefined, evidence: undefined, alternatives, range: undefined, reason };
}

/** The number of iterations. */
export function iterationsField(chosen: Survivor, survivors: readonly Survivor[]): Field {
  const low = Math.min(...survivors.map(({ ranges }) => ranges.iterations[0]));
  const high = Math.max(...survivors.map(({ ranges }) => ranges.iterations[1]));
  const value = chosen.dialect.iterations;
  if (low === high) {
    const others = survivors.flatMap(({ ranges }) => (ranges.otherIterations === undefined ? [] : [ranges.otherIterations]));
    return { field: 'iterations', value, status: 'known', ...nearestOf(others), alternatives: [], range: [low, high], reason: undefined };
  }
  const reason = high >= 1000 ? 'the iteration has settled within rounding' : 'one iteration more changes less than rounding may';
  return { field: 'iterations', value, status: 'ambiguous', confidence: undefined, evidence: undefined, alternatives: [], range: [low, high], reason };
}

/** A number: known when its first binary digit is, or when there is none. An early stop that would not have shown is not visible. */
export function numberField(field: 'epsilon' | 'temperature' | 'stopBelow', chosen: Survivor, survivors: readonly Survivor[], all: readonly Candidate[]): Field {
  const value = chosen.dialect[field];
  const low = Math.min(...survivors.map(({ ranges }) => ranges[field][0]));
  const high = Math.max(...survivors.map(({ ranges }) => ranges[field][1]));
  const known = high === 0 || high < 2 * low;
  if (field === 'stopBelow' && value === 0 && high > 0) {
    const reason = `none is seen, and one below ${formatNumber(high)} would not show`;
    return { field, value, status: 'not-visible', confidence: undefined, evidence: undefined, alternatives: [], range: [low, high], reason };
  }
  if (field === 'temperature' && survivors.some(({ dialect }) => dialect.start === 'absolute')) {
    const reason = 'of |L| only epsilon times temperature shows, and epsilon is given for a temperature of 1';
    return { field, value, status: 'not-visible', confidence: undefined, evidence: undefined, alternatives: [], range: [low, high], reason };
  }
  const others = all.filter(({ dialect }) => !(dialect[field] >= low && dialect[field] <= high)).map(({ refutation }) => refutation);
  const reason = high === 0 ? 'one below 1e-30 would not show' : known ? 'every number in the range fits' : 'its effect is below the rounding that the arithmetic allows';
  const nearest = known ? nearestOf(others) : { confidence: undefined, evidence: undefined };
  return { field, value, status: known ? 'known' : 'ambiguous', ...nearest, alternatives: [], range: [low, high], reason };
}

/** The refutation that the best other explanation escapes by least. */
function nearestOf(refutations: readonly Refutation[]): Pick<Field, 'confidence' | 'evidence'> {
  const refuted = refutations.filter(({ margin }) => margin > 1).toSorted((a, b) => a.margin - b.margin);
  return { confidence: refuted[0]?.margin, evidence: refuted[0]?.probe };
}
