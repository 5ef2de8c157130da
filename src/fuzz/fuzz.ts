/** A campaign in this thread: targets opened, claims and objectives set up, cases until the time is over, a report at the end. */
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { Target } from '../targets/kernel.ts';
import { resolveKernel } from '../targets/resolve.ts';
import { breathe } from '../verify/breathe.ts';
import { KernelCaller } from '../verify/call.ts';
import { exitCodeOf } from '../verify/exit-code.ts';
import type { PropertyResult, TargetReport } from '../verify/results.ts';
import { notApplicable } from '../verify/run-property.ts';
import { storedFor } from '../verify/stored.ts';
import { totalsOf } from '../verify/totals.ts';
import { version } from '../verify/version.ts';
import { Arm } from './arm.ts';
import { Campaign } from './campaign.ts';
import { CorpusKeeper } from './corpus/keeper.ts';
import type { Find } from './learn.ts';
import type { FuzzOptions, FuzzReport, FuzzStatus, PursuitResult } from './options.ts';
import { comparable, disagreement, pursuitsOf } from './pursuits.ts';
import { Seek } from './seek.ts';
import type { Specimen } from './specimen.ts';
import { wholeStream } from './streams.ts';

/** How often `status` events come, in milliseconds. */
const statusMs = 250;
const defaultPoolBytes = 64 * 2 ** 20;
const defaultTimeoutMs = 10_000;

/** How threads of one campaign help each other. */
export interface Exchange {
  /** A find for the others. */
  readonly send: (find: Find) => void;
  /** Set by the campaign: takes in what another found. */
  receive?: (specimen: Specimen) => void;
}

/**
 * Runs a campaign. Never throws for what a kernel or a target does; throws `PlumblineError` for a declaration that is not valid. Its course depends on how long things take,
 * so that two runs of one seed differ; what it finds is written by value and does not.
 */
export async function fuzz(options: FuzzOptions, exchange?: Exchange): Promise<FuzzReport> {
  const started = performance.now();
  const { onEvent = () => undefined, seed, stream = wholeStream, guided = true } = options;
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (warnings.includes(message)) return;
    warnings.push(message);
    onEvent({ type: 'warning', message });
  };
  const targets: TargetReport[] = [];
  const opened: Target[] = [];
  for (const target of options.targets) {
    const { report, available } = await open(target);
    targets.push(report);
    onEvent({ type: 'target-opened', target: report });
    if (available) opened.push(target);
  }
  const stopped = (): boolean => options.signal?.aborted === true;
  const { arms, seeks, results } = setUp(opened, options);
  const keeper = options.corpusDir === undefined ? undefined : new CorpusKeeper(options.corpusDir, warn);
  let lastFind: string | undefined;
  let counterexamples = 0;
  const campaign = new Campaign({
    arms, seeks, stream, guided, poolBytes: options.poolBytes ?? defaultPoolBytes, runSeed: seed, stopped,
    failuresDir: options.failuresDir ?? '.plumbline/failures', replayCommand: options.replayCommand ?? 'plumbline', replayArguments: options.replayArguments ?? '',
    callTimeoutMs: options.callTimeoutMs ?? defaultTimeoutMs,
    onFind(find) {
      lastFind = `${find.what}, ${find.property} on ${find.target}`;
      keeper?.keep(find, seed);
      exchange?.send(find);
    },
    onFailure(arm) {
      counterexamples++;
      lastFind = `counterexample of ${arm.property.id} on ${arm.target}`;
      keeper?.keepCounterexample(arm.result!.counterexample!.file);
      onEvent({ type: 'counterexample', result: arm.result! });
    },
  });
  if (exchange !== undefined) exchange.receive = (specimen) => campaign.receive(specimen);
  const stored = [...(options.stored ?? []), ...(keeper?.counterexamples() ?? [])];
  for (const [index, arm] of arms.entries()) {
    // what every campaign begins with is shared out among its streams
    if (index % stream.count === stream.index) arm.stored.push(...storedFor(stored, arm.property, arm.kernel, arm.target));
    else arm.first.length = 0;
  }
  for (const specimen of keeper?.specimens() ?? []) campaign.receive(specimen);

  onEvent({ type: 'campaign-started', seed, claims: arms.length });
  const { maxTimeMs = Infinity, maxProblems = Infinity, failFast = false } = options;
  let told = 0;
  const status = (): FuzzStatus => ({
    problems: campaign.problems, coverage: campaign.coverage.met, pool: campaign.pool.size, elapsedMs: performance.now() - started,
    margins: Object.fromEntries(arms.filter(({ worst }) => worst !== undefined).map(({ property, margin }) => [property.id, margin])), lastFind, counterexamples,
  });
  try {
    const over = (): boolean => stopped() || campaign.problems >= maxProblems || performance.now() - started >= maxTimeMs || (failFast && counterexamples > 0);
    while (!over()) {
      if (!(await campaign.step())) break;
      if (performance.now() - told > statusMs) {
        told = performance.now();
        onEvent({ type: 'status', status: status() });
      }
      await breathe();
    }
  } finally {
    for (const target of opened) await target.close();
  }
  keeper?.flush();
  results.push(...arms.map(resultOf));
  const interrupted = stopped();
  const durationMs = performance.now() - started;
  return {
    schemaVersion: 1, plumbline: version, seed, effort: 'thorough', environment: options.environment ?? {}, targets, results, totals: totalsOf(results), interrupted,
    exitCode: exitCodeOf({ results, targets, required: options.required, interrupted }), durationMs,
    fuzz: {
      guided, threads: 1, stream, problems: campaign.problems, problemsPerSecond: (1000 * campaign.problems) / durationMs, coverage: campaign.coverage.met, pool: campaign.pool.size,
      pursuits: seeks.flatMap(pursued), counterexamples, warnings,
    },
  };
}

