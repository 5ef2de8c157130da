import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { doubleDoubleField } from '../../numerics/field.ts';
import { minSubnormal, unitRoundoff } from '../../tensor/dtype.ts';
import type { Bounded, Operation, PortDtypes, Sizes, Term, Values } from '../operation.ts';
import { sinkhornDialectSchema, sinkhornPresets, sinkhornPresetSources, type SinkhornDialect } from './dialect.ts';
import { ForwardBatch } from './forward-batch.ts';
import { sinkhornOver } from './generic.ts';
import { readSinkhorn } from './reading.ts';
import { sinkhornReference } from './reference.ts';
import { forwardDerivation } from './token-forward.ts';

/** Sinkhorn–Knopp of a batch of logits: paper Eq. 9 and its shipped variants. */
export const sinkhorn: Operation<SinkhornDialect> = {
  id: 'sinkhorn',
  summary: 'Projects each n×n matrix of logits towards the doubly stochastic matrices by T Sinkhorn–Knopp iterations.',
  dims: ['tokens', 'streams'],
  inputs: [{ name: 'logits', dims: ['tokens', 'streams', 'streams'], role: 'logits' }],
  outputs: [{ name: 'residualMapping', dims: ['tokens', 'streams', 'streams'], role: 'residual-mapping' }],
  dialectSchema: sinkhornDialectSchema,
  presets: sinkhornPresets,
  presetSources: sinkhornPresetSources,
  reading: readSinkhorn,
  defaultPreset: 'tilekernels',
  formula: '|log X̂/X| ≤ Σ over half-steps t of 2(η_t + θ), η_t = δ_exp + |L−m|·u + t·δ_div, θ = γ_{n+1}; instance-wise: adjoint of the 2T linearised half-steps',

  reference: (inputs, sizes, dialect) => ({ residualMapping: sinkhornReference(inputs['logits']!, sizes.tokens, sizes.streams, dialect) }),

  bounded: (inputs, sizes, dialect, arithmetic, dtypes) => sinkhornBounded(inputs, sizes, dialect, arithmetic, dtypes),

  precise(inputs, sizes, dialect) {
    const logits = Array.from(inputs['logits']!, (value) => doubleDoubleField.of(value));
    const n = sizes.streams;
    const out = new Float64Array(logits.length);
    for (let token = 0; token < sizes.tokens; token++) {
      const values = sinkhornOver(doubleDoubleField, logits.slice(token * n * n, (token + 1) * n * n), n, dialect);
      values.forEach((value, k) => (out[token * n * n + k] = doubleDoubleField.toNumber(value)));
    }
    return { residualMapping: out };
  },
};

function sinkhornBounded(inputs: Values, sizes: Sizes, dialect: SinkhornDialect, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
  const n = sizes.streams;
  const stored = dtypes['residualMapping']!;
  const storage = (size: number): number => (stored === arithmetic.compute ? 0 : size * unitRoundoff[stored] + minSubnormal[stored]);
  const batch = new ForwardBatch(inputs['logits']!, sizes.tokens, n, dialect, arithmetic, storage);
  let values: Values | undefined;
  let errors: Values | undefined;
  return {
    get values() {
      values ??= { residualMapping: batch.values };
      return values;
    },
    get errors() {
      errors ??= { residualMapping: batch.errors };
      return errors;
    },
    get certified() {
      return batch.certified;
    },
    covering: (_output, needed) => batch.covering(needed),
    derivation: forwardDerivation(n, dialect, arithmetic),
    explain: (_output, index): readonly Term[] => batch.explain(Math.floor(index / (n * n)), index % (n * n)),
  };
}
