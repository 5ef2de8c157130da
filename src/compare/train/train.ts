/** One network, trained: loss and gradient norms of every step, and now and then the gradients by sublayer and the gain of the learned mappings. */
import type * as tfjs from '@tensorflow/tfjs';

import type { Node, Tf } from '../../kernels/tfjs/session.ts';
import type { Design } from '../designs.ts';
import { streamsOf } from '../mappings.ts';
import { measureChain } from '../measure.ts';
import { createNetwork } from './network.ts';
import { createVariables, startParameters, type Shape } from './parameters.ts';
import { drawBatch, type Task } from './task.ts';

export interface TrainingOptions {
  readonly shape: Shape;
  readonly task: Task;
  readonly steps: number;
  readonly learningRate: number;
  /** Steps between two snapshots; the first and the last step have one too. */
  readonly every: number;
}

/** Network and mappings at one step, before its update. */
export interface Snapshot {
  readonly step: number;
  /** ‖gradient‖ of the parameters of each sublayer's own function (not of its mappings), which every design has. Null where it is not finite. */
  readonly gradientByLayer: readonly (number | null)[];
  /** Amax gain of the mappings on a fixed batch; see `measure.ts`. Null where it is not finite. */
  readonly compositeForward: number | null;
  readonly compositeBackward: number | null;
  readonly singleForward: number | null;
  readonly leastRowSum: number | null;
  readonly leastColumnSum: number | null;
}

/** One network's training. Numbers that are not finite are null. */
export interface TrainingRun {
  readonly design: string;
  readonly seed: number;
  readonly learningRate: number;
  readonly parameters: number;
  /** Steps that were made; fewer than asked for when the run was stopped. */
  readonly steps: number;
  readonly losses: readonly (number | null)[];
  readonly gradientNorms: readonly (number | null)[];
  /** Steps whose loss or gradient was not finite. They changed no parameter. */
  readonly nonFiniteSteps: number;
  readonly snapshots: readonly Snapshot[];
  readonly secondsPerStep: number;
}

type Variables = ReturnType<typeof createVariables>;
const ownFunctions = ['tokenMixing', 'tokenOut', 'mlpIn', 'mlpOut'];

/** Trains to the end, or until `stopped`. `onStep` is awaited between steps, so that signals are heard. */
export async function train(tf: Tf, design: Design, seed: number, options: TrainingOptions, onStep: (step: number, loss: number) => Promise<void>, stopped: () => boolean): Promise<TrainingRun> {
  const { shape, task, steps, learningRate, every } = options;
  const start = startParameters(design, shape, task, seed);
  const variables = createVariables(tf, start);
  const network = createNetwork(tf, design, shape, task);
  const optimizer = tf.train.adam(learningRate);
  const losses: number[] = [];
  const norms: number[] = [];
  const snapshots: Snapshot[] = [];
  let nonFiniteSteps = 0;
  let seconds = 0;
  try {
    for (let step = 0; step < steps && !stopped(); step++) {
      const began = performance.now();
      const { value, grads } = tf.variableGrads(() => network.loss(variables, drawBatch(task, shape.batch, seed, step)), Object.values(variables));
      const byName = gradientsByName(variables, grads);
      const loss = value.dataSync()[0]!;
      const norm = tf.tidy(() => Math.sqrt(Object.values(grads).reduce((sum, g) => sum + tf.sum(tf.square(g)).dataSync()[0]!, 0)));
      if (step % every === 0 || step === steps - 1) snapshots.push(snapshot(tf, network, variables, byName, design, options, seed, step));
      if (Number.isFinite(loss) && Number.isFinite(norm)) optimizer.applyGradients(grads as Record<string, tfjs.Variable>);
      else nonFiniteSteps++;
      tf.dispose([value, grads]);
      losses.push(loss);
      norms.push(norm);
      seconds += (performance.now() - began) / 1000;
      await onStep(step, loss);
    }
  } finally {
    tf.dispose(variables);
    optimizer.dispose();
  }
  return {
    design: design.name,
    seed,
    learningRate,
    parameters: Object.values(start).reduce((sum, { values }) => sum + values.length, 0),
    steps: losses.length,
    losses: losses.map(finite),
    gradientNorms: norms.map(finite),
    nonFiniteSteps,
    snapshots,
    secondsPerStep: seconds / Math.max(1, losses.length),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** tfjs names variables by itself. */
function gradientsByName(variables: Variables, grads: Record<string, Node>): Record<string, Node> {
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, grads[variable.name]!]));
}

function snapshot(
  tf: Tf, network: ReturnType<typeof createNetwork>, variables: Variables, gradients: Record<string, Node>, design: Design, { shape, task }: TrainingOptions, seed: number, step: number,
): Snapshot {
  const gradientByLayer = layerNorms(tf, gradients, shape.depth).map(finite);
  const mappings: Float64Array[] = [];
  const batch = drawBatch(task, shape.batch, seed, -1);
  tf.dispose(tf.tidy(() => network.loss(variables, batch, (mapping) => mappings.push(Float64Array.from(mapping.dataSync())))));
  const n = streamsOf(design, shape.streams);
  const tokens = task.length * shape.batch;
  const identity = new Float64Array(tokens).fill(1);
  const [figures] = measureChain((layer) => mappings[layer] ?? identity, tokens, n, [shape.depth], seed);
  return {
    step,
    gradientByLayer,
    compositeForward: finite(figures!.forward),
    compositeBackward: finite(figures!.backward),
    singleForward: finite(figures!.singleForward),
    leastRowSum: finite(figures!.leastRowSum),
    leastColumnSum: finite(figures!.leastColumnSum),
  };
}

/** Gradient norms of the sublayers' own parameters: even sublayers mix tokens, odd ones are MLPs. */
function layerNorms(tf: Tf, gradients: Record<string, Node>, depth: number): number[] {
  const squares = new Float64Array(depth);
  ownFunctions.forEach((name, which) => {
    const sums = tf.tidy(() => tf.sum(tf.square(gradients[name]!), [1, 2]).dataSync());
    sums.forEach((sum, k) => (squares[2 * k + (which < 2 ? 0 : 1)]! += sum));
  });
  return Array.from(squares, Math.sqrt);
}
