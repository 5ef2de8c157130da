/** What a kernel may do wrong before its numbers can be judged. An outcome is a result, never an exception of plumbline's. */
export const outcomeNames = [
  'ok', 'wrong-values', 'wrong-shape', 'wrong-dtype', 'non-finite', 'failed', 'crashed', 'timed-out', 'unsupported',
  // of worker processes: memory ran out; an answer that the protocol does not know
  'out-of-memory', 'broken-protocol',
] as const;
export type OutcomeName = (typeof outcomeNames)[number];

/** Outcomes that cost a kernel's process, or the wait for its time limit: not to be sought a hundred times over. */
export const costlyOutcomes: readonly OutcomeName[] = ['crashed', 'timed-out', 'out-of-memory', 'broken-protocol'];

/** Thrown by `CheckContext.run`, or by a kernel's target, to leave a check early; the engine turns it into the outcome that it names. */
export class OutcomeError extends Error {
  readonly outcome: OutcomeName;

  constructor(outcome: OutcomeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutcomeError';
    this.outcome = outcome;
  }
}

/** A target that cannot be used (any more), with what to do about it. No outcome of a kernel: nobody asked it anything. */
export class TargetUnusable extends Error {
  readonly remedy: string;

  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'TargetUnusable';
    this.remedy = remedy;
  }
}
