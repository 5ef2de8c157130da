/** Kernels that are plain functions of this process: nothing to load, always available. */
import type { Target, TargetDeclaration } from './kernel.ts';

/** A target of kernels given as functions. */
export function inProcess(name: string, declaration: TargetDeclaration): Target {
  return {
    name,
    description: declaration.description ?? 'kernels in this process',
    open: () => Promise.resolve({ status: 'available' }),
    kernels: () => declaration.kernels,
    close: () => Promise.resolve(),
  };
}
