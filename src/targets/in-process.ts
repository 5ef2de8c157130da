/** Kernels that are plain functions of this process, and what their author wants loaded before they run and released after. */
import { PlumblineError } from '../errors.ts';
import type { Availability, Target, TargetDeclaration } from './kernel.ts';

/** A target of kernels given as functions; available unless its `open` says otherwise. */
export function inProcess(name: string, declaration: TargetDeclaration): Target {
  return {
    name,
    description: declaration.description ?? 'kernels in this process',
    open: () => opened(name, declaration),
    kernels: () => declaration.kernels,
    async close() {
      try {
        await declaration.close?.();
      } catch (error) {
        // what was measured stands
        process.emitWarning(`close of the target '${name}' failed: ${messageOf(error)}`);
      }
    },
  };
}

/** What `open` says. Throws `bad-config` when that is no availability. */
async function opened(name: string, { open }: TargetDeclaration): Promise<Availability> {
  let said: Availability | void;
  try {
    said = (await open?.()) ?? { status: 'available' };
  } catch (error) {
    return { status: 'unavailable', reason: messageOf(error), remedy: `This is what open of the target '${name}' threw; it may return a remedy: { status: 'unavailable', reason, remedy }.` };
  }
  if (said.status === 'available' || (said.status === 'unavailable' && typeof said.reason === 'string' && typeof said.remedy === 'string')) return said;
  throw new PlumblineError('bad-config', `open of the target '${name}' returned what is no availability.`, "Return nothing, or { status: 'unavailable', reason, remedy }.");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
