/** What holds of one sublayer's mappings for every input of the network: from the bounds of its logits, by the theorems of ../inputs. */
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from '../../numerics/directed.ts';
import { expDown, expUp } from '../../numerics/exponential.ts';
import type { MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { enter, type Box, type Entering } from '../inputs/box.ts';
import { formOf, tempered, type Form } from '../inputs/form.ts';
import { mappingBounds, type MappingBounds } from '../inputs/mapping.ts';
import { roundingOf, storing } from '../inputs/rounding.ts';
import { walk, type Rounding, type Sums } from '../inputs/walk.ts';
import type { SublayerLogits } from './logits.ts';

export interface SublayerBounds extends MappingBounds {
  /** Of single elements of the gates. */
  readonly pre: Sums;
  readonly post: Sums;
  /** Largest half-width of a residual logit's range. */
  readonly radius: number;
}

/** What the kernel's arithmetic adds in a sublayer, or why that cannot be said. */
export function sublayerRounding(logits: SublayerLogits, dialect: MappingsDialect, arithmetic: Arithmetic): Rounding | string {
  const { residual, entering } = start(logits, dialect);
  return roundingOf(dialect, arithmetic, residual, entering);
}

/** The bounds of a sublayer, or why there are none. */
export function boundSublayer(logits: SublayerLogits, dialect: MappingsDialect, arithmetic: Arithmetic, rounding: Rounding): SublayerBounds | string {
  const { n, low, high } = logits;
  const { residual, entering, form } = start(logits, dialect);
  const end = walk(entering, form.steps, rounding);
  if (end === undefined) return 'entries may become so small that underflow spoils them';
  const pre = gates({ n, low: low.subarray(0, n), high: high.subarray(0, n) }, arithmetic, 1, dialect.preEpsilon);
  const post = gates({ n, low: low.subarray(n, 2 * n), high: high.subarray(n, 2 * n) }, arithmetic, dialect.postMultiplier, 0);
  const radius = residual.high.reduce((most, top, i) => Math.max(most, (top - residual.low[i]!) / 2), 0);
  return { ...mappingBounds(end, dialect.lastNormalised, n, storing(arithmetic)), pre, post, radius };
}

function start({ n, low, high, spans }: SublayerLogits, dialect: MappingsDialect): { residual: Box; entering: Entering; form: Form } {
  const residual = tempered({ n, low: low.subarray(2 * n), high: high.subarray(2 * n) }, dialect.temperature);
  const form = formOf(dialect, residual);
  return { residual, form, entering: enter(residual, form.start, spans.map((span) => divUp(span, dialect.temperature))) };
}

/** multiplier·σ(L) + added over all gates; σ is at most 1; a kernel adds the errors of `gateError`. */
function gates({ low, high }: Box, arithmetic: Arithmetic, multiplier: number, added: number): Sums {
  const error = gateError(arithmetic, Math.max(...low.map(Math.abs), ...high.map(Math.abs)));
  const least = Math.min(...low.map((x) => divDown(1, addUp(1, expUp(-x)))));
  const most = Math.max(...high.map((x) => divUp(1, addDown(1, expDown(-x)))));
  return {
    low: addDown(mulDown(mulDown(least, multiplier), addDown(1, -error)), added),
    high: addUp(mulUp(mulUp(most, multiplier), addUp(1, error)), mulUp(added, addUp(1, error))),
  };
}

/** Relative error of multiplier·σ(x) + added: exp, two additions, a division, a product. */
function gateError({ exp, division, compute }: Arithmetic, largest: number): number {
  const u = compute === 'f32' ? 2 ** -24 : 2 ** -53;
  return Math.min(1, (exp.constant + exp.slope * largest + division.perEntry + division.perLine + 4) * u * (1 + 2 ** -8));
}

/** Which side of H, as it multiplies the streams, is exact: forward gain is its largest row sum, backward gain its largest column sum. */
export function gains({ rows, columns }: MappingBounds, orientation: 'plain' | 'transposed'): { forward: Sums; backward: Sums } {
  return orientation === 'plain' ? { forward: rows, backward: columns } : { forward: columns, backward: rows };
}

/** The side whose sums are exact, as H multiplies the streams. */
export function exactGain(dialect: MappingsDialect): 'forward' | 'backward' {
  return (dialect.lastNormalised === 'rows') === (dialect.orientation === 'plain') ? 'forward' : 'backward';
}

