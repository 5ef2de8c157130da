/**
 * Before the cases of a thorough run: where a kernel's device can draw, run and look through problems by itself, it looks through millions, and the most suspect of them are one more case, judged in f64 by the claim's own bound
 * as every other. What was looked through is no proof: the device ranks in f32 (kernels/webgpu/screening/suspicion.ts). It is a search, wider than any on the host by four orders.
 */
import { hashText } from '../generate/random.ts';
import type { Screened } from '../kernels/screening.ts';
import type { KernelDeclaration } from '../targets/kernel.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import type { Property, ResolvedKernel } from './property.ts';
import type { Effort, RunEvent } from './results.ts';
import type { StoredCase } from './stored.ts';

/** Problems of a claim, the time that they may take, and how many are judged. */
const [mostProblems, maxTimeMs, mostSuspects] = [2 ** 28, 5000, 64] as const;

interface Screening {
  readonly property: Property;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
  readonly effort: Effort;
  readonly target: string;
  readonly stopped: () => boolean;
  readonly onEvent: (event: RunEvent) => void;
}

/** Undefined where nothing is screened: another effort, claim or kernel. Each shard of a run has its own problems. Throws `TargetUnusable` where the device cannot. */
export async function screen({ property, kernel, declaration, effort, target, stopped, onEvent }: Screening, seed: number, shard: number): Promise<{ problems: number; suspects: StoredCase | undefined } | undefined> {
  const { screening } = declaration;
  const seeks = property.screenedFor;
  if (effort !== 'thorough' || seeks === undefined || screening?.seeks.includes(seeks) !== true || stopped()) return undefined;
  const { streams } = screening;
  if (!kernel.streams.includes(streams) || property.inputs.streamCounts?.includes(streams) === false) return undefined;
  const own = hashText(`${seed}:screening:${shard}`) >>> 0;
  const onProgress = (problems: number): void => onEvent({ type: 'screening', target, property: property.id, problems });
  let found: Screened;
  try {
    found = await screening.run({ seeks, seed: own, problems: mostProblems, maxTimeMs, suspects: mostSuspects, stopped, onProgress });
  } catch (error) {
    // no room for so many at once, say: a claim that was to be screened is not one that held
    if (error instanceof OutcomeError) throw new TargetUnusable(`Screening problems on the device: ${error.message}`, 'Ask for less: --effort standard does not screen.', { cause: error });
    throw error;
  }
  const { problems, suspects } = found;
  if (suspects.length === 0) return { problems, suspects: undefined };
  const inputs = Object.fromEntries(Object.keys(suspects[0]!.inputs).map((port) => [port, Float64Array.from(suspects.flatMap((one) => Array.from(one.inputs[port]!)))]));
  const recipe = { operation: property.operation, sizes: { tokens: suspects.length, streams, channels: 1, depth: 1 }, seed: own, families: {}, scale: 1 };
  return { problems, suspects: { recipe, inputs } };
}
