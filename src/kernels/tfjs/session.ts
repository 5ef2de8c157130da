/**
 * The frame that every tfjs kernel shares: typed arrays in, a graph of tensors, typed arrays out, nothing left behind.
 * Only types come from '@tensorflow/tfjs': whoever opens a session loads the module and hands it in.
 */
import type * as tfjs from '@tensorflow/tfjs';

import type { Sizes } from '../../operations/operation.ts';
import { elementCount, valuesOf, type Tensor } from '../../tensor/tensor.ts';

export type Tf = typeof tfjs;
export type Node = tfjs.Tensor;

/** The tfjs engine with one backend. */
export interface TfjsSession {
  readonly tf: Tf;
  /** How the sums of lines are taken: a reduction that is broadcast again, or a product with a matrix of ones. */
  readonly lineSums: 'reduce' | 'matmul';
  /** Runs `work` with this session's backend selected and no other tfjs work in between. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** The call of a tfjs kernel; tensors are keyed by port name. */
export type TfjsRun = (inputs: Readonly<Record<string, Tensor>>, sizes: Sizes) => Promise<Readonly<Record<string, Tensor>>>;

type PortName =
  | 'logits' | 'cotangent' | 'preMapping' | 'postMapping' | 'residualMapping' | 'residualMappings' | 'streams' | 'layerOutput'
  | 'projection' | 'scales' | 'biases' | 'normWeight' | 'preMappingCotangent' | 'postMappingCotangent' | 'residualMappingCotangent'
  | 'hidden' | 'headProjection' | 'headScale' | 'headBiases' | 'innerWeight' | 'projections' | 'normWeights' | 'innerWeights' | 'finalStreamsCotangent' | 'collapsedCotangent';

/** From input nodes to output nodes, both keyed by port name. */
export type Graph = (inputs: Readonly<Record<PortName, Node>>, sizes: Sizes) => Record<string, Node>;

/** Shapes of the outputs. */
export type OutputShapes = (sizes: Sizes) => Readonly<Record<string, readonly number[]>>;

/** A kernel that evaluates `graph`. The outputs never share memory with the inputs. */
export function evaluate(session: TfjsSession, shapes: OutputShapes, graph: Graph): TfjsRun {
  return async (inputs, sizes) => {
    const outputShapes = Object.entries(shapes(sizes));
    // tfjs-wasm divides by zero when it reduces or broadcasts a tensor without elements
    if (sizes.tokens === 0) return Object.fromEntries(outputShapes.map(([name, shape]) => [name, f32(shape, new Float32Array(elementCount(shape)))]));
    return session.alone(async () => {
      const nodes = session.tf.tidy(() => {
        const inputNodes = Object.entries(inputs).map(([name, input]) => [name, session.tf.tensor(storage(input), [...input.shape], 'float32')] as const);
        return graph(Object.fromEntries(inputNodes) as Record<PortName, Node>, sizes);
      });
      try {
        const outputs: Record<string, Tensor> = {};
        for (const [name, shape] of outputShapes) outputs[name] = f32(shape, Float32Array.from(await nodes[name]!.data()));
        return outputs;
      } finally {
        session.tf.dispose(nodes);
      }
    });
  };
}

/** The gradients of ⟨f(parameters), cotangent⟩ by tfjs's own automatic differentiation. */
export function pullback(tf: Tf, f: (...parameters: Node[]) => Node, parameters: Node[], cotangent: Node): Node[] {
  return tf.grads(f)(parameters, cotangent);
}

/** The value of `f`, a constant as far as gradients are concerned. */
export function withoutGradient(tf: Tf, f: (x: Node) => Node, x: Node): Node {
  return tf.customGrad((input) => {
    const parameter = input as Node;
    return { value: f(parameter), gradFunc: () => tf.zeros(parameter.shape) };
  })(x);
}

function storage(input: Tensor): Float32Array {
  return input.data instanceof Float32Array ? input.data : Float32Array.from(valuesOf(input));
}

function f32(shape: readonly number[], data: Float32Array): Tensor {
  return { dtype: 'f32', shape: [...shape], data };
}
