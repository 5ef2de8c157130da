/** The part of a bench that all its targets share: settings, time, and what was verified and opened. */
import type { OperationId } from '../operations/operation.ts';
import type { Target } from '../targets/kernel.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { overBudget } from './budget.ts';
import { usualLaunches } from './launches.ts';
import { usualCallTimeoutMs, usualCopies, usualTimeMs, type BenchOptions, type Copies } from './options.ts';
import { usualError } from './pairs.ts';
import { described, kernelOf, type OpenTarget, type Plan } from './plan.ts';
import { statusOf, type BenchReport, type WorkloadResult } from './results.ts';
import { compareLaunches, type LaunchPlan } from './run-launches.ts';
import { notComparable, obstacleTo, timeAlone, timePair, type Rival, type RunSettings } from './run-workload.ts';
import { verifyKernels, type Obstacle } from './verification.ts';

type Verified = ReadonlyMap<OperationId, Obstacle | undefined>;

export class BenchRun {
  private readonly settings: RunSettings;
  private readonly deadline: number;
  private readonly known = new Map<Target, Map<OperationId, Obstacle | undefined>>();
  private readonly others = new Map<Target, OpenTarget | string>();

  constructor(
    private readonly options: BenchOptions,
    private readonly budget: BenchReport['budget'],
    comparisons: number,
    started: number,
    private readonly onEvent: NonNullable<BenchOptions['onEvent']>,
    private readonly add: (result: WorkloadResult) => void,
    private readonly opened: Target[],
  ) {
    this.deadline = started + (options.maxTimeMs ?? Infinity);
    this.settings = {
      seed: options.seed,
      timeMs: options.timeMs ?? usualTimeMs,
      cache: options.cache ?? 'warm',
      pairs: options.pairs,
      error: (options.error ?? usualError) / Math.max(1, comparisons), // Bonferroni over the comparisons of the run
      limits: options.limits,
      callTimeoutMs: options.callTimeoutMs ?? usualCallTimeoutMs,
      signal: options.signal,
    };
  }

  async target({ target }: OpenTarget, plans: readonly Plan[]): Promise<void> {
    if (plans.length === 0) return;
    this.onEvent({ type: 'planned', target: target.name, workloads: plans.length });
    const verified = await this.verified(target, plans.map(({ workload }) => workload.operation));
    const rivals = await this.rivals(target, plans, verified);
    const launched: LaunchPlan[] = [];
    for (const plan of plans) {
      this.onEvent({ type: 'workload-started', target: target.name, workload: plan.workload.id });
      const rival = rivals?.get(plan.workload.operation);
      const refused = await this.refused(plan, typeof rival === 'object' ? rival : undefined, verified);
      if (refused !== undefined) this.add(refused);
      else if (rivals === undefined) this.add(await timeAlone(plan, this.settings));
      else if (typeof rival !== 'object') this.add(await this.withoutRival(plan, rival ?? 'the baseline has no kernel of this operation'));
      else if (rival.baseline.declaration.remote !== undefined) launched.push({ ...plan, baseline: rival.baseline });
      else this.add(await timePair(plan, rival, this.pairSettings(plan)));
    }
    if (launched.length > 0) await this.launches(launched);
  }

  private async launches(plans: readonly LaunchPlan[]): Promise<void> {
    const { target } = plans[0]!.candidate;
    for (const side of [target, plans[0]!.baseline.target]) {
      await side.close();
      this.others.delete(side);
    }
    const onRound = (round: number, rounds: number): void => this.onEvent({ type: 'launches', target: target.name, round, rounds });
    try {
      for (const result of await compareLaunches(plans, this.options.launches ?? usualLaunches(this.settings.error), this.settings, () => this.stopped(), onRound)) this.add(result);
    } catch (error) {
      if (!(error instanceof TargetUnusable)) throw error;
      for (const { workload } of plans) this.add({ target: target.name, ...described(workload, this.settings.cache), status: 'errored', reason: error.message, remedy: error.remedy });
    }
  }

  /** A time beside which stands why it could not be compared. */
  private async withoutRival(plan: Plan, reason: string): Promise<WorkloadResult> {
    const alone = await timeAlone(plan, this.settings);
    return alone.status === 'timed' ? { ...alone, status: 'compared', comparison: notComparable(reason, 'pairs', this.settings) } : alone;
  }

