/**
 * Which part of all seeds a campaign draws. Seeds of stream i of n are i modulo n. Thread t of T of such a campaign has stream i + n·t of n·T, whose seeds are i modulo n too, and t modulo T in what is
 * left: threads share none, and neither do shards, however many threads each of them has.
 */

/** Number `index`, from 0, of `count`. */
export interface SeedStream {
  readonly index: number;
  readonly count: number;
}

/** All seeds. */
export const wholeStream: SeedStream = { index: 0, count: 1 };

/** The part of a stream that is a thread's. */
export function threadStream({ index, count }: SeedStream, thread: number, threads: number): SeedStream {
  return { index: index + count * thread, count: count * threads };
}

/** The nearest seed of a stream: 32 bits. */
export function streamedSeed(seed: number, { index, count }: SeedStream): number {
  const streamed = Math.floor(seed / count) * count + index;
  return streamed <= 0xffffffff ? streamed : streamed - count;
}
