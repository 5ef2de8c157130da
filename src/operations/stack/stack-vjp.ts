/**
 * The gradient through the residual path: what each sublayer's mapping and the first streams receive.
 *
 * Bound. A mapping's gradient is a sum over channels of (streams below it) × (cotangent above it); together these pass D − 1 mappings,
 * wherever the sublayer is, so one factor ((1+γ_n)(1+u_s))^{D−1}·(1+γ_C) holds for all of them, products of both errors included.
 * M is the same computation on magnitudes. Streams and cotangents may be kept in the coarser of the arithmetic's storage and the
 * dtype of the streams' gradient. The absolute terms follow the sublayers one by one (`running.ts`).
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
import { evaluateStackVjp } from './evaluate.ts';
import { add, overChannels, Run, type EffectiveMapping } from './running.ts';

const formula =
  '|∂E_l error| ≤ (((1+u)^n·(1+u_s))^{D−1}·(1+u_s)²·(1+u)^C·(1+u_out) − 1)·Σ_c|g_{l+1}|·|x_l|ᵀ, ' +
  '|∂x error| ≤ (((1+u)^n·(1+u_s))^D·(1+u_s)·(1+u_out) − 1)·|E_0|ᵀ···|E_{D−1}|ᵀ·|g| + underflow';

export const stackVjp: Operation<MixingDialect> = {
  id: 'stack-vjp',
  summary: 'The gradients of the final streams: all residual mappings, and the first streams.',
  dims: ['tokens', 'streams', 'channels', 'depth'],
  inputs: [ports.residualMappings, ports.streams, ports.cotangentOf(ports.finalStreams)],
  outputs: [ports.gradientOf(ports.residualMappings), ports.gradientOf(ports.streams)],
  dialectSchema: mixingDialectSchema,
  presets: mixingPresets,
  presetSources: mixingPresetSources,
  defaultPreset: 'paper',
  formula,
  reference: (inputs, sizes, dialect) => evaluateStackVjp(float64Algebra, inputs, sizes, dialect),
  precise: (inputs, sizes, dialect) => fromPairs(evaluateStackVjp(preciseAlgebra, toPairs(inputs), sizes, dialect)),
  bounded,
};

function bounded(inputs: Values, sizes: Sizes, dialect: MixingDialect, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
  const { tokens, streams: n, channels, depth } = sizes;
  const unit = computeUnit(arithmetic);
  const mappingsDtype = dtypes['residualMappingsGradient'] ?? arithmetic.storage;
  const streamsDtype = dtypes['streamsGradient'] ?? arithmetic.storage;
  const kept = Math.max(storageUnit(arithmetic, arithmetic.storage), storageUnit(arithmetic, streamsDtype));
  const keptUnderflow = Math.max(storageUnderflow(arithmetic, arithmetic.storage), storageUnderflow(arithmetic, streamsDtype));
  const between = n * Math.max(depth - 1, 0);
  // the first streams and the cotangent may be stored once more as they are, hence (1 + u_s)² and (1 + u_s)
  const mappingsGrowth = compound([between + channels, unit], [depth + 1, kept], [1, storageUnit(arithmetic, mappingsDtype)]);
  const streamsGrowth = compound([n * depth, unit], [depth + 1, kept], [1, storageUnit(arithmetic, streamsDtype)]);
  const growth = Math.max(mappingsGrowth, streamsGrowth);
  const reference = compound([n * depth + channels, 2 ** -53]);
  const local = (sumUnderflow(arithmetic, n) + keptUnderflow) * (1 + growth);
  const gramLocal = (sumUnderflow(arithmetic, channels) + storageUnderflow(arithmetic, mappingsDtype)) * (1 + growth);
  const { mappingsUnderflow, streamsUnderflow, peaks } = analyse(inputs, sizes, dialect, local, gramLocal, 1 + growth + reference);
  return boundMultilinear({
    tokens,
    inputs,
    arithmetic,
    derivation: `streams up, cotangents down, rounded between sublayers, and a sum over channels (Higham §3.1, §3.5): ${formula}`,
    roughness: {
      residualMappingsGradient: { kernel: mappingsGrowth, reference, storage: 0, underflow: mappingsUnderflow, dtype: mappingsDtype },
      streamsGradient: { kernel: streamsGrowth, reference, storage: 0, underflow: streamsUnderflow, dtype: streamsDtype },
    },
    evaluate: (some) => evaluateStackVjp(float64Algebra, some, sizes, dialect),
    peaks: {
      magnitudes: peaks.map((peak) => peak * (1 + growth)),
      limit: Math.min(maxFinite[arithmetic.compute], maxFinite[arithmetic.storage], maxFinite[streamsDtype]),
    },
  });
}

interface Analysis {
  readonly mappingsUnderflow: Float64Array;
  readonly streamsUnderflow: Float64Array;
  readonly peaks: Float64Array;
}

/** Absolute errors per element, where every sublayer makes `local` and the sum over channels `gramLocal`, and largest intermediates. */
function analyse(inputs: Values, sizes: Sizes, dialect: MixingDialect, local: number, gramLocal: number, growth: number): Analysis {
  const { tokens, streams: n, channels, depth } = sizes;
  const magnitudes = inputs['residualMappings']!.map(Math.abs);
  const mapping: EffectiveMapping = (token, l) => oriented(magnitudes, (token * depth + l) * n * n, n, dialect.orientation);
  const mappingsUnderflow = new Float64Array(tokens * depth * n * n);
  const streamsUnderflow = new Float64Array(tokens * n * channels);
  const peaks = new Float64Array(tokens);
  const [x, xSum, xError, g, gSum, gError] = Array.from({ length: 6 }, () => new Run(depth, n)) as [Run, Run, Run, Run, Run, Run];
  for (let t = 0; t < tokens; t++) {
    overChannels(x.at(0), inputs['streams']!, t, n, channels, Math.max);
    overChannels(xSum.at(0), inputs['streams']!, t, n, channels, add);
    xError.at(0).fill(local);
    x.forwards(t, mapping, 0);
    xSum.forwards(t, mapping, 0);
    xError.forwards(t, mapping, local);
    overChannels(g.at(depth), inputs['cotangent']!, t, n, channels, Math.max);
    overChannels(gSum.at(depth), inputs['cotangent']!, t, n, channels, add);
    gError.at(depth).fill(local);
    g.backwards(t, mapping, 0);
    gSum.backwards(t, mapping, 0);
    gError.backwards(t, mapping, local);
    peaks[t] = Math.max(x.largest(), g.largest());
    for (let l = 0; l < depth; l++) {
      const gradient = oriented(mappingsUnderflow, (t * depth + l) * n * n, n, dialect.orientation);
      for (let i = 0; i < n; i++) {
        const gErrorHere = gError.at(l + 1)[i]!;
        for (let j = 0; j < n; j++) {
          const xErrorHere = xError.at(l)[j]!;
          const carried = gSum.at(l + 1)[i]! * xErrorHere + gErrorHere * xSum.at(l)[j]! + channels * gErrorHere * xErrorHere;
          gradient.data[gradient.at + i * gradient.row + j * gradient.column] = gramLocal + carried * growth;
        }
      }
    }
    for (let i = 0; i < n; i++) {
      streamsUnderflow.fill(gError.at(0)[i]! * growth, (t * n + i) * channels, (t * n + i + 1) * channels);
    }
  }
  return { mappingsUnderflow, streamsUnderflow, peaks };
}
