/**
 * Does a property have power? On its own inputs it must reject the kernels that its claim is about telling apart: one iteration less,
 * ε ten times larger, the transposed mapping, one precision lower. The wrong kernels are the plain reference kernels with that one thing changed
 * and the right declaration kept.
 */
import { firstRecipes } from '../generate/arbitrary.ts';
import { referenceKernels, type ReferenceRun } from '../kernels/reference/index.ts';
import { operations } from '../operations/index.ts';
import type { Operation } from '../operations/operation.ts';
import { sinkhornPresets, type SinkhornDialect } from '../operations/sinkhorn/dialect.ts';
import { resolveKernel } from '../targets/resolve.ts';
import { bf16round } from '../tensor/codecs.ts';
import { tensor, valuesOf } from '../tensor/tensor.ts';
import { KernelCaller } from './call.ts';
import { examine } from './examine.ts';
import type { PowerMutation, Property } from './property.ts';

export interface PowerResult {
  readonly property: string;
  readonly mutation: PowerMutation;
  readonly rejected: boolean;
  /** Largest margin reached. */
  readonly margin: number;
}

/** Runs a property on the wrong kernels that it names. `seed` chooses its inputs, as in a run. */
export async function powerOf(property: Property, seed: number, dialect: SinkhornDialect = sinkhornPresets['tilekernels']!): Promise<PowerResult[]> {
  const results: PowerResult[] = [];
  for (const mutation of property.power) results.push({ property: property.id, mutation, ...(await against(property, mutation, seed, dialect)) });
  return results;
}

async function against(property: Property, mutation: PowerMutation, seed: number, dialect: SinkhornDialect): Promise<{ rejected: boolean; margin: number }> {
  const operation = operations[property.operation];
  const right = referenceKernels({ sinkhorn: dialect })[property.operation];
  const kernel = resolveKernel(operation, right, `power.${mutation}`);
  const caller = new KernelCaller(kernel, wrongRun(operation, mutation, dialect), 10_000);
  let margin = 0;
  for (const recipe of firstRecipes(operation, property.inputs, seed, { streams: kernel.streams })) {
    const examination = await examine(property, kernel, recipe, caller);
    margin = Math.max(margin, examination.judgement?.worst?.margin ?? 0);
    if (!examination.held) return { rejected: true, margin };
  }
  return { rejected: false, margin };
}

function wrongRun(operation: Operation, mutation: PowerMutation, dialect: SinkhornDialect): ReferenceRun {
  const flipped = dialect.orientation === 'plain' ? 'transposed' : 'plain';
  switch (mutation) {
    case 'fewer-iterations':
      return referenceKernels({ sinkhorn: { ...dialect, iterations: dialect.iterations - 1 } })[operation.id].run;
    case 'larger-epsilon':
      return referenceKernels({ sinkhorn: { ...dialect, epsilon: dialect.epsilon * 10 } })[operation.id].run;
    case 'lower-precision':
      return referenceKernels({ sinkhorn: dialect, round: bf16round })[operation.id].run;
    case 'transposed': {
      const mixing = !operation.id.startsWith('sinkhorn');
      const { run } = referenceKernels({ sinkhorn: mixing ? { ...dialect, orientation: flipped } : dialect })[operation.id];
      return mixing ? run : transposedOutputs(run);
    }
  }
}

/** The same kernel with each n×n output transposed. */
function transposedOutputs(run: ReferenceRun): ReferenceRun {
  return (inputs, sizes) => {
    const n = sizes.streams;
    const outputs = Object.entries(run(inputs, sizes)).map(([name, output]) => {
      const values = valuesOf(output);
      const transposed = values.map((_, index) => values[index - (index % (n * n)) + (index % n) * n + Math.floor((index % (n * n)) / n)]!);
      return [name, tensor(transposed, output.shape, output.dtype)] as const;
    });
    return Object.fromEntries(outputs);
  };
}
