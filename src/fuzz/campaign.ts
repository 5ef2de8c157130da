/**
 * A campaign on opened targets in one thread: whose turn it is, the next case, and what is learnt from it. Claims take turns by the time that they have had; those against the reference get
 * several times as much, because they see every wrong number. Each case meets events (features.ts); what meets a new one, or raises a margin, is kept to breed from (pool.ts, breed.ts).
 */
import { hashText, Random } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { expand } from '../generate/expand.ts';
import type { Operation, Values } from '../operations/operation.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { decodeOutputs } from '../verify/call.ts';
import { examineInputs, mostIndifferent, type Examination } from '../verify/examine.ts';
import type { Arm } from './arm.ts';
import { bred, changedRecipe, drawnRecipe } from './breed.ts';
import { Coverage, eventOf, placesOf } from './coverage.ts';
import { Features } from './features.ts';
import { literalOf, placeOf, recorded, type FailureOptions } from './failures.ts';
import { Pool } from './pool.ts';
import type { Seek } from './seek.ts';
import { batchOf, specimenOf, type Specimen } from './specimen.ts';
import { streamedSeed, type SeedStream } from './streams.ts';

/** Kind of the event that a margin reached a new quarter of an octave. */
const marginKind = 40;
/** Of ten turns at least one goes to objectives besides the margins, where there are some. */
const seekShare = 1 / 10;
/** Margins of claims that are 0 or infinite; no other is below. */
const least = 2 ** -900;
/** How many problems of one case the pool takes: neighbours are alike. */
const keptPerCase = 24;

/** Something worth telling others: a new best, or a problem that met something new. */
export interface Find {
  readonly what: string;
  readonly specimen: Specimen;
  readonly property: string;
  readonly target: string;
  readonly score: number;
}

export interface CampaignOptions extends FailureOptions {
  readonly arms: readonly Arm[];
  readonly seeks: readonly Seek[];
  readonly stream: SeedStream;
  readonly guided: boolean;
  readonly poolBytes: number;
  readonly onFind: (find: Find) => void;
  readonly onFailure: (arm: Arm) => void;
}

export class Campaign {
  readonly coverage = new Coverage();
  readonly pool: Pool;
  problems = 0;
  private readonly options: CampaignOptions;
  private readonly random: Random;
  /** Objectives draw from their own, so that how often their turn comes changes nothing for the claims. */
  private readonly seekRandom: Random;
  private readonly features = new Map<string, Features>();

  constructor(options: CampaignOptions) {
    this.options = options;
    this.pool = new Pool(options.poolBytes, (facts) => this.coverage.rarest(facts));
    this.random = new Random(options.runSeed, hashText('fuzz'), options.stream.index);
    this.seekRandom = new Random(options.runSeed, hashText('fuzz objectives'), options.stream.index);
  }

  /** One case. False when nothing is left to do. */
  async step(): Promise<boolean> {
    const seek = this.nextSeek();
    if (seek !== undefined) {
      await this.seek(seek);
      return true;
    }
    let arm: Arm | undefined;
    for (const candidate of this.options.arms) if (candidate.open && (arm === undefined || candidate.turn < arm.turn)) arm = candidate;
    if (arm === undefined) return false;
    const started = performance.now();
    try {
      await this.examine(arm);
    } catch (error) {
      this.end(arm, error);
    }
    arm.spent += performance.now() - started;
    return true;
  }

  /** Takes in what another thread found. */
  receive(specimen: Specimen): void {
    this.pool.add(specimen);
  }

  private nextSeek(): Seek | undefined {
    const { arms, seeks, guided } = this.options;
    if (!guided || seeks.length === 0) return undefined;
    if (arms.some(({ open, turn }) => open && turn < 0)) return undefined;
    const living = seeks.filter(({ ended }) => ended === undefined);
    const onSeeks = seeks.reduce((sum, { spent }) => sum + spent, 0);
    const onArms = arms.reduce((sum, { spent }) => sum + spent, 0);
    const idle = !arms.some(({ open }) => open);
    return living.length > 0 && (idle || onSeeks < seekShare * (onSeeks + onArms)) ? living.reduce((a, b) => (a.spent <= b.spent ? a : b)) : undefined;
  }

  private async seek(seek: Seek): Promise<void> {
    const started = performance.now();
    try {
      const before = seek.problems;
      const found = await seek.step(this.pool, this.seekRandom);
      this.problems += seek.problems - before;
      if (found !== undefined) this.options.onFind({ what: found.objective, specimen: found.specimen, property: found.objective, target: seek.target, score: found.score });
      if (found !== undefined && seek.pursuit.name.startsWith('disagreement') && found.score > 1) this.suspect(found.specimen);
    } catch (error) {
      // what a kernel does wrong here is shown by the claims; a target that is gone ends its claims too
      if (!(error instanceof OutcomeError)) seek.ended = error instanceof Error ? error.message : String(error);
    }
    seek.spent += performance.now() - started;
  }

  /** Lets every claim against the reference look at a problem on which two kernels disagree. */
  private suspect(specimen: Specimen): void {
    for (const arm of this.options.arms) {
      if (!arm.open || !arm.property.usesReference || !arm.anyInput || arm.kernel.operation.id !== specimen.operation) continue;
      this.queue.push({ arm, specimens: [specimen] });
    }
  }
  private readonly queue: { readonly arm: Arm; readonly specimens: readonly Specimen[] }[] = [];

