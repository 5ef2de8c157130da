/** The plain residual connection x + F(x) (mHC paper, Eq. 1), and its gradients: the cotangent, twice. */
import type { Dtype } from '../../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../../tensor/tensor.ts';
import type { ReferenceRun, Round } from '../kernel.ts';

/** residual, layerOutput [B,C] → nextResidual [B,C]. */
export function plainResidualKernel(round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, channels }) => {
    const x = valuesOf(inputs['residual']!);
    const f = valuesOf(inputs['layerOutput']!);
    return { nextResidual: tensor(x.map((value, at) => round(value + f[at]!)), [tokens, channels], storage) };
  };
}

/** cotangent [B,C] → residualGradient, layerOutputGradient [B,C]. */
export function plainResidualVjpKernel(storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, channels }) => {
    const g = valuesOf(inputs['cotangent']!);
    return { residualGradient: tensor(g, [tokens, channels], storage), layerOutputGradient: tensor(g, [tokens, channels], storage) };
  };
}
