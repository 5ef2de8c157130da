/** A Sinkhorn dialect as the theorems of this folder need it: what the start gives, and the half-steps that follow. Reasons why a dialect has no such form are sentences. */
import { addDown, addUp, divDown, divUp } from '../../numerics/directed.ts';
import { expDown, expUp } from '../../numerics/exponential.ts';
import { firstNormalised, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { stepsOf, type Normalisation } from '../../operations/sinkhorn/steps.ts';
import type { Box, StartForm } from './box.ts';
import type { WalkStep } from './walk.ts';

export interface Form {
  readonly start: StartForm;
  readonly steps: readonly WalkStep[];
}

/** Why nothing is certified for all inputs of a dialect; undefined when it can be. */
export function withoutForm(dialect: SinkhornDialect): string | undefined {
  if (dialect.start === 'absolute') return 'its start is |L|, and the theorems are about positive matrices';
  if (dialect.divisor === 'threshold') return 'lines below its threshold are not divided';
  if (dialect.stopBelow > 0) return 'it may stop early';
  return undefined;
}

/** The form for the logits of a box. Throws nothing; ask `withoutForm` first. */
export function formOf(dialect: SinkhornDialect, box: Box): Form {
  const first = firstNormalised(dialect);
  const all = stepsOf(dialect);
  const normalisations = all.filter((step) => step.kind === 'normalise').map(({ side, divisor, epsilon }): WalkStep => ({ side, divisor: divisor as WalkStep['divisor'], epsilon }));
  const added = all.reduce((sum, step) => (step.kind === 'add' ? sum + step.epsilon : sum), 0);
  const opening = all[0] as Normalisation;
  const sums = opening.epsilon === 0 ? { low: 1, high: 1 } : startSums(dialect, box, first);
  return { start: { first, share: shareOf(opening, sums), added }, steps: normalisations.slice(1) };
}

/** The box of L/τ. */
export function tempered({ n, low, high }: Box, temperature: number): Box {
  if (temperature === 1) return { n, low, high };
  return { n, low: low.map((x) => (Number.isFinite(x) ? divDown(x, temperature) : x)), high: high.map((x) => (Number.isFinite(x) ? divUp(x, temperature) : x)) };
}

/** Sums of e^(L − shift) over the lines of the first side. */
function startSums(dialect: SinkhornDialect, { n, low, high }: Box, first: 'rows' | 'columns'): { low: number; high: number } {
  if (dialect.stabilisation === 'line-max') return { low: 1, high: n };
  const [line, entry] = first === 'rows' ? [n, 1] : [1, n];
  const [lowest, highest] = dialect.stabilisation === 'none' ? [0, 0] : [low.reduce((a, b) => Math.max(a, b)), high.reduce((a, b) => Math.max(a, b))];
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < n; i++) {
    let [few, many] = [0, 0];
    for (let j = 0; j < n; j++) {
      few = addDown(few, expDown(addDown(low[i * line + j * entry]!, -highest)));
      many = addUp(many, expUp(addUp(high[i * line + j * entry]!, -lowest)));
    }
    least = Math.min(least, few);
    most = Math.max(most, many);
  }
  return { low: least, high: dialect.stabilisation === 'none' ? most : Math.min(most, n) };
}

function shareOf({ divisor, epsilon }: Normalisation, { low, high }: { low: number; high: number }): { low: number; high: number } {
  if (epsilon === 0) return { low: 1, high: 1 };
  if (divisor === 'clamp') return { low: Math.min(1, divDown(low, epsilon)), high: Math.min(1, divUp(high, epsilon)) };
  return { low: divDown(low, addUp(low, epsilon)), high: high < Infinity ? divUp(high, addDown(high, epsilon)) : 1 };
}

