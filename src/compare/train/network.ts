/**
 * A deep, small network as a tfjs graph. Tokens are time-major (t·batch + b), so mixing over time is one matrix product. Each sublayer: u = pre·x from the
 * streams, an RMS norm, a causal mixing over time with a linear map or an MLP, then x ← E·x + postᵀ·y (mHC paper, Eq. 3); pre, post
 * and E come from the RMS-normalised flattened streams (Eq. 7). The plain residual has u = x and x ← x + y.
 */
import type * as tfjs from '@tensorflow/tfjs';

import type { Node, Tf } from '../../kernels/tfjs/session.ts';
import type { Design } from '../designs.ts';
import { streamsOf } from '../mappings.ts';
import { mappingOp } from './mapping-op.ts';
import { readOp, writeOp } from './mixing-op.ts';
import { predicted, type Parameters, type Shape } from './parameters.ts';
import type { Batch, Task } from './task.ts';

const rmsEpsilon = 1e-6;

export interface Network {
  /** Mean loss over the places that have an answer. `onMapping` sees E of each sublayer. */
  loss(parameters: Parameters, batch: Batch, onMapping?: (mapping: Node) => void): tfjs.Scalar;
}

export function createNetwork(tf: Tf, design: Design, shape: Shape, task: Task): Network {
  const { depth, width, batch } = shape;
  const n = streamsOf(design, shape.streams);
  const tokens = task.length * batch;
  const count = predicted(design, n);
  const extents = { tokens, n, channels: width };
  /** Spreads the three gates over pre, post and residual. */
  const spread = Float32Array.from({ length: 3 * count }, (_, at) => (Math.floor(at / count) === (at % count < n ? 0 : at % count < 2 * n ? 1 : 2) ? 1 : 0));
  const causal = Float32Array.from({ length: task.length ** 2 }, (_, at) => (at % task.length <= Math.floor(at / task.length) ? 1 : 0));
  const answered = Float32Array.from({ length: tokens }, (_, at) => (at >= task.delay * batch ? 1 / (tokens - task.delay * batch) : 0));

  const normalised = (x: Node): Node => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), rmsEpsilon)));

  /** pre [tokens,n], post [tokens,n] and E [tokens,n,n] of the streams [tokens,n,width]. */
  const mappings = (x: Node, projection: Node, gate: Node, statics: Node): { pre: Node; post: Node; mapping: Node } => {
    const predictions = tf.matMul(normalised(tf.reshape(x, [tokens, n * width])), projection);
    const gates = tf.matMul(tf.reshape(gate, [1, 3]), tf.tensor2d(spread, [3, count]));
    const bent = design.form === 'unconstrained' ? tf.tanh(predictions) : predictions;
    const numbers = tf.add(tf.mul(bent, gates), statics);
    const [pre, post, residual] = tf.split(numbers, [n, n, count - 2 * n], 1) as [Node, Node, Node];
    if (design.form === 'unconstrained') return { pre, post, mapping: tf.reshape(residual, [tokens, n, n]) };
    return { pre: tf.sigmoid(pre), post: tf.mul(tf.sigmoid(post), 2), mapping: mappingOp(tf, design, residual, n) };
  };

  return {
    loss({ embedding, places, readout, projection, gate, statics, ...inner }, { symbols, answers }, onMapping) {
      const stacks = (stack: Node | undefined): Node[] => (stack === undefined ? [] : tf.unstack(stack));
      const [mixing, tokenOut, mlpIn, mlpOut] = [stacks(inner.tokenMixing), stacks(inner.tokenOut), stacks(inner.mlpIn), stacks(inner.mlpOut)];
      const [projections, gates, parts] = [stacks(projection), stacks(gate), stacks(statics)];
      const mask = tf.tensor2d(causal, [task.length, task.length]);

      const layer = (u: Node, l: number): Node => {
        const h = normalised(u);
        const k = Math.floor(l / 2);
        if (l % 2 === 1) return tf.matMul(tf.relu(tf.matMul(h, mlpIn[k]!)), mlpOut[k]!);
        const mixed = tf.matMul(tf.mul(mixing[k]!, mask), tf.reshape(h, [task.length, batch * width]));
        return tf.matMul(tf.reshape(mixed, [tokens, width]), tokenOut[k]!);
      };

      const symbolsIn = tf.matMul(tf.oneHot(tf.tensor1d(symbols, 'int32'), task.symbols).toFloat(), embedding!);
      const placesIn = tf.tile(tf.reshape(places!, [task.length, 1, width]), [1, batch, 1]);
      let x: Node = tf.add(symbolsIn, tf.reshape(placesIn, [tokens, width]));
      if (count === 0) {
        for (let l = 0; l < depth; l++) x = tf.add(x, layer(x, l));
      } else {
        x = tf.tile(tf.reshape(x, [tokens, 1, width]), [1, n, 1]);
        for (let l = 0; l < depth; l++) {
          const { pre, post, mapping } = mappings(x, projections[l]!, gates[l]!, parts[l]!);
          onMapping?.(mapping);
          const y = layer(readOp(tf, pre, x, extents), l);
          x = writeOp(tf, mapping, post, x, y, extents);
        }
        x = tf.mean(x, 1);
      }
      const scores = tf.matMul(normalised(x), readout!);
      const likelihood = tf.sub(tf.sum(tf.mul(scores, tf.oneHot(tf.tensor1d(answers, 'int32'), task.symbols).toFloat()), 1), tf.logSumExp(scores, 1));
      return tf.neg<tfjs.Scalar>(tf.sum(tf.mul(likelihood, tf.tensor1d(answered))));
    },
  };
}
