/**
 * Whether a workload fits the run: its memory is counted, the time of a call is measured from few tokens to all, so that what is too slow is known before it was waited for. The
 * last of these calls is the workload itself, whose answer is checked.
 */
import { OutcomeError } from '../targets/outcome.ts';
import { KernelCaller } from '../verify/call.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import type { Worst } from '../verify/judge.ts';
import { spotCheck } from './spot-check.ts';
import { bytesHeld } from './traffic.ts';
import { inputsOf, type Workload } from './workload.ts';

export interface Budget {
  readonly memoryBytes: number;
  readonly callMs: number;
}

/** Token counts that are tried before all. */
const steps = [8, 64];

/**
 * Calls the kernel as verification does, with checks of shapes and inputs, on a few of the workload's tokens and then on all. Returns why it is over the budget, or undefined.
 * Throws `OutcomeError` and `TargetUnusable`.
 */
export async function overBudget(workload: Workload, kernel: ResolvedKernel, declaration: KernelDeclaration, budget: Budget, seed: number, timeoutMs: number): Promise<string | undefined> {
  const held = bytesHeld(kernel, workload.sizes);
  if (held > budget.memoryBytes) return `its tensors take ${mebibytes(held)} here, and ${mebibytes(budget.memoryBytes)} are allowed`;
  const caller = new KernelCaller(kernel, declaration.run, timeoutMs, declaration.remote);
  const { tokens } = workload.sizes;
  const taken: (readonly [tokens: number, ms: number])[] = [];
  for (const step of [...steps.filter((count) => count < tokens), tokens]) {
    const sizes = { ...workload.sizes, tokens: step };
    const inputs = inputsOf({ ...workload, sizes }, seed);
    await caller.call(inputs, sizes); // compiles
    const started = performance.now();
    await caller.call(inputs, sizes);
    taken.push([step, performance.now() - started]);
    if (step === tokens) refuseWrong(spotCheck(workload, kernel, caller.lastOutputs, seed));
    const expected = extrapolated(taken, tokens);
    if (expected > budget.callMs * (step === tokens ? 1 : 4)) return `a call takes ${step === tokens ? '' : 'about '}${Math.round(expected)} ms, and ${budget.callMs} ms are allowed`;
  }
  return undefined;
}

function refuseWrong(worst: Worst | undefined): void {
  if (worst !== undefined) throw new OutcomeError('wrong-values', `${worst.what}, is ${worst.margin.toPrecision(2)} times as far off as its bound allows.`);
}

/** Along the line through the last two points; one point says nothing of the slope. */
function extrapolated(taken: readonly (readonly [number, number])[], tokens: number): number {
  const [last, before] = [taken.at(-1)!, taken.at(-2)];
  if (last[0] === tokens || before === undefined) return last[1];
  return last[1] + Math.max(0, (last[1] - before[1]) / (last[0] - before[0])) * (tokens - last[0]);
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
