/** The calls of an identification: problems are counted before they are asked, and nothing a kernel does escapes as an exception. */
import { setImmediate } from 'node:timers/promises';

import type { Operation, Sizes, Values } from '../operations/operation.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { resolveKernel, type ResolvedKernel } from '../targets/resolve.ts';
import { decodeOutputs, KernelCaller } from '../verify/call.ts';
import { OutcomeError } from '../targets/outcome.ts';

/** A problem is one n×n matrix, or one token: all calls of an identification together ask at most this many. */
export const mostProblems = 64;

/** Thrown to leave an identification whose run is being stopped; `identify` turns it into no result. */
export class Stopped extends Error {}

/** What a kernel answered, or why it did not. */
export type Answer = { readonly values: Values } | { readonly failure: string };

/** One black box: calls it, counts problems, and lets a stop be heard between pieces of work. */
export class Session {
  readonly kernel: ResolvedKernel;
  problems = 0;
  private readonly caller: KernelCaller;
  private readonly stopped: () => boolean;

  /** Takes arithmetic, dtypes and stream counts from the declaration, and neither its dialect nor its promises. Throws as `resolveKernel`. */
  constructor(operation: Operation, declaration: KernelDeclaration, callTimeoutMs: number, stopped: () => boolean) {
    const { dialect: _unread, ...neutral } = declaration;
    this.kernel = resolveKernel(operation, neutral, operation.id);
    this.caller = new KernelCaller(this.kernel, declaration.run, callTimeoutMs);
    this.stopped = stopped;
  }

  get calls(): number {
    return this.caller.calls;
  }

  /** One kernel call on `sizes.tokens` problems. Throws `Stopped`, and for a caller that exceeds the budget. */
  async ask(inputs: Values, sizes: Sizes): Promise<Answer> {
    await this.pause();
    if (this.problems + sizes.tokens > mostProblems) throw new RangeError(`an identification asks at most ${mostProblems} problems`);
    this.problems += sizes.tokens;
    try {
      return { values: decodeOutputs(await this.caller.call(inputs, sizes)) };
    } catch (error) {
      if (!(error instanceof OutcomeError)) throw error;
      return { failure: `${error.outcome}: ${error.message}` };
    }
  }

  /** Lets Ctrl-C and timers through. Throws `Stopped` when the run is to end. */
  async pause(): Promise<void> {
    await setImmediate();
    if (this.stopped()) throw new Stopped();
  }
}
