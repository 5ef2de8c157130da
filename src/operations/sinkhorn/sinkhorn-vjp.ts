import { arithmeticPresets, computeUnit, gamma, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { dual, dualField } from '../../numerics/dual.ts';
import { minSubnormal, unitRoundoff } from '../../tensor/dtype.ts';
import type { Bounded, Operation, PortDtypes, Sizes, Term, Values } from '../operation.ts';
import { sinkhornVjpDialectSchema, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect } from './dialect.ts';
import { sinkhornOver } from './generic.ts';
import { Trajectory } from './trajectory.ts';
import { localVjpErrors, vjpError, weightedError, type LocalVjpErrors, type VjpTerms } from './vjp-bound.ts';
import { implicit, unrolled } from './vjp-reference.ts';

/** Gradient of ⟨cotangent, sinkhorn(logits)⟩ with respect to the logits. */
export const sinkhornVjp: Operation<SinkhornVjpDialect> = {
  id: 'sinkhorn-vjp',
  summary: 'Pulls a cotangent of the residual mapping back to the logits, through the T iterations or through the exact projection.',
  dims: ['tokens', 'streams'],
  inputs: [
    { name: 'logits', dims: ['tokens', 'streams', 'streams'], role: 'logits' },
    { name: 'cotangent', dims: ['tokens', 'streams', 'streams'], role: 'cotangent' },
  ],
  outputs: [{ name: 'logitsGradient', dims: ['tokens', 'streams', 'streams'], role: 'gradient' }],
  dialectSchema: sinkhornVjpDialectSchema,
  presets: sinkhornVjpPresets,
  defaultPreset: 'tilekernels',
  formula: '|ΔG| ≤ Σ over steps |tangent map|·(X′·(e^E − 1)·|S| + γ_{n+4}·X′·Σ|h′| + γ_4·(|h′| + X′|S|)), h = g∘X, S line sums of h′',
  reference: (inputs, sizes, dialect) => ({ logitsGradient: vjpBounded(inputs, sizes, dialect, arithmeticPresets['ieee-f64']!, undefined).values['logitsGradient']! }),
  bounded: (inputs, sizes, dialect, arithmetic, dtypes) => vjpBounded(inputs, sizes, dialect, arithmetic, dtypes),
  precise: (inputs, sizes, dialect) => ({ logitsGradient: preciseVjp(inputs, sizes, dialect) }),
};

/** Directional derivative of Sinkhorn by dual numbers: J·direction, [n·n] of one token. Exact to rounding, without a step size. */
export function sinkhornJvp(logits: ArrayLike<number>, direction: ArrayLike<number>, n: number, dialect: SinkhornDialect): Float64Array {
  const duals = Array.from({ length: n * n }, (_, k) => dual(logits[k]!, direction[k]));
  return Float64Array.from(sinkhornOver(dualField, duals, n, dialect), (value) => value.derivative);
}

function vjpBounded(inputs: Values, sizes: Sizes, dialect: SinkhornVjpDialect, arithmetic: Arithmetic, dtypes: PortDtypes | undefined): Bounded {
  const { tokens, streams: n } = sizes;
  const size = n * n;
  const logits = inputs['logits']!;
  const cotangent = inputs['cotangent']!;
  const values = new Float64Array(tokens * size);
  const errors = new Float64Array(tokens * size);
  const certified = new Uint8Array(tokens).fill(1);
  const trajectory = new Trajectory(n, dialect, arithmetic);
  const count = trajectory.steps.length;
  const arrays = (length: number): Float64Array[] => Array.from({ length }, () => new Float64Array(size));
  const stages = arrays(count + 1);
  const local: LocalVjpErrors = { forward: arrays(count), rounding: arrays(count), sensitivity: arrays(count), own: 0, inner: 0 };
  const seedError = new Float64Array(size);
  const mu = new Float64Array(size);
  const multipliers = new Float64Array(2 * n);
  const gradient = new Float64Array(size);
  const slopes = new Float64Array(size);
  const terms: VjpTerms = { forward: 0, rounding: 0, second: 0 };
  const underflow = underflowUnit(arithmetic);
  const u = computeUnit(arithmetic) + 2 ** -53;
  const stored = dtypes?.['logitsGradient'] ?? 'f64';
  const storage = (value: number): number => (stored === arithmetic.compute ? 0 : value * unitRoundoff[stored] + minSubnormal[stored]);

  /** Prepares one token; false when nothing can be claimed about it. */
  const prepare = (token: number): boolean => {
    const offset = token * size;
    trajectory.compute(logits, offset);
    const result = trajectory.result;
    if (dialect.derivative === 'unrolled') {
      unrolled(trajectory, n, cotangent, offset, stages);
      values.set(stages[0]!, offset);
      for (let i = 0; i < size; i++) {
        const relative = Math.expm1(trajectory.errorOf(count, i)) + u;
        seedError[i] = Math.abs(stages[count]![i]!) * relative + Math.abs(cotangent[offset + i]!) * trajectory.resultAbsolute[i]! + underflow;
      }
      slopes.set(cotangent.subarray(offset, offset + size));
      return localVjpErrors(trajectory, n, arithmetic, stages, underflow, slopes, seedError, local);
    }
    const norm = implicit(result, n, cotangent, offset, gradient, multipliers);
    values.set(gradient, offset);
    let largest = 0;
    for (let i = 0; i < size; i++) {
      const row = Math.abs(multipliers[Math.floor(i / n)]!);
      const column = Math.abs(multipliers[n + (i % n)]!);
      seedError[i] = Math.abs(cotangent[offset + i]!) + row + column;
      largest = Math.max(largest, seedError[i]!);
    }
    // a solve to rounding level: residual of each of the 2n equations at most (E + γ_{4n²})·(|X∘g| + |X|(|a| + |b|)) summed over a line
    const relative = weightedError(trajectory, n, count) + gamma(4 * size, u);
    terms.forward = norm * relative * (1 + relative) * largest * n;
    terms.rounding = gamma(4, u) + relative;
    return trajectory.certified && norm * relative * n < 0.25;
  };
  const entryError = (out: number, value: number): number => {
    let error: number;
    if (dialect.derivative === 'unrolled') {
      error = vjpError(trajectory, n, out, seedError, local, mu, terms) * (1 + 2 ** -30);
    } else {
      const x = trajectory.matrices[count]![out]!;
      error = x * (2 * terms.forward * 1.5 + seedError[out]! * terms.rounding) + trajectory.resultAbsolute[out]! * seedError[out]! + 4 * underflow;
    }
    return error + storage(Math.abs(value) + error);
  };

  for (let token = 0; token < tokens; token++) {
    const offset = token * size;
    if (!prepare(token)) {
      certified[token] = 0;
      errors.fill(Infinity, offset, offset + size);
      continue;
    }
    if (dtypes !== undefined) for (let out = 0; out < size; out++) errors[offset + out] = entryError(out, values[offset + out]!);
  }
  return {
    values: { logitsGradient: values },
    errors: { logitsGradient: errors },
    certified,
    derivation: `instance-wise adjoint error under ${arithmetic.name} (src/operations/sinkhorn/vjp-bound.ts), ${dialect.derivative} derivative`,
    explain(_output, index): readonly Term[] {
      const token = Math.floor(index / size);
      prepare(token);
      const total = entryError(index - token * size, values[index]!);
      const x = dialect.derivative === 'unrolled' ? 1 : trajectory.matrices[count]![index - token * size]!;
      return [
        { name: dialect.derivative === 'unrolled' ? 'error of the forward iterates' : 'solution of the marginal system', value: x * terms.forward },
        { name: 'rounding of the backward steps', value: dialect.derivative === 'unrolled' ? terms.rounding : x * seedError[index - token * size]! * terms.rounding },
        { name: 'second order', value: dialect.derivative === 'unrolled' ? terms.second : 0 },
        { name: 'rounding of the stored result', value: storage(Math.abs(values[index]!) + total) },
      ].sort((a, b) => b.value - a.value);
    },
  };
}

/**
 * For borderline verdicts. Unrolled: row o of the transposed Jacobian is a directional derivative along input o, so the gradient's entry o is ⟨g, J·e_o⟩
 * by dual numbers, independent of the recursion above. Implicit: the same solve at the double-double forward result would change nothing beyond its
 * own condition, so the f64 value stands.
 */
function preciseVjp(inputs: Values, sizes: Sizes, dialect: SinkhornVjpDialect): Float64Array {
  const { tokens, streams: n } = sizes;
  if (dialect.derivative === 'implicit') return vjpBounded(inputs, sizes, dialect, arithmeticPresets['ieee-f64']!, undefined).values['logitsGradient']!;
  const out = new Float64Array(tokens * n * n);
  const { derivative: _derivative, ...forwardDialect } = dialect;
  for (let token = 0; token < tokens; token++) {
    const offset = token * n * n;
    const logits = inputs['logits']!.subarray(offset, offset + n * n);
    const direction = new Float64Array(n * n);
    for (let o = 0; o < n * n; o++) {
      direction.fill(0);
      direction[o] = 1;
      const column = sinkhornJvp(logits, direction, n, forwardDialect);
      let sum = 0;
      for (let k = 0; k < n * n; k++) sum += column[k]! * inputs['cotangent']![offset + k]!;
      out[offset + o] = sum;
    }
  }
  return out;
}
