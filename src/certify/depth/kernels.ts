/** Which kernel answers for which design: plain f32 TypeScript in the design's own dialect, or what a target declares. */
import { isDeepStrictEqual } from 'node:util';

import { designs as allDesigns, type Design } from '../../compare/designs.ts';
import { PlumblineError } from '../../errors.ts';
import { referenceKernels } from '../../kernels/reference/index.ts';
import { operations } from '../../operations/index.ts';
import type { SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import type { KernelDeclaration } from '../../targets/kernel.ts';
import { resolveKernel, type ResolvedKernel } from '../../targets/resolve.ts';

export interface DesignKernel {
  readonly design: Design;
  readonly kernel: ResolvedKernel;
  readonly declaration: KernelDeclaration;
}

/** The reference kernel of a design, in the design's dialect. */
export function referenceKernel(design: Design): DesignKernel {
  const { operation, dialect } = design;
  const declaration = referenceKernels(operation === 'sinkhorn' ? { sinkhorn: dialect as SinkhornDialect } : { relatives: { [operation]: dialect } })[operation];
  return { design, declaration, kernel: resolveKernel(operations[operation], declaration, `reference.kernels.${operation}`) };
}

/**
 * The designs that the kernels of a target compute: each operation once, in the dialect that its kernel declares, named like the design of that dialect, or like its operation where there is
 * none. With `wanted` those names, in that order. Throws `bad-usage` for a design that the target does not serve, and what `resolveKernel` throws.
 */
export function targetKernels(target: string, kernels: Readonly<Record<string, KernelDeclaration>>, wanted: readonly string[] | undefined): DesignKernel[] {
  const known = [...new Set(allDesigns.map(({ operation }) => operation))];
  const served = known.flatMap((operation): DesignKernel[] => {
    const declaration = kernels[operation];
    if (declaration === undefined) return [];
    const kernel = resolveKernel(operations[operation], declaration, `${target}.kernels.${operation}`);
    return [{ design: declaredDesign(kernel, target), kernel, declaration }];
  });
  const names = served.map(({ design }) => design.name);
  if (names.length === 0) throw new PlumblineError('bad-usage', `${target} has no kernel of a residual mapping.`, `Over depth these are measured: ${known.join(', ')}. Outputs of whole layers: plumbline certify outputs.safetensors.`);
  return wanted === undefined ? served : [...new Set(wanted)].map((name) => {
    const found = served.find(({ design }) => design.name === name);
    if (found === undefined) throw new PlumblineError('bad-usage', `${target} does not serve the design '${name}'.`, `Its kernels and the dialects that they declare make: ${names.join(', ')}.`);
    return found;
  });
}

function declaredDesign({ operation, dialect, streams }: ResolvedKernel, target: string): Design {
  const candidates = allDesigns.filter((design) => design.operation === operation.id);
  const same = candidates.find((design) => isDeepStrictEqual(design.dialect, dialect));
  if (same !== undefined) return { ...same, streamCounts: limited(same, streams) };
  const [first] = candidates;
  const transposed = operation.id === 'sinkhorn' ? (dialect as SinkhornDialect).orientation === 'transposed' : first!.transposed;
  return { ...first!, name: operation.id, title: `${operation.id}, in the dialect that ${target} declares`, dialect, transposed, streamCounts: limited(first!, streams) };
}

function limited({ streamCounts }: Design, streams: readonly number[]): readonly number[] {
  return streams.filter((n) => streamCounts === undefined || streamCounts.includes(n));
}