  private end(arm: Arm, error: unknown): void {
    if (error instanceof TargetUnusable) arm.ended = { status: 'errored', reason: `${error.message}\n${error.remedy}` };
    else arm.ended = { status: 'errored', reason: 'plumbline itself failed here', fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }

  private async examine(turn: Arm): Promise<void> {
    const queued = this.queue.shift();
    const arm = queued?.arm ?? turn;
    const operation = arm.kernel.operation as unknown as Operation;
    const { recipe, inputs } = queued === undefined ? this.nextCase(arm, operation) : this.byValue(operation, queued.specimens);
    const indifferent = this.indifference(arm);
    const examination = await examineInputs(arm.property, arm.kernel, recipe, inputs, arm.caller, indifferent);
    arm.cases++;
    arm.problems += examination.judged;
    this.problems += examination.judged;
    const found = examination.judgement?.worst;
    if (found !== undefined && (arm.worst === undefined || !(found.margin <= arm.worst.margin))) {
      arm.worst = found;
      arm.margin = found.margin;
    }
    if (!examination.held) await this.fail(arm, recipe, examination);
    else if (this.options.guided) this.learn(arm, operation, recipe, examination, indifferent);
  }

  /** Up to where nobody looks at a margin of a claim: it is not its largest, not among those that are bred from, and its events were met on the way there. */
  private indifference(arm: Arm): number {
    return Math.max(least, Math.min(mostIndifferent, arm.margin, this.options.guided ? this.pool.threshold(arm.objective) : Infinity));
  }

  private nextCase(arm: Arm, operation: Operation): { recipe: Recipe; inputs: Values } {
    const { guided } = this.options;
    const { random } = this;
    const stored = arm.stored.shift();
    if (stored !== undefined) return stored;
    const first = arm.first.shift();
    if (first === undefined && guided && arm.anyInput && random.below(8) !== 0) {
      const children = bred(arm.kernel, arm.property, this.pool, arm.objective, random);
      if (children !== undefined) return this.byValue(operation, children);
    }
    const drawn = first ?? drawnRecipe(arm.property, arm.kernel, random.bits());
    const recipe = first === undefined && guided && random.below(3) > 0 ? changedRecipe(arm.recipes.length > 0 && random.below(2) === 0 ? random.pick(arm.recipes) : drawn, arm.property, arm.kernel, random) : drawn;
    const own = first === undefined ? { ...recipe, seed: streamedSeed(recipe.seed, this.options.stream) } : recipe;
    return { recipe: own, inputs: expand(own, operation, arm.property.inputs) };
  }

  private byValue(operation: Operation, specimens: readonly Specimen[]): { recipe: Recipe; inputs: Values } {
    const { inputs, sizes } = batchOf(operation, specimens);
    return { recipe: { operation: operation.id, sizes, seed: streamedSeed(this.random.bits(), this.options.stream), families: {}, scale: 1 }, inputs };
  }

  private learn(arm: Arm, operation: Operation, recipe: Recipe, examination: Examination, indifferent: number): void {
    const { case: { inputs, sizes }, judgement, calls, outputs } = examination;
    const features = this.features.get(operation.id) ?? new Features(operation, true);
    this.features.set(operation.id, features);
    const returned = calls === 1 ? decodeOutputs(outputs) : undefined;
    const margins = judgement?.margins;
    const threshold = this.pool.threshold(arm.objective);
    let kept = 0;
    for (let token = 0; token < sizes.tokens; token++) {
      features.look(inputs, returned, sizes, token);
      const margin = margins?.[token] ?? -1;
      let isNew = margin > indifferent && this.coverage.add(eventOf(marginKind, arm.hash, Math.floor(4 * Math.log2(margin))));
      for (let k = 0; k < features.count; k++) if (this.coverage.add(features.events[k]!)) isNew = true;
      this.coverage.count(features.singles, features.factCount);
      if (margin > threshold && margin > 0) {
        const best = this.pool.offer(arm.objective, () => specimenOf(operation, inputs, sizes, token, recipe), margin);
        if (best && margin > 0.5) this.tell(arm, specimenOf(operation, inputs, sizes, token, recipe), margin);
      }
      if (!isNew || kept >= keptPerCase) continue;
      kept++;
      this.pool.add(specimenOf(operation, inputs, sizes, token, recipe), placesOf(features.singles, features.factCount));
    }
    if (kept > 0 && Object.keys(recipe.families).length > 0) remember(arm.recipes, recipe, this.random);
  }

  private tell(arm: Arm, specimen: Specimen, margin: number): void {
    this.options.onFind({ what: `margin ${margin.toPrecision(3)}`, specimen, property: arm.property.id, target: arm.target, score: margin });
  }

  private async fail(arm: Arm, recipe: Recipe, examination: Examination): Promise<void> {
    const { options } = this;
    const place = placeOf(examination);
    if (arm.failures.has(place)) return;
    arm.failures.add(place);
    const result = await recorded(arm, { recipe: literalOf(arm, recipe, examination), examination }, options);
    const shrunkPlace = placeOf(result.counterexample!);
    const known = place !== shrunkPlace && arm.failures.has(shrunkPlace);
    arm.failures.add(shrunkPlace);
    if (known) return;
    arm.result ??= result;
    options.onFailure(arm);
  }
}

const mostRecipes = 64;

/** Keeps some recipes, the newest and a few old ones. */
function remember(recipes: Recipe[], recipe: Recipe, random: Random): void {
  if (recipes.length < mostRecipes) recipes.push(recipe);
  else recipes[random.below(mostRecipes)] = recipe;
}
