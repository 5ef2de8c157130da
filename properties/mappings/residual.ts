/**
 * Claims: what holds of Sinkhorn holds of the residual mapping. With scales of zero its logits are the biases, so that the sums of both sides, the cross ratios and
 * positivity are judged by the very checks of sinkhorn/*, with the dialect's Sinkhorn fields. The three together determine the result.
 *
 * The column-major and row-major order of the residual's coefficients, its stabilisation, T and ε are all seen here, without a reference.
 */
import { crossRatios } from '../sinkhorn/cross-ratios.ts';
import { freeSideSums } from '../sinkhorn/free-side-sums.ts';
import { lastNormalisedSums } from '../sinkhorn/last-normalised-sums.ts';
import { positivity } from '../sinkhorn/positivity.ts';
import { operations } from '../../src/operations/index.ts';
import { sinkhornOf, type MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { elementsPerToken } from '../../src/operations/operation.ts';
import type { SinkhornDialect } from '../../src/operations/sinkhorn/dialect.ts';
import { defineProperty, type CheckContext, type Property } from '../../src/verify/property.ts';
import { moderate } from './plans.ts';

const sinkhorn = operations.sinkhorn;
const logitsPort = sinkhorn.inputs[0]!;

/** A claim about Sinkhorn, made about the residual mapping. Its check may call the kernel on the case's own inputs only. */
function ofResidual(property: Property): Property {
  return defineProperty<MappingsDialect>({
    ...property,
    id: property.id.replace('sinkhorn/', 'mappings/residual-'),
    operation: 'mappings',
    claim: `Without scales, of the residual mapping: ${property.claim.charAt(0).toLowerCase()}${property.claim.slice(1)}`,
    inputs: { ...moderate, tokenCounts: [1, 2, 5], parameters: ['usual', 'wide', 'integers', 'initial', 'zeros'] },
    power: property.power.filter((mutation) => mutation !== 'transposed'),
    check: (context) => property.check(residualContext(context) as never),
  });
}

/** The context of a Sinkhorn kernel whose logits are the biases, the same for every token. */
function residualContext(context: CheckContext<MappingsDialect>): CheckContext<SinkhornDialect> {
  const { kernel, sizes } = context;
  const { tokens, streams: n } = sizes;
  const biases = context.inputs['biases']!.subarray(2 * n);
  const logits = new Float64Array(tokens * elementsPerToken(logitsPort, sizes));
  for (let token = 0; token < tokens; token++) logits.set(biases, token * n * n);
  const given = { ...context.inputs, scales: new Float64Array(context.inputs['scales']!.length) };
  const dialect = sinkhornOf(kernel.dialect);
  const inputs = { logits };
  return {
    recipe: context.recipe,
    sizes,
    random: context.random,
    kernel: { ...kernel, operation: sinkhorn as never, dialect, dtypes: { ...kernel.dtypes, logits: kernel.dtypes['biases']! } },
    inputs,
    run: (asked) => (asked === inputs ? context.run(given) : Promise.reject(new TypeError('a residual mapping has the logits of its biases'))),
    runKeeping: () => Promise.reject(new TypeError('not asked of a residual mapping')),
    round: (port, values) => context.round(port === 'logits' ? 'biases' : port, values),
    bounded(asked) {
      const bounded = sinkhorn.bounded(asked, sizes, dialect, kernel.arithmetic, { residualMapping: kernel.dtypes['residualMapping']! });
      // 0·t is 0 only where the coefficients themselves are finite
      const { errors } = context.bounded(given);
      const certified = bounded.certified.map((claimed, token) => (errors['residualMapping']!.subarray(token * n * n, (token + 1) * n * n).every(Number.isFinite) ? claimed : 0));
      return { ...bounded, certified };
    },
    judge: (count) => context.judge(count),
  };
}

export const residualProperties: readonly Property[] = [lastNormalisedSums, freeSideSums, crossRatios, positivity].map(ofResidual);
