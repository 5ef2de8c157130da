/** One objective of one kernel in a campaign: a population that climbs by differential evolution and mutation, and starts anew where it is stuck. */
import type { Random } from '../generate/random.ts';
import type { Operation } from '../operations/operation.ts';
import { expand } from '../generate/expand.ts';
import { allowedStreams } from '../generate/sizes.ts';
import type { ResolvedKernel } from '../verify/property.ts';
import { Litter } from './litter.ts';
import type { Pool } from './pool.ts';
import type { Pursuit } from './pursuits.ts';
import { specimenOf, type Specimen } from './specimen.ts';

/** Problems of a call; rounds without a better one after which the search begins anew. */
const [batch, patience] = [128, 150];
/** Half of the time is the usual stream count's. */
const usual = 4;

interface Climb {
  stuck: number;
  best: number;
}

export class Seek {
  readonly pursuit: Pursuit;
  readonly target: string;
  readonly kernel: ResolvedKernel;
  /** Time spent, in milliseconds. */
  spent = 0;
  problems = 0;
  /** The best of all, by objective. */
  readonly best = new Map<string, { readonly score: number; readonly specimen: Specimen }>();
  /** Why it is over. */
  ended: string | undefined;
  private readonly climbs = new Map<string, Climb>();

  constructor(target: string, kernel: ResolvedKernel, pursuit: Pursuit) {
    this.target = target;
    this.kernel = kernel;
    this.pursuit = pursuit;
  }

  /** Tries a batch. Returns the batch's best with its score, where it is the best so far. */
  async step(pool: Pool, random: Random): Promise<{ readonly objective: string; readonly score: number; readonly specimen: Specimen } | undefined> {
    const operation = this.kernel.operation as unknown as Operation;
    const counts = allowedStreams(operation, {}, { streams: this.kernel.streams });
    const streams = counts.includes(usual) && random.below(2) === 0 ? usual : random.pick(counts);
    const objective = this.pursuit.byStreams ? `${this.pursuit.name}, n = ${streams}` : this.pursuit.name;
    const key = `${this.target} ${objective}`;
    const climb = this.climbs.get(objective) ?? { stuck: 0, best: -Infinity };
    this.climbs.set(objective, climb);
    const { inputs, sizes, recipes } = this.candidates(operation, pool, key, streams, random);
    const specimen = (token: number): Specimen => specimenOf(operation, inputs, sizes, token, recipes[token]);
    this.problems += sizes.tokens;
    const { scores } = await this.pursuit.score(inputs, sizes);
    let found: { objective: string; score: number; specimen: Specimen } | undefined;
    let better = false;
    for (let token = 0; token < scores.length; token++) {
      const score = scores[token]!;
      if (!(score > pool.threshold(key))) continue;
      pool.offer(key, () => specimen(token), score);
      if (score > climb.best * (1 + 1e-4)) {
        climb.best = score;
        better = true;
      }
      if (score > (this.best.get(objective)?.score ?? 0)) {
        found = { objective, score, specimen: specimen(token) };
        this.best.set(objective, found);
      }
    }
    climb.stuck = better ? 0 : climb.stuck + 1;
    if (climb.stuck > patience) {
      pool.restart(key);
      this.climbs.delete(objective);
    }
    return found;
  }

  /** Children of the best there are, or what a recipe gives. */
  private candidates(operation: Operation, pool: Pool, key: string, streams: number, random: Random): Pick<Litter, 'inputs' | 'sizes' | 'recipes'> {
    const elite = pool.eliteOf(key);
    if (elite.length < 16) return this.fresh(operation, streams, random);
    const pick = (): Specimen => elite[Math.floor(elite.length * random.uniform() ** 2)]!.specimen;
    const litter = new Litter(this.kernel, elite[0]!.specimen, batch);
    while (litter.born < batch) litter.child(pick(), pick(), pick(), random);
    return litter;
  }

  private fresh(operation: Operation, streams: number, random: Random): Pick<Litter, 'inputs' | 'sizes' | 'recipes'> {
    const sizes = { tokens: batch, streams, channels: operation.dims.includes('channels') ? 8 : 1, depth: operation.dims.includes('depth') ? 4 : 1 };
    const recipe = { operation: operation.id, sizes, seed: random.bits(), families: {}, scale: 'mixed' as const };
    return { inputs: expand(recipe, operation, {}), sizes, recipes: Array.from({ length: batch }, () => recipe) };
  }
}
