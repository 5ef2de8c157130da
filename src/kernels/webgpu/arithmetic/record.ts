/**
 * What was measured on an adapter: counts, and the operands and results that stand out, as bits. Whether a function leaves WGSL's table is not written down but judged from the bits whenever it is asked, so that a record
 * which was damaged or made up cannot accuse a driver of what its bits do not show.
 */
import { z } from 'zod';

import { measuredFunctions, measuredNames, type MeasuredName } from './functions.ts';
import { floatOf, judge, type Judgement } from './judge.ts';

export const recordFormat = 'plumbline-arithmetic';
/** Raised when what is measured, or how it is judged, changes: older records are measured again. */
export const recordVersion = 1;

const count = z.int().min(0).max(2 ** 53 - 1);
const bits = z.int().min(0).max(0xffffffff);
const text = z.string().max(1000);

/** f(operands) = result. */
const seenSchema = z.strictObject({ operands: z.array(bits).min(1).max(3), result: bits });
export type Seen = z.infer<typeof seenSchema>;

const functionSchema = z.strictObject({
  /** Results that were judged: operands and result are normal numbers. */
  judged: count,
  /** Every pattern of the operand was judged. */
  all: z.boolean(),
  /** Those of `judged` that were drawn at random, from the distribution that samples.ts names, and how many were outside. */
  drawn: z.strictObject({ judged: count, outside: count }),
  /** Certainly beyond WGSL's table, of all. */
  outside: count,
  /** Certainly beyond what the bounds assume. */
  beyond: count,
  /** The largest error, in parts of what is allowed. */
  worst: seenSchema,
  /** No error exceeds this, in ULP (in units of what is allowed where that is absolute); where all were judged. */
  atMost: z.number().min(0).optional(),
  outsideAt: seenSchema.optional(),
  beyondAt: seenSchema.optional(),
  /** The largest errors of exp, by the binade of |x|. */
  binades: z.array(seenSchema).max(300),
  /** NaN, infinities and poles whose results are not as IEEE 754 has them: how many, and one of each. */
  special: count,
  specials: z.array(seenSchema).max(16),
  /** Subnormal operands and results that were kept, or taken as zero, where that makes a difference. */
  kept: count,
  zeroed: count,
});
export type FunctionRecord = z.infer<typeof functionSchema>;

export const recordSchema = z.strictObject({
  format: z.literal(recordFormat),
  schemaVersion: z.literal(recordVersion),
  adapter: z.strictObject({ vendor: text, architecture: text, device: text, driver: text, fallback: z.boolean() }),
  /** Version of Dawn's package. */
  dawn: text,
  measuredAt: z.iso.datetime(),
  thorough: z.boolean(),
  functions: z.strictObject(Object.fromEntries(measuredNames.map((name) => [name, functionSchema])) as Record<MeasuredName, typeof functionSchema>),
});
export type ArithmeticRecord = z.infer<typeof recordSchema>;

/** What was seen, judged again. */
export function judgeSeen(name: MeasuredName, { operands, result }: Seen): Judgement {
  if (operands.length !== measuredFunctions[name].operands) throw new RangeError(`${name} has ${measuredFunctions[name].operands} operands`);
  return judge(name, operands.map(floatOf), floatOf(result));
}

/** Whether the counts are those of the bits: a record where they are not is damaged. */
export function isConsistent(record: ArithmeticRecord): boolean {
  return measuredNames.every((name) => {
    const { outside, beyond, outsideAt, beyondAt, worst, special, specials, binades } = record.functions[name];
    const fits = ({ operands }: Seen): boolean => operands.length === measuredFunctions[name].operands;
    if (![worst, ...binades, ...specials, ...(outsideAt ? [outsideAt] : []), ...(beyondAt ? [beyondAt] : [])].every(fits)) return false;
    if (outside > 0 !== (outsideAt !== undefined && judgeSeen(name, outsideAt).outside)) return false;
    if (beyond > 0 !== (beyondAt !== undefined && judgeSeen(name, beyondAt).beyondAssumed)) return false;
    return (special > 0) === specials.length > 0 && specials.every((one) => judgeSeen(name, one).class === 'special' && judgeSeen(name, one).outside);
  });
}
