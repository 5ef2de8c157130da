/** The cases of one property: drawn by fast-check, examined one after the other, or overlapping where the kernel is in another process. */
import fc from 'fast-check';

import type { Recipe } from '../generate/recipe.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { breathe } from './breathe.ts';
import { KernelCaller } from './call.ts';
import { examine, type Examination } from './examine.ts';
import type { Failure } from './minimise.ts';
import type { Property, ResolvedKernel } from './property.ts';
import { stopBetweenCases } from './stop-plugin.ts';
import { Turns } from './turns.ts';

export interface CasePlan {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
  readonly callTimeoutMs: number;
  readonly seed: number;
  readonly numRuns: number;
  readonly examples: readonly Recipe[];
  readonly arbitrary: fc.Arbitrary<Recipe>;
  readonly stopped: () => boolean;
  /** Whether a case, by its place, is to be examined; all are drawn, so that what a place holds does not depend on it. */
  readonly owns: (place: number) => boolean;
  /** Called for each case that was examined, in their order; none after the first that failed. */
  readonly onCase: (examination: Examination, place: number) => void;
}

export interface CasesEnd {
  readonly failure: Failure | undefined;
  /** Place of the case that failed. */
  readonly failedAt: number | undefined;
  readonly interrupted: boolean;
}

/** Examines cases until one fails, all are done, or the run is to end. Throws for faults of plumbline, and `TargetUnusable`. */
export async function runCases(plan: CasePlan): Promise<CasesEnd> {
  const cases = plan.declaration.remote === undefined ? new Sequence(plan) : new Overlap(plan);
  let drawn = 0;
  const predicate = async (recipe: Recipe): Promise<boolean> => {
    const place = drawn++;
    if (!plan.owns(place)) return true;
    await breathe();
    return cases.next(recipe, place);
  };
  const details = await fc.check(fc.asyncProperty(plan.arbitrary, predicate), {
    seed: plan.seed,
    numRuns: plan.numRuns,
    examples: plan.examples.map((recipe) => [recipe] as [Recipe]),
    endOnFailure: true, // the recipe's own shrinker takes over
    plugins: [stopBetweenCases(plan.stopped)],
  });
  if (cases instanceof Overlap) await cases.finish(details.failed);
  if (details.failed && cases.failure === undefined) throw details.errorInstance;
  return { failure: cases.failure, failedAt: cases.failedAt, interrupted: details.interrupted };
}

class Sequence {
  failure: Failure | undefined;
  failedAt: number | undefined;
  protected readonly plan: CasePlan;
  private readonly caller: KernelCaller;

  constructor(plan: CasePlan) {
    this.plan = plan;
    this.caller = new KernelCaller(plan.kernel, plan.declaration.run, plan.callTimeoutMs, plan.declaration.remote);
  }

  /** False when a case has failed. */
  async next(recipe: Recipe, place: number): Promise<boolean> {
    return this.settle(recipe, place, await examine(this.plan.property, this.plan.kernel, recipe, this.caller));
  }

  protected settle(recipe: Recipe, place: number, examination: Examination): boolean {
    if (!examination.held) {
      this.failure = { recipe, examination };
      this.failedAt = place;
    }
    this.plan.onCase(examination, place);
    return examination.held;
  }
}

interface Begun {
  readonly recipe: Recipe;
  readonly place: number;
  readonly examination: Promise<Examination>;
}

/** One case ahead: a case's verdict is told when the next has begun. */
class Overlap extends Sequence {
  private readonly turns = new Turns();
  private running: Begun | undefined;

  override async next(recipe: Recipe, place: number): Promise<boolean> {
    const before = this.running;
    this.running = { recipe, place, examination: this.begin(recipe) };
    this.running.examination.catch(() => undefined); // it is awaited later
    return before === undefined || this.settle(before.recipe, before.place, await before.examination);
  }

  /** What was begun ends before anything else happens; after a failure, nobody wants to know how. */
  async finish(failed: boolean): Promise<void> {
    const last = this.running;
    this.running = undefined;
    if (last === undefined) return;
    if (!failed) this.settle(last.recipe, last.place, await last.examination);
    else await last.examination.catch(() => undefined);
  }

  private async begin(recipe: Recipe): Promise<Examination> {
    const { property, kernel, declaration, callTimeoutMs } = this.plan;
    const turn = this.turns.take();
    try {
      const examination = await examine(property, kernel, recipe, new KernelCaller(kernel, declaration.run, callTimeoutMs, declaration.remote, turn));
      if (examination.held) this.turns.learn(examination.calls);
      else this.turns.close();
      return examination;
    } catch (error) {
      this.turns.close();
      throw error;
    } finally {
      turn.end();
    }
  }
}
