/**
 * The candidates: every combination of the enumerated fields that the schema allows, each with the numbers (iterations, epsilon, temperature, early
 * stop) left open. A new enumerated field of the dialect is one line in `enumerated`.
 */
import { sinkhornDialectSchema, sinkhornPresets, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import { isScaleFree, stepsOf } from '../../operations/sinkhorn/steps.ts';

/** Fields with a few values. What a kernel's own tensors cannot show (orientation) is fixed here and seen on the mixing kernels. */
export const enumerated = {
  start: ['softmax', 'exp', 'absolute'],
  epsilonInStart: [true, false],
  divisor: ['plain', 'add', 'clamp', 'threshold'],
  smallRows: ['divided', 'kept', 'zeroed'],
  smallColumns: ['divided', 'kept', 'zeroed'],
  stabilisation: ['line-max', 'matrix-max', 'none'],
  domain: ['linear', 'log'],
  lastNormalised: ['rows', 'columns'],
} as const satisfies { readonly [F in keyof SinkhornDialect]?: readonly SinkhornDialect[F][] };

/** Fields that are numbers. */
export type Numbers = Pick<SinkhornDialect, 'iterations' | 'epsilon' | 'temperature' | 'stopBelow'>;

/** A result as it is, or each matrix of it transposed. */
export type Layout = 'as-is' | 'transposed';

/** A stand-in for an epsilon that is still to be found. */
export const someEpsilon = 1e-6;

/** All combinations, with and without an epsilon. */
export function combinations(): SinkhornDialect[] {
  let partial: Record<string, unknown>[] = [0, someEpsilon].map((epsilon) => ({ ...sinkhornPresets['liger']!, iterations: 1, epsilon }));
  for (const [field, values] of Object.entries(enumerated)) partial = partial.flatMap((dialect) => values.map((value) => ({ ...dialect, [field]: value })));
  return partial.flatMap((fields) => {
    const parsed = sinkhornDialectSchema.safeParse(fields);
    return parsed.success && !isRedundant(parsed.data) ? [parsed.data] : [];
  });
}

/** Written with an epsilon of zero, in a place that needs one: another name for the plain form. */
function isRedundant(dialect: SinkhornDialect): boolean {
  return dialect.epsilon === 0 && (dialect.divisor !== 'plain' || dialect.epsilonInStart);
}

/** Two dialects with the same key are the same function of the reals for the same numbers; only rounding and overflow can tell them apart. */
export function functionKey(dialect: SinkhornDialect): string {
  const first = stepsOf({ ...dialect, iterations: 1 });
  const start = dialect.start === 'absolute' ? ['absolute', dialect.epsilonInStart] : [isScaleFree(dialect) ? 'any' : dialect.stabilisation];
  return JSON.stringify([start, first, dialect.lastNormalised]);
}

/** One function of the logits, in one layout: the dialects that are it. */
export interface Form {
  readonly layout: Layout;
  readonly members: readonly SinkhornDialect[];
}

/** Every function in a layout. */
export function formsOf(layout: Layout): Form[] {
  const members = new Map<string, SinkhornDialect[]>();
  for (const dialect of combinations()) {
    const key = functionKey(dialect);
    members.set(key, [...(members.get(key) ?? []), dialect]);
  }
  return [...members.values()].map((dialects) => ({ layout, members: dialects }));
}
