/**
 * Branch and bound over a box of logits. The walk bounds a whole box by its worst cross ratio and its worst first sums, which no one input has together; parts of the box are bounded more
 * sharply. The part with the largest bound is split at the middle of one logit, the one that lowers the bounds of the halves most. The result is a tree that anybody can walk again.
 */
import type { Box } from './box.ts';

/** In preorder: the index of the logit that is halved, or −1 for a part that was bounded as it is. */
export type Partition = readonly number[];

export interface Branching {
  /** The largest bound of any part. */
  readonly bound: number;
  readonly parts: number;
  readonly partition: Partition;
}

interface Node {
  readonly box: Box;
  readonly bound: number;
  split: { readonly index: number; readonly low: Node; readonly high: Node } | undefined;
}

/** Splits until the bound is at most `goal`, or there are `mostParts`. `boundOf` bounds what is asked for over a box. */
export function branchAndBound(box: Box, boundOf: (box: Box) => number, goal: number, mostParts: number, stopped: () => boolean = () => false): Branching {
  const root: Node = { box, bound: boundOf(box), split: undefined };
  const open = [root];
  while (open[0]!.bound > goal && open.length < mostParts && !stopped()) {
    const worst = take(open);
    worst.split = bestSplit(worst.box, boundOf);
    if (worst.split === undefined) {
      put(open, worst);
      break;
    }
    put(open, worst.split.low);
    put(open, worst.split.high);
  }
  const partition: number[] = [];
  write(root, partition);
  return { bound: open[0]!.bound, parts: open.length, partition };
}

/** The two halves of a box at the middle of one logit. */
export function halves({ n, low, high }: Box, index: number): [Box, Box] {
  const middle = low[index]! / 2 + high[index]! / 2;
  const [below, above] = [high.slice(), low.slice()];
  below[index] = middle;
  above[index] = middle;
  return [{ n, low, high: below }, { n, low: above, high }];
}

function bestSplit(box: Box, boundOf: (box: Box) => number): Node['split'] {
  let best: Node['split'];
  let bestScore = Infinity;
  for (let index = 0; index < box.n ** 2; index++) {
    const width = box.high[index]! - box.low[index]!;
    if (!(width > 0 && width < Infinity)) continue;
    const [low, high] = halves(box, index).map((half): Node => ({ box: half, bound: boundOf(half), split: undefined })) as [Node, Node];
    const score = Math.max(low.bound, high.bound) + 0.1 * Math.min(low.bound, high.bound);
    if (score < bestScore) [best, bestScore] = [{ index, low, high }, score];
  }
  return best;
}

function write(node: Node, partition: number[]): void {
  partition.push(node.split?.index ?? -1);
  if (node.split === undefined) return;
  write(node.split.low, partition);
  write(node.split.high, partition);
}

/** A binary heap with the largest bound first. */
function put(heap: Node[], node: Node): void {
  let place = heap.push(node) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (heap[parent]!.bound >= node.bound) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = node;
}

function take(heap: Node[]): Node {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.bound > heap[child]!.bound) child++;
    if (heap[child]!.bound <= last.bound) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = last;
  return first;
}
