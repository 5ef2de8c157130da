/**
 * Claims: what holds of Sinkhorn holds of the residual mapping. With scales of zero its logits are the biases, so that the sums of both sides, the cross ratios, positivity
 * and the recursion of two classes are judged by the very checks of sinkhorn/*, with the dialect's Sinkhorn fields. Sums and ratios together determine the result.
 * Each token's logits become the biases of a call of its own (residual-alone.ts).
 *
 * The column-major and row-major order of the residual's coefficients, its stabilisation, T and ε are all seen here, without a reference.
 */
import { crossRatios } from '../sinkhorn/cross-ratios.ts';
import { freeSideSums } from '../sinkhorn/free-side-sums.ts';
import { lastNormalisedSums } from '../sinkhorn/last-normalised-sums.ts';
import { positivity } from '../sinkhorn/positivity.ts';
import { twoClasses } from '../sinkhorn/two-classes.ts';
import { operations } from '../../src/operations/index.ts';
import { sinkhornOf, type MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty, type CheckContext, type Property } from '../../src/verify/property.ts';
import { moderate } from './plans.ts';
import { biasLogits, finiteTokens, residualAlone } from './residual-alone.ts';

const sinkhorn = operations.sinkhorn;

/** A claim about Sinkhorn, made about the residual mapping. */
function ofResidual(property: Property, parameters: readonly string[]): Property {
  return defineProperty<MappingsDialect>({
    ...property,
    screenedFor: undefined, // of matrices that are inputs
    id: property.id.replace('sinkhorn/', 'mappings/residual-'),
    operation: 'mappings',
    claim: `Without scales, of the residual mapping: ${property.claim.charAt(0).toLowerCase()}${property.claim.slice(1)}`,
    inputs: { ...moderate, tokenCounts: [1, 2, 5], parameters },
    power: property.power.filter((mutation) => mutation !== 'transposed'),
    check: (context) => property.check(residualContext(context) as never),
  });
}

/** The context of a Sinkhorn kernel. */
function residualContext(context: CheckContext<MappingsDialect>): CheckContext<SinkhornDialect> {
  const { kernel, sizes } = context;
  const dialect = sinkhornOf(kernel.dialect);
  const finite = finiteTokens(context);
  const per = sizes.streams ** 2;
  // elsewhere 0·t is no number, and neither are the logits
  const logitsOf = (biases: Float64Array): Float64Array => biases.map((value, index) => (finite[Math.floor(index / per)] === true ? value : NaN));
  return {
    recipe: context.recipe,
    sizes,
    random: context.random,
    indifferent: context.indifferent,
    kernel: { ...kernel, operation: sinkhorn as never, dialect, dtypes: { ...kernel.dtypes, logits: kernel.dtypes['biases']! } },
    inputs: { logits: logitsOf(biasLogits(context)) },
    run: async ({ logits }) => ({ residualMapping: await residualAlone(context, 'residualMapping', { biases: logits!.map((value) => (Number.isNaN(value) ? 0 : value)) }) }),
    runKeeping: () => Promise.reject(new TypeError('not asked of a residual mapping')),
    round: (port, values) => context.round(port === 'logits' ? 'biases' : port, values),
    bounded: (asked) => sinkhorn.bounded(asked, sizes, dialect, kernel.arithmetic, { residualMapping: kernel.dtypes['residualMapping']! }),
    judge: (count) => context.judge(count),
  };
}

export const residualProperties: readonly Property[] = [
  ...[lastNormalisedSums, freeSideSums, crossRatios, positivity].map((property) => ofResidual(property, ['usual', 'slow', 'wide', 'integers', 'initial', 'zeros'])),
  ofResidual(twoClasses, ['slow', 'wide']), // where an iteration more or less shows
];
