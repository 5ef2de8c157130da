/** A node of a tfjs graph whose value and gradient are computed on plain numbers. */
import type { Node, Tf } from '../../kernels/tfjs/session.ts';

export interface Computed {
  readonly value: Node;
  /** The gradient of each input, for a cotangent of the value. */
  readonly gradients: (cotangent: Float32Array) => Float32Array[];
}

/** `f` sees the inputs' numbers. tfjs matches the gradients with the inputs by place. */
export function customGradient(tf: Tf, inputs: Node[], f: (values: Float32Array[]) => Computed): Node {
  const shapes = inputs.map(({ shape }) => [...shape]);
  return tf.customGrad(() => {
    const { value, gradients } = f(inputs.map((input) => input.dataSync<'float32'>()));
    return { value, gradFunc: (cotangent: Node) => gradients(cotangent.dataSync<'float32'>()).map((values, k) => tf.tensor(values, shapes[k], 'float32')) };
  })(...inputs);
}
