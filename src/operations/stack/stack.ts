/**
 * The residual path through D sublayers (paper, Eq. 4): the product of the residual mappings, and the streams that go through it.
 *
 * Bound. A product of mappings in any association, each factor of n terms and rounded to the output's dtype between sublayers, is
 * off by ((1+γ_n)(1+u_s))^D − 1 times Π|E_l| (induction over the products; Higham §3.5). Mappings are non-negative in use, and then
 * Π|E_l| is the composite itself: nothing is lost against running the error from sublayer to sublayer, and kernels that multiply in
 * another order, or get the final streams as composite·x, are covered. With signs the bound stays sound and is looser. Only the
 * absolute terms (underflow) and the overflow check assume that the product is built from one end, either one.
 */
import { computeUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { compound } from '../../numerics/compound.ts';
import { maxFinite } from '../../tensor/dtype.ts';
import type { Bounded, Operation, PortDtypes, Sizes, Values } from '../operation.ts';
import { float64Algebra, oriented } from '../streams/algebra.ts';
import { mixingDialectSchema, mixingPresets, mixingPresetSources, type MixingDialect } from '../streams/dialect.ts';
import { boundMultilinear, storageUnderflow, storageUnit, sumUnderflow } from '../streams/multilinear.ts';
import * as ports from '../streams/ports.ts';
import { fromPairs, preciseAlgebra, toPairs } from '../streams/precise-algebra.ts';
import { evaluateStack } from './evaluate.ts';
import { overChannels, Run, type EffectiveMapping } from './running.ts';

const formula = '|ŷ − y| ≤ (((1+u)^n·(1+u_s))^D·(1+u_s) − 1)·|E_{D−1}|···|E_0|·|x| + underflow, E_l = H_l or H_lᵀ';

export const stack: Operation<MixingDialect> = {
  id: 'stack',
  summary: 'The residual path through all sublayers: the product of the residual mappings, and the streams at its end.',
  dims: ['tokens', 'streams', 'channels', 'depth'],
  inputs: [ports.residualMappings, ports.streams],
  outputs: [ports.composite, ports.finalStreams],
  dialectSchema: mixingDialectSchema,
  presets: mixingPresets,
  presetSources: mixingPresetSources,
  defaultPreset: 'paper',
  formula,
  reference: (inputs, sizes, dialect) => evaluateStack(float64Algebra, inputs, sizes, dialect),
  precise: (inputs, sizes, dialect) => fromPairs(evaluateStack(preciseAlgebra, toPairs(inputs), sizes, dialect)),
  bounded,
};

function bounded(inputs: Values, sizes: Sizes, dialect: MixingDialect, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
  const { tokens, streams: n, depth } = sizes;
  const unit = computeUnit(arithmetic);
  const compositeDtype = dtypes['composite'] ?? arithmetic.storage;
  const streamsDtype = dtypes['finalStreams'] ?? arithmetic.storage;
  const compositeStorage = storageUnit(arithmetic, compositeDtype);
  const streamsStorage = Math.max(storageUnit(arithmetic, streamsDtype), compositeStorage); // the streams may come from the composite
  const products = n * depth;
  const compositeGrowth = compound([n * Math.max(depth - 1, 0), unit], [Math.max(depth, 1), compositeStorage]);
  const streamsGrowth = compound([products, unit], [depth + 1, streamsStorage]);
  const reference = compound([products, 2 ** -53]);
  const compositeLocal = sumUnderflow(arithmetic, n) + storageUnderflow(arithmetic, compositeDtype);
  const streamsLocal = Math.max(compositeLocal, sumUnderflow(arithmetic, n) + storageUnderflow(arithmetic, streamsDtype));
  const { compositeUnits, streamsUnits, peaks } = analyse(inputs, sizes, dialect);
  const scaled = (units: Float64Array, local: number, growth: number): Float64Array => units.map((x) => x * local * (1 + growth));
  return boundMultilinear({
    tokens,
    inputs,
    arithmetic,
    derivation: `products of mappings in any association, rounded to the output's dtype between sublayers (Higham §3.5): ${formula}`,
    roughness: {
      composite: {
        kernel: compositeGrowth,
        reference,
        storage: 0, // in the growth
        underflow: scaled(compositeUnits, compositeLocal, compositeGrowth + reference),
        dtype: compositeDtype,
      },
      finalStreams: {
        kernel: streamsGrowth,
        reference,
        storage: 0,
        underflow: scaled(streamsUnits, streamsLocal, streamsGrowth + reference),
        dtype: streamsDtype,
      },
    },
    evaluate: (some) => evaluateStack(float64Algebra, some, sizes, dialect),
    peaks: {
      magnitudes: peaks.map((peak) => peak * (1 + streamsGrowth)),
      limit: Math.min(maxFinite[arithmetic.compute], maxFinite[compositeDtype], maxFinite[streamsDtype]),
    },
  });
}

/** Absolute errors in units of one local error, and the largest intermediate of each token. */
function analyse(inputs: Values, sizes: Sizes, dialect: MixingDialect): { compositeUnits: Float64Array; streamsUnits: Float64Array; peaks: Float64Array } {
  const { tokens, streams: n, channels, depth } = sizes;
  const magnitudes = inputs['residualMappings']!.map(Math.abs);
  const mapping: EffectiveMapping = (token, l) => oriented(magnitudes, (token * depth + l) * n * n, n, dialect.orientation);
  const compositeUnits = new Float64Array(tokens * n * n);
  const streamsUnits = new Float64Array(tokens * n * channels);
  const peaks = new Float64Array(tokens);
  const up = new Run(depth, n);
  const down = new Run(depth, n);
  const rowSums = new Run(depth, n);
  const columnSums = new Run(depth, n);
  const largest = new Run(depth, n);
  for (let t = 0; t < tokens; t++) {
    up.at(0).fill(0);
    up.forwards(t, mapping, 1);
    down.at(depth).fill(0);
    down.backwards(t, mapping, 1);
    rowSums.at(0).fill(1);
    rowSums.forwards(t, mapping, 0);
    columnSums.at(depth).fill(1);
    columnSums.backwards(t, mapping, 0);
    overChannels(largest.at(0), inputs['streams']!, t, n, channels, Math.max);
    largest.forwards(t, mapping, 0);
    peaks[t] = Math.max(rowSums.largest(), columnSums.largest(), largest.largest());
    for (let i = 0; i < n; i++) {
      let viaComposite = 0;
      for (let j = 0; j < n; j++) {
        const units = Math.max(1, up.at(depth)[i]!, down.at(0)[j]!);
        compositeUnits[(t * n + i) * n + j] = units;
        viaComposite += units * largest.at(0)[j]!;
      }
      streamsUnits.fill(1 + up.at(depth)[i]! + viaComposite, (t * n + i) * channels, (t * n + i + 1) * channels);
    }
  }
  return { compositeUnits, streamsUnits, peaks };
}
