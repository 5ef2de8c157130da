/**
 * A candidate is refuted when an answer leaves the bound that the operation derives for it (`bounded`: reference and error, element by element).
 * Where the bound claims nothing because a kernel of that dialect leaves the range of its arithmetic, the answer itself is the evidence: e^1024 is
 * infinite and e^−1024 is zero in f32 and f64 alike, so what a kernel of the dialect divides by zero, and what stays zero, is no matter of rounding.
 * The plain kernel of the dialect is run, and both must agree on that.
 */
import { sinkhornKernel } from '../../kernels/reference/index.ts';
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { sinkhorn } from '../../operations/sinkhorn/sinkhorn.ts';
import { tensor, valuesOf } from '../../tensor/tensor.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import type { Probe } from './probes.ts';

/** One call's probes and answers. */
export interface Asked {
  readonly n: number;
  readonly probes: readonly Probe[];
  readonly logits: Float64Array;
  readonly values: Float64Array;
}

export interface Refutation {
  /** Largest error / bound; above 1 the candidate is refuted. Infinite where one of kernel and candidate is finite (or zero) and the other is not. */
  readonly margin: number;
  /** The probe that it was seen on. */
  readonly probe: string;
  /** Probes on which the candidate fails. */
  readonly failing: number;
  /** Probes about which the candidate claims something. */
  readonly claims: number;
}

/** The margin of a candidate on ordinary probes. */
export function refuteByBound(asked: Asked, dialect: SinkhornDialect, arithmetic: Arithmetic, storage: Dtype): Refutation {
  const { certified, margins } = marginsOf(asked, dialect, arithmetic, storage);
  return worstOf(asked.probes, margins.map((margin, token) => (certified[token] === 1 ? margin : -1)));
}

/** The margin of a candidate on extreme probes: its bound where it has one, agreement on what is finite and what is zero elsewhere. */
export function refuteByRange(asked: Asked, dialect: SinkhornDialect, arithmetic: Arithmetic, storage: Dtype): Refutation {
  const { n, probes, logits, values } = asked;
  const { certified, margins } = marginsOf(asked, dialect, arithmetic, storage);
  const run = sinkhornKernel(dialect)({ logits: tensor(logits, [probes.length, n, n]) }, { tokens: probes.length, streams: n, channels: 1, depth: 1 });
  const plain = valuesOf(run['residualMapping']!);
  const tokenOf = (all: Float64Array, token: number): Float64Array => all.subarray(token * n * n, (token + 1) * n * n);
  return worstOf(probes, margins.map((margin, token) => (certified[token] === 1 ? margin : agree(tokenOf(plain, token), tokenOf(values, token)) ? 0 : Infinity)));
}

/** Far above what underflow could leave, and what f16 can hold. */
const plainlyPositive = 2 ** -10;

function agree(a: Float64Array, b: Float64Array): boolean {
  const finite = a.every(Number.isFinite);
  if (finite !== b.every(Number.isFinite)) return false;
  return !finite || a.every((value, k) => !((value === 0 && b[k]! > plainlyPositive) || (b[k] === 0 && value > plainlyPositive)));
}

/** The worse of two, with their counts together. */
export function worse(a: Refutation, b: Refutation): Refutation {
  const worst = b.margin > a.margin ? b : a;
  return { ...worst, failing: a.failing + b.failing, claims: a.claims + b.claims };
}

function marginsOf({ n, probes, logits, values }: Asked, dialect: SinkhornDialect, arithmetic: Arithmetic, storage: Dtype): { certified: Uint8Array; margins: Float64Array } {
  const sizes = { tokens: probes.length, streams: n, channels: 1, depth: 1 };
  const bounded = sinkhorn.bounded({ logits }, sizes, dialect, arithmetic, { residualMapping: storage });
  const expected = bounded.values['residualMapping']!;
  const errors = bounded.errors['residualMapping']!;
  const margins = new Float64Array(probes.length);
  for (let k = 0; k < values.length; k++) {
    const error = Math.abs(values[k]! - expected[k]!);
    const margin = error === 0 ? 0 : error / errors[k]!;
    const token = Math.floor(k / (n * n));
    if (!(margin <= margins[token]!)) margins[token] = margin >= 0 ? margin : Infinity; // NaN satisfies no bound
  }
  return { certified: bounded.certified, margins };
}

/** A margin of −1 is no claim. */
function worstOf(probes: readonly Probe[], margins: Float64Array): Refutation {
  let worst = 0;
  margins.forEach((margin, token) => {
    if (margin > margins[worst]!) worst = token;
  });
  return {
    margin: Math.max(0, margins[worst]!),
    probe: probes[worst]!.name,
    failing: margins.filter((margin) => margin > 1).length,
    claims: margins.filter((margin) => margin >= 0).length,
  };
}
