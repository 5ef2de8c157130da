/**
 * The gradient through the residual path: what each sublayer's mapping and the first streams receive.
 *
 * Bound. A mapping's gradient is a sum over channels of (streams below it) × (cotangent above it); together these pass D − 1 mappings,
 * wherever the sublayer is, so one factor ((1+γ_n)(1+u_s))^{D−1}·(1+γ_C) holds for all of them, products of both errors included.
 * M is the same computation on magnitudes. Streams and cotangents may be kept in the coarser of the arithmetic's storage and the
 * dtype of the streams' gradient.
 *
 * The same factor holds for kernels that multiply the mappings first: with P_l = E_{l−1}···E_0, Q_l = E_{l+1}ᵀ···E_{D−1}ᵀ and G = g·x_0ᵀ it is
 * ∂E_l = Q_l·(G·P_lᵀ). The first factor of P and of Q is a copy, so a term passes n·(l − 1) and n·(D − 2 − l) roundings in them, C in G and n in each
 * of the last two products, which are copies too where P or Q is the identity: n·(D − 1) + C, and what is kept in between is not stored coarser than
 * D + 1 times. ∂x_0 = (E_0ᵀ·Q_0)·g is n·D likewise.
 *
 * The absolute terms follow the sublayers one by one (`running.ts`), or the composites: errors δP, δQ of their entries, at most what an absolute error
 * at each factor becomes, meet Σ_c|g_ic|·|x_jc|; the larger counts. Overflow: the composites and G are kept in the compute dtype.
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
  const { mappingsUnderflow, streamsUnderflow, peaks, composites } = analyse(inputs, sizes, dialect, local, gramLocal, 1 + growth + reference);
  const limit = Math.min(maxFinite[arithmetic.compute], maxFinite[arithmetic.storage], maxFinite[streamsDtype]);
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
      // in units of what each is kept in
      magnitudes: peaks.map((peak, token) => Math.max(peak / limit, composites[token]! / maxFinite[arithmetic.compute]) * (1 + growth)),
      limit: 1,
    },
  });
}

interface Analysis {
  readonly mappingsUnderflow: Float64Array;
  readonly streamsUnderflow: Float64Array;
  readonly peaks: Float64Array;
  /** Largest entry of composites and of G·Pᵀ. */
  readonly composites: Float64Array;
}

/** Absolute errors per element, where every sublayer makes `local` and the sum over channels `gramLocal`, and largest intermediates. */
function analyse(inputs: Values, sizes: Sizes, dialect: MixingDialect, local: number, gramLocal: number, growth: number): Analysis {
  const { tokens, streams: n, channels, depth } = sizes;
  const magnitudes = inputs['residualMappings']!.map(Math.abs);
  const mapping: EffectiveMapping = (token, l) => oriented(magnitudes, (token * depth + l) * n * n, n, dialect.orientation);
  const mappingsUnderflow = new Float64Array(tokens * depth * n * n);
  const streamsUnderflow = new Float64Array(tokens * n * channels);
  const peaks = new Float64Array(tokens);
  const composites = new Float64Array(tokens);
  const [x, xSum, xError, g, gSum, gError] = Array.from({ length: 6 }, () => new Run(depth, n)) as [Run, Run, Run, Run, Run, Run];
  // sums of the rows of P_l and Q_{l−1}, and the errors of their entries
  const [below, belowError, above, aboveError] = Array.from({ length: 4 }, () => new Run(depth, n)) as [Run, Run, Run, Run];
  for (let t = 0; t < tokens; t++) {
    overChannels(x.at(0), inputs['streams']!, t, n, channels, Math.max);
    overChannels(xSum.at(0), inputs['streams']!, t, n, channels, add);
    xError.at(0).fill(local);
    below.at(0).fill(1);
    belowError.at(0).fill(0);
    for (const [run, each] of [[x, 0], [xSum, 0], [xError, local], [below, 0], [belowError, local]] as const) run.forwards(t, mapping, each);
    overChannels(g.at(depth), inputs['cotangent']!, t, n, channels, Math.max);
    overChannels(gSum.at(depth), inputs['cotangent']!, t, n, channels, add);
    gError.at(depth).fill(local);
    above.at(depth).fill(1);
    aboveError.at(depth).fill(0);
    for (const [run, each] of [[g, 0], [gSum, 0], [gError, local], [above, 0], [aboveError, local]] as const) run.backwards(t, mapping, each);
    const [gTotal, xTotal] = [g.at(depth).reduce(add), xSum.at(0).reduce(add)];
    peaks[t] = Math.max(x.largest(), g.largest());
    composites[t] = Math.max(below.largest(), above.largest(), Math.max(...g.at(depth)) * xSum.largest());
    for (let l = 0; l < depth; l++) {
      const gradient = oriented(mappingsUnderflow, (t * depth + l) * n * n, n, dialect.orientation);
      for (let i = 0; i < n; i++) {
        const [gErrorHere, q, qError] = [gError.at(l + 1)[i]!, above.at(l + 1)[i]!, aboveError.at(l + 1)[i]!];
        for (let j = 0; j < n; j++) {
          const [xErrorHere, p, pError] = [xError.at(l)[j]!, below.at(l)[j]!, belowError.at(l)[j]!];
          const carried = gramLocal + (gSum.at(l + 1)[i]! * xErrorHere + gErrorHere * xSum.at(l)[j]! + channels * gErrorHere * xErrorHere) * growth;
          const ofComposites = qError * gTotal * (xSum.at(l)[j]! + pError * xTotal) + g.at(l + 1)[i]! * pError * xTotal;
          const ofProducts = (q + n * qError) * (gramLocal * (p + n * pError) + local) + local;
          gradient.data[gradient.at + i * gradient.row + j * gradient.column] = Math.max(carried, gramLocal + (ofComposites + ofProducts) * growth);
        }
      }
    }
    for (let i = 0; i < n; i++) {
      const carried = Math.max(gError.at(0)[i]!, aboveError.at(0)[i]! * gTotal + local);
      streamsUnderflow.fill(carried * growth, (t * n + i) * channels, (t * n + i + 1) * channels);
    }
  }
  return { mappingsUnderflow, streamsUnderflow, peaks, composites };
}
