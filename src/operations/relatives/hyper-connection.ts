/**
 * The residual mapping of hyper-connections, unconstrained (arXiv 2409.19606, as mHC §3 rewrites it): H = b + α·tanh(z) with a static
 * mapping b, a gate α (0.01 at the start) and dynamic logits z = θ·x̃. Nothing bounds b, so nothing bounds H but |H − b| ≤ |α|.
 * A kernel whose b and α are shared by all tokens repeats them.
 *
 * Bound: tanh within its declared error, one product, one sum. Derivative: ∂z = g·α·(1 − t²), ∂b = g, ∂α = Σ g·t with t = tanh z;
 * 1 − t² is formed from the computed t, so where tanh saturates its error is absolute.
 */
import { z } from 'zod';

import type { Operation, Port } from '../operation.ts';
import { cotangentOf, gradientOf, residualMapping } from '../streams/ports.ts';
import type { Calculus } from './calculus.ts';
import { relativeOperation } from './relative-operation.ts';

export interface HyperConnectionDialect {
  /** What the dynamic part passes through; 'identity' is the option without tanh. */
  readonly activation: 'tanh' | 'identity';
}
const dialectSchema: z.ZodType<HyperConnectionDialect> = z.strictObject({ activation: z.enum(['tanh', 'identity']) });
/** `paper`: arXiv 2409.19606 §3 and mHC §3. `linear`: the same without tanh. */
const presets = { paper: { activation: 'tanh' }, linear: { activation: 'identity' } } as const;

const logits: Port = { name: 'logits', dims: ['tokens', 'streams', 'streams'], role: 'logits' };
const staticMapping: Port = { name: 'staticMapping', dims: ['tokens', 'streams', 'streams'], role: 'residual-mapping' };
const gate: Port = { name: 'gate', dims: ['tokens'], role: 'mapping' };
const inputs = [logits, staticMapping, gate];
const shared = { dims: ['tokens', 'streams'], dialectSchema, presets, defaultPreset: 'paper' } as const;

function activated<F>(calculus: Calculus<F>, dialect: HyperConnectionDialect, x: F): F {
  return dialect.activation === 'tanh' ? calculus.tanh(x) : x;
}

export const hyperConnection: Operation<HyperConnectionDialect> = relativeOperation({
  ...shared,
  id: 'hyper-connection',
  summary: 'The unconstrained residual mapping of hyper-connections: a static mapping plus a gated tanh of the logits.',
  inputs,
  outputs: [residualMapping],
  formula: '|Ĥ − H| ≤ |α|·(δ_tanh + u) + u·|H|, δ_tanh the declared error of tanh',
  evaluate(calculus, fields, _sizes, dialect) {
    const alpha = fields['gate']![0]!;
    return { residualMapping: fields['logits']!.map((x, k) => calculus.add(fields['staticMapping']![k]!, calculus.mul(alpha, activated(calculus, dialect, x)))) };
  },
});

export const hyperConnectionVjp: Operation<HyperConnectionDialect> = relativeOperation({
  ...shared,
  id: 'hyper-connection-vjp',
  summary: 'The gradients of hyper-connection: logits, static mapping and gate.',
  inputs: [...inputs, cotangentOf(residualMapping)],
  outputs: [gradientOf(logits), gradientOf(staticMapping), gradientOf(gate)],
  formula: '|∂z error| ≤ |gα|·(2δ_tanh + 4u), |∂α error| ≤ Σ|g|·(δ_tanh + n²u), ∂b a copy',
  evaluate(calculus, fields, _sizes, dialect) {
    const alpha = fields['gate']![0]!;
    const g = fields['cotangent']!;
    const one = calculus.of(1);
    const t = fields['logits']!.map((x) => activated(calculus, dialect, x));
    const slopes = t.map((value) => (dialect.activation === 'tanh' ? calculus.sub(one, calculus.mul(value, value)) : one));
    return {
      logitsGradient: g.map((value, k) => product(calculus, value, alpha, slopes[k]!)),
      staticMappingGradient: g,
      gateGradient: [calculus.sum(g.map((value, k) => calculus.mul(value, t[k]!)))],
    };
  },
});

/** a·b·c. */
function product<F>(calculus: Calculus<F>, a: F, b: F, c: F): F {
  return calculus.mul(calculus.mul(a, b), c);
}
