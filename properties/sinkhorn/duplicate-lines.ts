/**
 * Claim: equal rows of the logits give equal rows of the result; equal columns give equal columns (MATHS.md S14).
 *
 * Proof: exchanging the two lines changes nothing, so by equivariance (S8) it exchanges equal results. Kernels that reduce a line in an order that depends on
 * the lane may still differ in the last bits, so this is not claimed bit for bit: both are within their bound of one truth. Class: exact, any T and ε.
 */
import { errorsFor } from '../sufficient.ts';
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
      const judge = context.judge();
      const at = (token: number, line: number, k: number): number => token * n * n + (side === 'rows' ? line * n + k : k * n + line);
      const equal = (token: number, a: number, b: number): boolean => {
        for (let k = 0; k < n; k++) if (logits[at(token, a, k)] !== logits[at(token, b, k)]) return false;
        return true;
      };
      const twins: number[] = []; // token, a, b of every two equal lines
      const largest = new Float64Array(output.length); // difference from a twin
      for (let token = 0; token < tokens; token++) {
        for (let a = 0; a < n; a++) {
          for (let b = 0; b < a; b++) {
            if (!equal(token, a, b)) continue;
            twins.push(token, a, b);
            for (let k = 0; k < n; k++) {
              const [left, right] = [at(token, a, k), at(token, b, k)];
              const difference = Math.abs(output[left]! - output[right]!);
              largest[left] = Math.max(largest[left]!, difference);
              largest[right] = Math.max(largest[right]!, difference);
            }
          }
        }
      }
      const errors = errorsFor(context, bounded, 'residualMapping', largest);
      for (let twin = 0; twin < twins.length; twin += 3) {
        const [token, a, b] = [twins[twin]!, twins[twin + 1]!, twins[twin + 2]!];
        if (bounded.certified[token] === 0) continue;
        const what = (): string => `entry − its twin in the equal one of ${side} ${a} and ${b}`;
        for (let k = 0; k < n; k++) {
          const [left, right] = [at(token, a, k), at(token, b, k)];
          judge.atMost(token, output[left]! - output[right]!, errors[left]! + errors[right]!, 'residualMapping', left, what);
        }
      }
      return judge.finish();
    },
  });
}

export const duplicateRows = duplicateLines('rows');
export const duplicateColumns = duplicateLines('columns');
