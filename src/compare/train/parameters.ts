/**
 * The parameters of a network, stacked over sublayers so that an optimiser has a dozen tensors and not hundreds. Everything that the designs share
 * starts with the same numbers for the same seed; what they do not share starts where the network is a Pre-Norm network that reads stream l mod n in
 * sublayer l and writes to all streams with weight 1: pre logits ±4, post logits 0, α = 0.01 (mHC paper, Eq. 7), φ normal with variance 1/nC.
 * For hyper-connections the same in their own form: pre one-hot, post 1, residual I.
 */
import type { Node, Tf } from '../../kernels/tfjs/session.ts';
import { hashText, Random } from '../../generate/random.ts';
import type { Design } from '../designs.ts';
import { streamsOf } from '../mappings.ts';
import type { Task } from './task.ts';

/** Sizes of a network. Sublayers mix tokens and apply an MLP in turn, so depth is even. */
export interface Shape {
  readonly depth: number;
  readonly width: number;
  readonly hidden: number;
  readonly streams: number;
  readonly batch: number;
}

/** Names of the stacks; the last three exist only where there are mappings. */
export type ParameterName = 'embedding' | 'places' | 'tokenMixing' | 'tokenOut' | 'mlpIn' | 'mlpOut' | 'readout' | 'projection' | 'gate' | 'statics';
export type Parameters = Readonly<Partial<Record<ParameterName, Node>>>;

const startGate = 0.01;

/** Numbers that a sublayer predicts per token: pre, post, residual. */
export function predicted(design: Design, n: number): number {
  return design.form === 'none' ? 0 : 2 * n + design.count(n);
}

/** Parameters at the start, as plain numbers with their shapes. */
export function startParameters(design: Design, { depth, width, hidden, streams }: Shape, task: Task, seed: number): Record<string, { shape: number[]; values: Float32Array }> {
  const half = depth / 2;
  const normal = (name: ParameterName, shape: number[], deviation: number): { shape: number[]; values: Float32Array } => {
    const random = new Random(seed, hashText(name));
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => deviation * random.normal());
    return { shape, values };
  };
  const outward = 1 / Math.sqrt(depth); // so that the sum of all sublayers is of the size of the embedding
  const shared = {
    embedding: normal('embedding', [task.symbols, width], 1),
    places: normal('places', [task.length, width], 0.1),
    tokenMixing: normal('tokenMixing', [half, task.length, task.length], 1 / Math.sqrt(task.length)),
    tokenOut: normal('tokenOut', [half, width, width], outward / Math.sqrt(width)),
    mlpIn: normal('mlpIn', [half, width, hidden], Math.sqrt(2 / width)),
    mlpOut: normal('mlpOut', [half, hidden, width], outward / Math.sqrt(hidden)),
    readout: normal('readout', [width, task.symbols], 1 / Math.sqrt(width)),
  };
  const n = streamsOf(design, streams);
  const count = predicted(design, n);
  if (count === 0) return shared;
  const statics = new Float32Array(depth * count);
  for (let l = 0; l < depth; l++) {
    for (let i = 0; i < n; i++) {
      const read = i === l % n;
      const constrained = design.form === 'logits';
      statics[l * count + i] = constrained ? (read ? 4 : -4) : read ? 1 : 0;
      statics[l * count + n + i] = constrained ? 0 : 1;
    }
    statics.set(design.start(n), l * count + 2 * n);
  }
  return {
    ...shared,
    projection: normal('projection', [depth, n * width, count], 1 / Math.sqrt(n * width)),
    gate: { shape: [depth, 3], values: new Float32Array(3 * depth).fill(startGate) },
    statics: { shape: [depth, count], values: statics },
  };
}

/** Trainable variables. */
export function createVariables(tf: Tf, start: ReturnType<typeof startParameters>): Record<string, ReturnType<Tf['variable']>> {
  return Object.fromEntries(Object.entries(start).map(([name, { shape, values }]) => [name, tf.tidy(() => tf.variable(tf.tensor(values, shape, 'float32')))]));
}
