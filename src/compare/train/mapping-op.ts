/** The constrained mappings as one node of a tfjs graph: E from logits, by the same f64 code that is verified, with its exact gradient. */
import type { Node, Tf } from '../../kernels/tfjs/session.ts';
import type { Design } from '../designs.ts';
import { fromLogits, logitsGradient } from '../mappings.ts';
import { customGradient } from './custom-gradient.ts';

/** logits [tokens, p] → E [tokens, n, n]. The gradient of E comes back as that of the logits. */
export function mappingOp(tf: Tf, design: Design, logits: Node, n: number): Node {
  const [tokens] = logits.shape as [number];
  return customGradient(tf, [logits], ([values]) => {
    const exact = Float64Array.from(values!);
    return {
      value: tf.tensor(Float32Array.from(fromLogits(design, exact, tokens, n)), [tokens, n, n], 'float32'),
      gradients: (cotangent) => [Float32Array.from(logitsGradient(design, exact, Float64Array.from(cotangent), tokens, n))],
    };
  });
}
