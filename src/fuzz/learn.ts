/** What a campaign learns from a case that held: which problems met an event that none had met (features.ts) or raised a margin; those are bred from (pool.ts). */
import type { Random } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import type { Operation } from '../operations/operation.ts';
import { decodeOutputs } from '../verify/call.ts';
import { mostIndifferent, type Examination } from '../verify/examine.ts';
import type { Arm } from './arm.ts';
import { eventOf, placesOf, type Coverage } from './coverage.ts';
import { Features } from './features.ts';
import type { Pool } from './pool.ts';
import { specimenOf, type Specimen } from './specimen.ts';

/** Kind of the event that a margin reached a new quarter of an octave. */
const marginKind = 40;
/** Margins of claims that are 0 or infinite; no other is below. */
const least = 2 ** -900;
/** How many problems of one case the pool takes: neighbours are alike. */
const keptPerCase = 24;
/** After so many problems of a case in a row that met nothing new one of `glance` is looked at, until one meets something: recipes give hundreds of problems of one sort. The last tile, whose lanes count, always is. */
const [quietAfter, glance] = [64, 4];
const tile = 32;
/** How many recipes a claim remembers. */
const mostRecipes = 64;

/** Something worth telling others: a new best, or a problem that met something new. */
export interface Find {
  readonly what: string;
  readonly specimen: Specimen;
  readonly property: string;
  readonly target: string;
  readonly score: number;
}

export interface LearnerOptions {
  readonly guided: boolean;
  readonly onFind: (find: Find) => void;
}

export class Learner {
  private readonly options: LearnerOptions;
  private readonly coverage: Coverage;
  private readonly pool: Pool;
  private readonly random: Random;
  private readonly features = new Map<string, Features>();

  constructor(options: LearnerOptions, coverage: Coverage, pool: Pool, random: Random) {
    this.options = options;
    this.coverage = coverage;
    this.pool = pool;
    this.random = random;
  }

  /** Up to where nobody looks at a margin of a claim: it is not its largest, not among those that are bred from, and its events were met on the way there. */
  indifference(arm: Arm): number {
    return Math.max(least, Math.min(mostIndifferent, arm.margin, this.options.guided ? this.pool.threshold(arm.objective) : Infinity));
  }

  /** `indifferent` is what the case was judged with. */
  learn(arm: Arm, recipe: Recipe, examination: Examination, indifferent: number): void {
    const operation = arm.kernel.operation as unknown as Operation;
    const { case: { inputs, sizes }, judgement, calls, outputs } = examination;
    const features = this.featuresOf(operation);
    const returned = calls === 1 ? decodeOutputs(outputs) : undefined;
    const margins = judgement?.margins;
    const threshold = this.pool.threshold(arm.objective);
    const lastTile = sizes.tokens - (sizes.tokens % tile);
    let [kept, quiet] = [0, 0];
    for (let token = 0; token < sizes.tokens; token++) {
      const margin = margins?.[token] ?? -1;
      if (quiet >= quietAfter && token % glance !== 0 && token < lastTile && !(margin > indifferent)) continue;
      features.look(inputs, returned, sizes, token);
      let isNew = margin > indifferent && this.coverage.add(eventOf(marginKind, arm.hash, Math.floor(4 * Math.log2(margin))));
      for (let k = 0; k < features.count; k++) if (this.coverage.add(features.events[k]!)) isNew = true;
      this.coverage.count(features.singles, features.factCount);
      if (margin > threshold && margin > 0) {
        const best = this.pool.offer(arm.objective, () => specimenOf(operation, inputs, sizes, token, recipe), margin);
        if (best && margin > 0.5) this.tell(arm, specimenOf(operation, inputs, sizes, token, recipe), margin);
      }
      quiet = isNew ? 0 : quiet + 1;
      if (!isNew || kept >= keptPerCase) continue;
      kept++;
      this.pool.add(specimenOf(operation, inputs, sizes, token, recipe), placesOf(features.singles, features.factCount));
    }
    if (kept > 0 && Object.keys(recipe.families).length > 0) remember(arm.recipes, recipe, this.random);
  }

  private featuresOf(operation: Operation): Features {
    const features = this.features.get(operation.id) ?? new Features(operation, true);
    this.features.set(operation.id, features);
    return features;
  }

  private tell(arm: Arm, specimen: Specimen, margin: number): void {
    this.options.onFind({ what: `margin ${margin.toPrecision(3)}`, specimen, property: arm.property.id, target: arm.target, score: margin });
  }
}

/** Keeps some recipes, the newest and a few old ones. */
function remember(recipes: Recipe[], recipe: Recipe, random: Random): void {
  if (recipes.length < mostRecipes) recipes.push(recipe);
  else recipes[random.below(mostRecipes)] = recipe;
}
