/** What an identification reports: plain data, serialisable as it stands. */
import type { OperationId } from '../operations/operation.ts';

/**
 * known: every other value is refuted. ambiguous: several values explain all answers to these problems. not-visible: no problem of this kernel
 * could tell the values apart, because they are the same function here.
 */
export type FieldStatus = 'known' | 'ambiguous' | 'not-visible';

export type FieldValue = string | number | boolean;

/** One field of the dialect. */
export interface Field {
  readonly field: string;
  /** The value, or where several are possible the one of the nearest preset. */
  readonly value: FieldValue;
  readonly status: FieldStatus;
  /**
   * How far the best explanation with another value leaves its bound (error / bound, above 1): the larger, the surer. Infinite where that
   * explanation overflows and the kernel does not, or the reverse. Absent where another value fits.
   */
  readonly confidence: number | undefined;
  /** The probe that refutes that explanation. */
  readonly evidence: string | undefined;
  /** Other values that fit as well. */
  readonly alternatives: readonly FieldValue[];
  /** All numbers between these fit, for a field that is a number. */
  readonly range: readonly [low: number, high: number] | undefined;
  /** Why it is not known; for a known number, what limits it. */
  readonly reason: string | undefined;
}

/** A preset near to what was found, and in what it differs. */
export interface NearPreset {
  readonly name: string;
  readonly differences: readonly { readonly field: string; readonly found: FieldValue; readonly preset: FieldValue }[];
}

/** The best explanation there is, and by how much it misses, when none fits. */
export interface Nearest {
  readonly name: string;
  readonly dialect: Readonly<Record<string, FieldValue>>;
  /** Error / bound on its worst probe. */
  readonly margin: number;
  readonly probe: string;
  /** Probes that it does not explain, of those that it says something about. */
  readonly failing: number;
  readonly claims: number;
}

/**
 * identified: at least one dialect explains every answer. no-known-dialect: none does. no-answer: the kernel did not answer, so there is nothing
 * to explain.
 */
export type Verdict = 'identified' | 'no-known-dialect' | 'no-answer';

export interface Identification {
  readonly operation: OperationId;
  readonly streams: number;
  readonly verdict: Verdict;
  /** One sentence, without a subject: "computes `tilekernels` with 19 iterations". */
  readonly sentence: string;
  /** The dialect found; absent unless identified. */
  readonly dialect: Readonly<Record<string, FieldValue>> | undefined;
  readonly fields: readonly Field[];
  readonly presets: readonly NearPreset[];
  readonly nearest: Nearest | undefined;
  /** What else was seen: answers that differ from call to call, numbers coarser than their dtype. */
  readonly notes: readonly string[];
  /** Single problems asked, in all calls. */
  readonly problems: number;
  readonly calls: number;
}
