/** The unconstrained mapping of hyper-connections, H = b + α·tanh(z) (arXiv 2409.19606), and its gradients. */
import type { HyperConnectionDialect } from '../../../operations/relatives/hyper-connection.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../../tensor/tensor.ts';
import type { ReferenceRun, Round } from '../kernel.ts';

/** logits, staticMapping [B,n,n], gate [B] → residualMapping [B,n,n]. */
export function hyperConnectionKernel(dialect: HyperConnectionDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const [z, b, alpha] = [valuesOf(inputs['logits']!), valuesOf(inputs['staticMapping']!), valuesOf(inputs['gate']!)];
    const result = z.map((value, at) => round(b[at]! + round(alpha[Math.floor(at / (n * n))]! * activated(value, dialect, round))));
    return { residualMapping: tensor(result, [tokens, n, n], storage) };
  };
}

/** logits, staticMapping, cotangent [B,n,n], gate [B] → the gradient of each of the first three. */
export function hyperConnectionVjpKernel(dialect: HyperConnectionDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const [z, alpha, g] = [valuesOf(inputs['logits']!), valuesOf(inputs['gate']!), valuesOf(inputs['cotangent']!)];
    const logits = new Float64Array(z.length);
    const gates = new Float64Array(tokens);
    for (let at = 0; at < z.length; at++) {
      const token = Math.floor(at / (n * n));
      const t = activated(z[at]!, dialect, round);
      const slope = dialect.activation === 'tanh' ? round(1 - round(t * t)) : 1;
      logits[at] = round(round(g[at]! * alpha[token]!) * slope);
      gates[token] = round(gates[token]! + round(g[at]! * t));
    }
    return {
      logitsGradient: tensor(logits, [tokens, n, n], storage),
      staticMappingGradient: tensor(g, [tokens, n, n], storage),
      gateGradient: tensor(gates, [tokens], storage),
    };
  };
}

function activated(z: number, dialect: HyperConnectionDialect, round: Round): number {
  return dialect.activation === 'tanh' ? round(Math.tanh(z)) : z;
}
