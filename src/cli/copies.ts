/** Copies of kernels: the same files loaded again and again. */
import { loadCopy } from '../config/load.ts';
import { isWorker } from '../config/schema.ts';
import { Random } from '../generate/random.ts';
import type { Copies } from '../perf/options.ts';
import { inProcess } from '../targets/in-process.ts';
import type { Target, TargetDeclaration } from '../targets/kernel.ts';
import type { WorkerDeclaration } from '../targets/worker/target.ts';

/** Files, and the target in them that is meant. */
export interface Source {
  readonly paths: readonly string[];
  readonly target: string;
}

/** So many copies of each, loaded in an order drawn by lot. Targets that must be opened, and workers, have no copies: what they hold may be there once. */
export async function loadCopies(baseline: Source, candidate: Source, count: number, seed: number): Promise<Copies | undefined> {
  const copies: { side: 'baseline' | 'candidate'; target: Target }[] = [];
  for (const arm of new Random(seed).permutation(2 * count).map((k) => k % 2)) {
    const side = arm === 0 ? 'baseline' : 'candidate';
    const { paths, target } = arm === 0 ? baseline : candidate;
    const declaration = await declarationOf(paths, target);
    if (declaration === undefined || isWorker(declaration) || declaration.open !== undefined) return undefined;
    copies.push({ side, target: inProcess(target, declaration) });
  }
  return copies;
}

async function declarationOf(paths: readonly string[], target: string): Promise<TargetDeclaration | WorkerDeclaration | undefined> {
  for (const path of paths) {
    const found = (await loadCopy(path))?.targets?.[target];
    if (found !== undefined) return found;
  }
  return undefined;
}
