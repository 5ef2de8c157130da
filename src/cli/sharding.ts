/** `--shard i/n`: the flag, and what the commands that have it share. */
import { InvalidArgumentError, Option } from 'commander';

import { PlumblineError } from '../errors.ts';
import type { BlobSource } from '../report/reporter.ts';
import { formatShards } from '../verify/shards/file.ts';
import { recordShard } from '../verify/shards/record.ts';
import type { ShardedRun } from '../verify/shards/schema.ts';
import { formatShard, mostShards, parseShard, type Shard } from '../verify/shards/shard.ts';

/** Where shards' files go, and where `plumbline merge` looks. */
export const blobFolder = '.plumbline/blobs';

export function shardOption(): Option {
  return new Option('--shard <i/n>', 'run the i-th of n parts, to be put together by plumbline merge').argParser((text: string): Shard => {
    const shard = parseShard(text);
    if (shard === undefined) throw new InvalidArgumentError(`It is i/n with i from 1 to n, and n at most ${mostShards}: 3/16.`);
    return shard;
  });
}

/** Shards that draw their own seeds are of different runs. Throws `bad-usage`. */
export function requireSeed(shard: Shard | undefined, seed: number | undefined): void {
  if (shard === undefined || seed !== undefined) return;
  throw new PlumblineError('bad-usage', `--shard ${formatShard(shard)} needs a seed that all shards have.`, 'Add --seed 1, or in CI one that is new in every run, such as --seed $GITHUB_RUN_NUMBER.');
}

export function blobName({ index, count }: Shard): string {
  return `${blobFolder}/blob-${index}-${count}.json`;
}

/** What the reporter `blob` writes of one shard. */
export function blobOf(run: ShardedRun & { readonly command: 'verify' | 'fuzz' }, shard: Shard): BlobSource {
  return { defaultFile: blobName(shard), format: (report) => formatShards(recordShard(report, run, Date.now())) };
}