async function open(target: Target): Promise<{ report: TargetReport; available: boolean }> {
  const availability = await target.open();
  const available = availability.status === 'available';
  const { name, description } = target;
  const why = available ? { reason: undefined, remedy: undefined, about: availability.about, ...(availability.notes?.length ? { notes: availability.notes.map(({ text }) => text) } : {}) } : { reason: availability.reason, remedy: availability.remedy };
  return { available, report: { name, description, status: availability.status, ...why } };
}

/** Claims that are about the kernels, the objectives, and the results of claims that are not. */
function setUp(targets: readonly Target[], { properties, seed, callTimeoutMs = defaultTimeoutMs, pursue = true }: FuzzOptions): { arms: Arm[]; seeks: Seek[]; results: PropertyResult[] } {
  const arms: Arm[] = [];
  const seeks: Seek[] = [];
  const results: PropertyResult[] = [];
  const before: { target: string; caller: KernelCaller; kernel: Arm['kernel'] }[] = [];
  for (const { name: target, kernels } of targets.map((one) => ({ name: one.name, kernels: one.kernels() }))) {
    for (const [id, declaration] of Object.entries(kernels)) {
      const mine = properties.filter(({ operation }) => operation === id);
      if (mine.length === 0) continue;
      const kernel = resolveKernel(operations[id as OperationId], declaration, `${target}.kernels.${id}`);
      for (const property of mine) {
        const reason = notApplicable(property, kernel);
        if (reason === undefined) arms.push(new Arm({ target, property, kernel, declaration }, seed, callTimeoutMs));
        else results.push({ ...emptyResult(target, property, seed), status: 'unsupported', reason });
      }
      if (!pursue) continue;
      const caller = new KernelCaller(kernel, declaration.run, callTimeoutMs, declaration.remote);
      for (const pursuit of pursuitsOf(kernel, caller)) seeks.push(new Seek(target, kernel, pursuit));
      for (const other of before) if (comparable(other.kernel, kernel)) seeks.push(new Seek(other.target, other.kernel, disagreement(other.kernel, other.caller, kernel, caller, target)));
      before.push({ target, caller, kernel });
    }
  }
  return { arms, seeks, results };
}

function emptyResult(target: string, property: Arm['property'], seed: number): Omit<PropertyResult, 'status' | 'reason'> {
  return {
    target, operation: property.operation, property: property.id, claim: property.claim, class: property.class, seed,
    cases: 0, problems: 0, margin: 0, worst: undefined, durationMs: 0, counterexample: undefined,
  };
}

function resultOf(arm: Arm): PropertyResult {
  const { cases, problems, margin, worst, spent } = arm;
  const measured = { ...emptyResult(arm.target, arm.property, arm.seed), cases, problems, margin, worst, durationMs: spent };
  if (arm.result !== undefined) return { ...arm.result, cases, problems, durationMs: spent, margin: arm.result.margin >= margin || !(margin > arm.result.margin) ? arm.result.margin : margin };
  if (arm.ended !== undefined) return { ...measured, ...arm.ended };
  if (cases === 0) return { ...measured, status: 'skipped', reason: 'the campaign was over before its first case' };
  if (problems === 0) return { ...measured, status: 'unsupported', reason: 'none of the inputs lies where this arithmetic and dialect let the claim be made' };
  return { ...measured, status: 'passed', reason: undefined };
}

function pursued(seek: Seek): PursuitResult[] {
  return [...seek.best].map(([objective, { score }]) => ({ target: seek.target, objective, best: score, problems: seek.problems }));
}
