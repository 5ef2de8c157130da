/**
 * The residual connection that all of this replaces (mHC paper, Eq. 1): x' = x + F(x). Its mapping is 1, its gradient the cotangent itself.
 *
 * Bound: one rounding of the sum; the gradients are copies.
 */
import { z } from 'zod';

import type { Operation, Port } from '../operation.ts';
import { cotangentOf, gradientOf, layerOutput } from '../streams/ports.ts';
import { relativeOperation } from './relative-operation.ts';

/** There is one form. */
export type PlainResidualDialect = Record<string, never>;
const dialectSchema: z.ZodType<PlainResidualDialect> = z.strictObject({});

const residual: Port = { name: 'residual', dims: ['tokens', 'channels'], role: 'streams' };
const nextResidual: Port = { name: 'nextResidual', dims: ['tokens', 'channels'], role: 'streams' };
const shared = { dims: ['tokens', 'channels'], dialectSchema, presets: { paper: {} }, defaultPreset: 'paper' } as const;

export const plainResidual: Operation<PlainResidualDialect> = relativeOperation({
  ...shared,
  id: 'plain-residual',
  summary: 'The plain residual connection: what came in plus what the layer returned.',
  inputs: [residual, layerOutput],
  outputs: [nextResidual],
  formula: '|ŷ − (x + f)| ≤ u·|x + f| + u_out·|ŷ|',
  evaluate: (calculus, inputs) => ({ nextResidual: inputs['residual']!.map((x, c) => calculus.add(x, inputs['layerOutput']![c]!)) }),
});

export const plainResidualVjp: Operation<PlainResidualDialect> = relativeOperation({
  ...shared,
  id: 'plain-residual-vjp',
  summary: 'The gradients of plain-residual: the cotangent, twice.',
  inputs: [cotangentOf(nextResidual)],
  outputs: [gradientOf(residual), gradientOf(layerOutput)],
  formula: 'a copy: u_out·|g|',
  evaluate: (_, { cotangent }) => ({ residualGradient: cotangent!, layerOutputGradient: cotangent! }),
});
