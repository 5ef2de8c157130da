import type { Arithmetic } from '../../numerics/arithmetic.ts';
import { dual, dualField } from '../../numerics/dual.ts';
import type { Bounded, Operation, PortDtypes, Sizes, Term, Values } from '../operation.ts';
import { sinkhornPresetSources, sinkhornVjpDialectSchema, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect } from './dialect.ts';
import { sinkhornOver } from './generic.ts';
import { readSinkhornVjp } from './reading.ts';
import { referenceVjp, VjpBatch } from './vjp-batch.ts';
import { startSlope } from './vjp-reference.ts';

/** Gradient of ⟨cotangent, sinkhorn(logits)⟩ with respect to the logits. */
export const sinkhornVjp: Operation<SinkhornVjpDialect> = {
  id: 'sinkhorn-vjp',
  summary: 'Pulls a cotangent of the residual mapping back to the logits, through the T iterations or through the exact projection.',
  dims: ['tokens', 'streams'],
  // every entry's bound walks all n² entries of the 2T half-steps
  boundWeight: (n) => Math.max(1, (n / 4) ** 2),
  inputs: [
    { name: 'logits', dims: ['tokens', 'streams', 'streams'], role: 'logits' },
    { name: 'cotangent', dims: ['tokens', 'streams', 'streams'], role: 'cotangent' },
  ],
  outputs: [{ name: 'logitsGradient', dims: ['tokens', 'streams', 'streams'], role: 'gradient' }],
  dialectSchema: sinkhornVjpDialectSchema,
  presets: sinkhornVjpPresets,
  presetSources: sinkhornPresetSources,
  reading: readSinkhornVjp,
  defaultPreset: 'tilekernels',
  formula: '|ΔG| ≤ Σ over steps |tangent map|·(X′·(e^E − 1)·|S| + γ_{n+4}·X′·Σ|h′| + γ_4·(|h′| + X′|S|)), h = g∘X, S line sums of h′',
  reference: (inputs, sizes, dialect) => ({ logitsGradient: referenceVjp(inputs['logits']!, inputs['cotangent']!, sizes.tokens, sizes.streams, dialect) }),
  bounded: (inputs, sizes, dialect, arithmetic, dtypes) => vjpBounded(inputs, sizes, dialect, arithmetic, dtypes),
  precise: (inputs, sizes, dialect) => ({ logitsGradient: preciseVjp(inputs, sizes, dialect) }),
};

/**
 * Directional derivative of Sinkhorn by dual numbers: J·direction, [n·n] of one token. Exact to rounding, without a step size.
 * |L| has the slope 1 at zero here: for another, scale the direction there.
 */
export function sinkhornJvp(logits: ArrayLike<number>, direction: ArrayLike<number>, n: number, dialect: SinkhornDialect): Float64Array {
  const duals = Array.from({ length: n * n }, (_, k) => dual(logits[k]!, direction[k]));
  return Float64Array.from(sinkhornOver(dualField, duals, n, dialect), (value) => value.derivative);
}

function vjpBounded(inputs: Values, sizes: Sizes, dialect: SinkhornVjpDialect, arithmetic: Arithmetic, dtypes: PortDtypes): Bounded {
  const { tokens, streams: n } = sizes;
  const batch = new VjpBatch(inputs['logits']!, inputs['cotangent']!, tokens, n, dialect, arithmetic, dtypes['logitsGradient']!);
  return {
    values: { logitsGradient: batch.values },
    errors: { logitsGradient: batch.errors },
    certified: batch.certified,
    derivation: `instance-wise adjoint error under ${arithmetic.name} (src/operations/sinkhorn/vjp-bound.ts), ${dialect.derivative} derivative`,
    explain: (_output, index): readonly Term[] => batch.explain(Math.floor(index / (n * n)), index % (n * n)),
  };
}

/**
 * For borderline verdicts. Unrolled: row o of the transposed Jacobian is a directional derivative along input o, so the gradient's entry o is ⟨g, J·e_o⟩
 * by dual numbers, independent of the recursion above. Implicit: the same solve at the double-double forward result would change nothing beyond its
 * own condition, so the f64 value stands.
 */
export function preciseVjp(inputs: Values, sizes: Sizes, dialect: SinkhornVjpDialect): Float64Array {
  const { tokens, streams: n } = sizes;
  if (dialect.derivative === 'implicit') return referenceVjp(inputs['logits']!, inputs['cotangent']!, tokens, n, dialect);
  const out = new Float64Array(tokens * n * n);
  for (let token = 0; token < tokens; token++) {
    const offset = token * n * n;
    const logits = inputs['logits']!.subarray(offset, offset + n * n);
    const direction = new Float64Array(n * n);
    for (let o = 0; o < n * n; o++) {
      direction.fill(0);
      direction[o] = dialect.start === 'absolute' && logits[o] === 0 ? startSlope(0, dialect) : 1;
      const column = sinkhornJvp(logits, direction, n, dialect);
      let sum = 0;
      for (let k = 0; k < n * n; k++) sum += column[k]! * inputs['cotangent']![offset + k]!;
      out[offset + o] = sum;
    }
  }
  return out;
}
