/** After a target's properties have run: asks what its failing kernels compute, and writes the answer beside the failures. */
import type { KernelDeclaration } from '../targets/kernel.ts';
import type { Explain, VerifyOptions } from './options.ts';
import type { Explanation, PropertyResult } from './results.ts';

/** A kernel that threw or hung says nothing about what it computes; a wrong number does. */
const explicable = ['wrong-values', 'non-finite'];

export interface Explained {
  readonly results: readonly PropertyResult[];
  readonly explanations: readonly Explanation[];
}

/**
 * The results of one target, the failures with their explanation. It changes no status, and costs one identification for each operation that failed;
 * whatever goes wrong in it leaves the results as they are.
 */
export async function explained(
  results: readonly PropertyResult[],
  target: string,
  kernels: Readonly<Record<string, KernelDeclaration>>,
  options: Pick<VerifyOptions, 'explain' | 'callTimeoutMs'>,
  stopped: () => boolean,
): Promise<Explained> {
  const { explain, callTimeoutMs = 10_000 } = options;
  if (explain === undefined) return { results, explanations: [] };
  const failing = new Set(results.filter(isExplicable).map(({ operation }) => operation));
  const explanations: Explanation[] = [];
  for (const operation of failing) {
    const declaration = kernels[operation];
    if (declaration === undefined || stopped()) continue;
    const found = await quietly(() => explain(target, operation, declaration, { callTimeoutMs, stopped }));
    if (found !== undefined) explanations.push(found);
  }
  const sentences = new Map(explanations.map(({ operation, sentence }) => [operation, sentence]));
  return { results: results.map((result) => (isExplicable(result) ? { ...result, explanation: sentences.get(result.operation) } : result)), explanations };
}

function isExplicable({ status, counterexample }: PropertyResult): boolean {
  return status === 'failed' && counterexample !== undefined && explicable.includes(counterexample.outcome);
}

/** The failure stands without its explanation. */
async function quietly(explain: () => ReturnType<Explain>): Promise<Explanation | undefined> {
  try {
    return await explain();
  } catch {
    return undefined;
  }
}