  /** By operation: the rival of the target's kernel, or why it has none. Undefined where nothing is compared. */
  private async rivals(target: Target, plans: readonly Plan[], own: Verified): Promise<Map<OperationId, Rival | string> | undefined> {
    const { against } = this.options;
    if (against === undefined) return undefined;
    const found = new Map<OperationId, Rival | string>();
    const all = (reason: string): typeof found => new Map(plans.map(({ workload }) => [workload.operation, reason]));
    const baseline = against.baselineOf(target.name);
    if (baseline === undefined) return all(`${against.label} has no target '${target.name}'`);
    const open = await this.open(baseline);
    if (typeof open === 'string') return all(`the baseline cannot run here: ${open}`);
    const remote = Object.values(baseline.kernels()).some((kernel) => kernel.remote !== undefined); // each launch is its own control
    const copies = remote ? undefined : await against.copiesOf(target.name, usualCopies, this.options.seed);
    const again = remote || copies !== undefined ? undefined : against.controlOf(target.name);
    const control = again === undefined ? undefined : await this.open(again);
    const pairs = plans.flatMap((plan) => (found.has(plan.workload.operation) || own.get(plan.workload.operation) !== undefined ? [] : [[plan, kernelOf(open, plan.workload.operation)] as const]));
    const verified = await this.verified(baseline, pairs.flatMap(([plan, rival]) => (rival === undefined ? [] : [plan.workload.operation])));
    // all copies are called alike before they are timed: what a compiler saw of a function decides how fast it is
    if (typeof control === 'object') await this.verified(control.target, pairs.map(([plan]) => plan.workload.operation).filter((id) => control.target.kernels()[id] !== undefined));
    for (const [{ workload: { operation }, candidate }, rival] of pairs) {
      const wrong = verified.get(operation);
      const obstacle = rival === undefined ? 'the baseline has no kernel of this operation' : wrong === undefined ? obstacleTo(candidate, rival) : `the baseline was not timed: ${wrong.reason}`;
      found.set(operation, obstacle ?? { baseline: rival!, control: typeof control === 'object' ? kernelOf(control, operation) : undefined, copies: copies === undefined ? undefined : copiesOf(copies, operation) });
    }
    return found;
  }

  /** Opens a target of the opponent once; says why when it cannot be. */
  private async open(target: Target): Promise<OpenTarget | string> {
    const known = this.others.get(target);
    if (known !== undefined) return known;
    const said = await target.open();
    if (said.status === 'available') this.opened.push(target);
    const open = said.status === 'available' ? { target, about: said.about } : `${said.reason} ${said.remedy}`;
    this.others.set(target, open);
    return open;
  }

  /** What stands against timing the kernels of a target; each is verified once in a run. */
  private async verified(target: Target, operations: readonly OperationId[]): Promise<Verified> {
    const known = this.known.get(target) ?? new Map<OperationId, Obstacle | undefined>();
    this.known.set(target, known);
    const ids = [...new Set(operations)].filter((id) => !known.has(id));
    if (ids.length === 0) return known;
    this.onEvent({ type: 'verifying', target: target.name, operations: ids.length });
    for (const [id, obstacle] of await verifyKernels(target, ids, this.verification())) known.set(id, obstacle);
    return known;
  }

  private verification(): Parameters<typeof verifyKernels>[2] {
    const { properties, seed, callTimeoutMs, failuresDir, replayCommand, replayArguments, signal } = this.options;
    return { properties, seed, callTimeoutMs, failuresDir, replayCommand, replayArguments, signal, maxTimeMs: Number.isFinite(this.deadline) ? Math.max(0, this.deadline - performance.now()) : undefined };
  }

  /** Why a plan is not timed, as its result. */
  private async refused({ workload, candidate }: Plan, rival: Rival | undefined, verified: Verified): Promise<WorkloadResult | undefined> {
    const common = { target: candidate.target.name, ...described(workload, this.settings.cache) };
    const obstacle = verified.get(workload.operation);
    if (obstacle !== undefined) return { ...common, ...obstacle };
    if (this.stopped()) return { ...common, status: 'skipped', reason: this.options.signal?.aborted === true ? 'interrupted before it began' : 'time was up before it began' };
    try {
      for (const side of [candidate, ...(rival === undefined ? [] : [rival.baseline, ...(rival.control === undefined ? [] : [rival.control])])]) {
        const reason = await overBudget(workload, side.kernel, side.declaration, this.budget, this.options.seed, this.settings.callTimeoutMs);
        if (reason !== undefined) return { ...common, status: 'over-budget', reason: side === candidate ? reason : `the baseline: ${reason}` };
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof OutcomeError || error instanceof TargetUnusable)) throw error;
      return { ...common, status: error instanceof OutcomeError ? statusOf(error.outcome) : 'errored', reason: error.message.split('\n')[0] };
    }
  }

  private pairSettings({ workload, candidate }: Plan): RunSettings {
    const left = this.deadline - performance.now();
    const onLook: RunSettings['onLook'] = (judgement, pairs) => this.onEvent({ type: 'look', target: candidate.target.name, workload: workload.id, pairs, judgement });
    return { ...this.settings, onLook, maxTimeMs: Number.isFinite(left) ? Math.max(0, left) : undefined };
  }

  private stopped(): boolean {
    return this.options.signal?.aborted === true || performance.now() > this.deadline;
  }
}

/** The kernels of the copies for an operation; undefined where some are one and the same function, or run on a device, for which copies are nothing. */
function copiesOf(copies: Copies, operation: OperationId): Rival['copies'] {
  const planned = copies.flatMap(({ side, target }) => {
    const kernel = kernelOf({ target, about: undefined }, operation);
    return kernel === undefined || kernel.declaration.prepare !== undefined ? [] : [{ side, planned: kernel }];
  });
  const runs = new Set(planned.map((copy) => copy.planned.declaration.run));
  return runs.size === copies.length ? planned : undefined;
}
