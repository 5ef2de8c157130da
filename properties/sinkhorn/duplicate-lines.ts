/**
 * Claim: equal rows of the logits give equal rows of the result; equal columns give equal columns (MATHS.md S14).
 *
 * Proof: exchanging the two lines changes nothing, so by equivariance (S8) it exchanges equal results. Kernels that reduce a line in an order that depends on
 * the lane may still differ in the last bits, so this is not claimed bit for bit: both are within their bound of one truth. Class: exact, any T and ε.
 */
import { defineProperty, type Property } from '../../src/verify/property.ts';

function duplicateLines(side: 'rows' | 'columns'): Property {
  return defineProperty({
    id: `sinkhorn/duplicate-${side}`,
    operation: 'sinkhorn',
    claim: `Equal ${side} of the logits give equal ${side} of the result.`,
    class: 'exact',
    usesReference: false,
    inputs: { logits: [`duplicate-${side}`, 'ties'] },
    power: [],
    async check(context) {
      const { tokens, streams: n } = context.sizes;
      const logits = context.inputs['logits']!;
      const output = (await context.run(context.inputs))['residualMapping']!;
      const bounded = context.bounded(context.inputs);
      const errors = bounded.errors['residualMapping']!;
      const judge = context.judge();
      const at = (token: number, line: number, k: number): number => token * n * n + (side === 'rows' ? line * n + k : k * n + line);
      for (let token = 0; token < tokens; token++) {
        if (bounded.certified[token] === 0) continue;
        for (let a = 0; a < n; a++) {
          for (let b = 0; b < a; b++) {
            if (!Array.from({ length: n }, (_, k) => logits[at(token, a, k)] === logits[at(token, b, k)]).every(Boolean)) continue;
            for (let k = 0; k < n; k++) {
              const [left, right] = [at(token, a, k), at(token, b, k)];
              judge.atMost(token, output[left]! - output[right]!, errors[left]! + errors[right]!, 'residualMapping', left, () => `entry − its twin in the equal one of ${side} ${a} and ${b}`);
            }
          }
        }
      }
      return judge.finish();
    },
  });
}

export const duplicateRows = duplicateLines('rows');
export const duplicateColumns = duplicateLines('columns');
