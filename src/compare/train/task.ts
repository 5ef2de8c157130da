/**
 * What the networks learn: sums with delay. A sequence of symbols 0 … V−1 is drawn evenly; at place t the network says
 * (s_t + s_{t−d}) mod V. It needs the token at a distance (mixing over tokens) and a product of two symbols (the MLP); no symbol alone tells
 * anything about the answer, so a network that has not found both stays at a loss of ln V. Fresh sequences every step: nothing can be memorised.
 */
import { Random } from '../../generate/random.ts';

export interface Task {
  readonly symbols: number;
  readonly length: number;
  readonly delay: number;
}

export const task: Task = { symbols: 6, length: 12, delay: 3 };

/** Sequences and answers, time-major: index t·batch + b. */
export interface Batch {
  readonly symbols: Int32Array;
  readonly answers: Int32Array;
}

/** One batch, the same for every design: it follows from the seed and its number alone. */
export function drawBatch({ symbols: count, length, delay }: Task, batch: number, seed: number, number: number): Batch {
  const random = new Random(seed, number, 7);
  const symbols = Int32Array.from({ length: length * batch }, () => random.below(count));
  const answers = symbols.map((symbol, at) => (at < delay * batch ? 0 : (symbol + symbols[at - delay * batch]!) % count));
  return { symbols, answers };
}
