/** What a kernel may do wrong before its numbers can be judged. An outcome is a result, never an exception of plumbline's. */
export const outcomeNames = ['ok', 'wrong-values', 'wrong-shape', 'wrong-dtype', 'non-finite', 'failed', 'crashed', 'timed-out', 'unsupported'] as const;
export type OutcomeName = (typeof outcomeNames)[number];

/** Thrown by `CheckContext.run` to leave a check early; the engine turns it into the outcome that it names. */
export class OutcomeError extends Error {
  readonly outcome: OutcomeName;

  constructor(outcome: OutcomeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutcomeError';
    this.outcome = outcome;
  }
}
