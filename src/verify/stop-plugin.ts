import fc from 'fast-check';

/**
 * A fast-check plugin that interrupts between cases once `stopped` says so. fast-check's own `interruptAfterTimeLimit` lets the running
 * case go on in the background, where it would still call the kernel; here a case that began ends before anything else happens.
 */
export function stopBetweenCases<Ts>(stopped: () => boolean): fc.Plugin<Ts> {
  return () => ({
    decorateRun: (nestedRun) => (value) => (stopped() ? Promise.resolve(new fc.PreconditionFailure(true)) : nestedRun(value)),
  });
}
