/** What the kernel makes of its logits before anything else: all its bits, or a shorter number. Seen on probes whose logits need all 24 bits. */
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { roundTo } from '../../tensor/codecs.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { refuteByBound, type Refutation } from './refute.ts';
import type { Candidate, Search } from './search.ts';

/** Ways to read a logit that lose bits, longest first. */
const shorter: Readonly<Record<string, (value: number) => number>> = { tf32: tf32round, f16: roundTo.f16, bf16: roundTo.bf16 };

/** How the logits are read, and the refutation of the next longer reading; nothing when no reading explains the answers. */
export interface Reading {
  readonly readAs: string | undefined;
  readonly longer: Refutation | undefined;
}

/** The longest reading under which a candidate explains the long probes. */
export function readingOf(search: Search, { dialect, layout }: Candidate, arithmetic: Arithmetic, dtype: Dtype): Reading {
  const { long } = search.byLayout[layout];
  let longer: Refutation | undefined;
  for (const [readAs, round] of [[dtype, (value: number) => value] as const, ...Object.entries(shorter)]) {
    const refutation = refuteByBound({ ...long, logits: long.logits.map(round) }, dialect, arithmetic, search.storage);
    if (refutation.margin <= 1) return { readAs, longer };
    if (longer === undefined || refutation.margin < longer.margin) longer = refutation;
  }
  return { readAs: undefined, longer };
}

/** TF32 keeps 11 significant bits of an f32. */
function tf32round(value: number): number {
  if (value === 0) return value;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
  return Math.round(value / unit) * unit;
}
