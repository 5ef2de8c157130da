/**
 * A campaign on opened targets in one thread: whose turn it is, the next case, and what is learnt from it. Claims take turns by the time that they have had; those against the reference get
 * several times as much, because they see every wrong number. Each case meets events (learn.ts); what meets a new one, or raises a margin, is kept to breed from (pool.ts, breed.ts).
 */
import { hashText, Random } from '../generate/random.ts';
import type { Recipe } from '../generate/recipe.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { examineInputs, type Examination } from '../verify/examine.ts';
import type { Arm } from './arm.ts';
import { Cases } from './cases.ts';
import { Coverage } from './coverage.ts';
import { literalOf, placeOf, recorded, type FailureOptions } from './failures.ts';
import { Learner, type Find } from './learn.ts';
import { Pool } from './pool.ts';
import type { Seek } from './seek.ts';
import { batchOf, type Specimen } from './specimen.ts';
import type { SeedStream } from './streams.ts';

/** Of ten turns at least one goes to objectives besides the margins, where there are some. */
const seekShare = 1 / 10;
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
  private readonly cases: Cases;
  private readonly learner: Learner;
  /** Objectives draw from their own, so that how often their turn comes changes nothing for the claims. */
  private readonly seekRandom: Random;

  constructor(options: CampaignOptions) {
    this.options = options;
    this.pool = new Pool(options.poolBytes, (facts) => this.coverage.rarest(facts));
    const random = new Random(options.runSeed, hashText('fuzz'), options.stream.index);
    this.cases = new Cases(options, this.pool, random);
    this.learner = new Learner(options, this.coverage, this.pool, random);
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
    const { recipe, inputs } = queued === undefined ? this.cases.next(arm) : this.cases.byValue(arm, batchOf(arm.kernel.operation, queued.specimens));
    const indifferent = this.learner.indifference(arm);
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
    else if (this.options.guided) this.learner.learn(arm, recipe, examination, indifferent);
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
