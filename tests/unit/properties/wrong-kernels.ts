/** Right kernels made wrong in one way that fits every operation: what the tests of the stream, depth and robustness claims need. */
import { referenceKernels, type ReferenceDeclaration, type ReferenceRun } from '../../../src/kernels/reference/index.ts';
import { operations } from '../../../src/operations/index.ts';
import { elementsPerToken, type OperationId, type Sizes } from '../../../src/operations/operation.ts';
import { sinkhornPresets } from '../../../src/operations/sinkhorn/dialect.ts';
import { bf16round } from '../../../src/tensor/codecs.ts';
import { tensor, valuesOf, type Tensor } from '../../../src/tensor/tensor.ts';

export type Outputs = Readonly<Record<string, Tensor>>;
export type Change = (values: Float64Array, port: string, sizes: Sizes) => void;

export const right = referenceKernels();
const tilekernels = sinkhornPresets['tilekernels']!;

/** Right kernels that every claim must leave alone. */
export const rightKernels: Readonly<Record<string, Record<OperationId, ReferenceDeclaration>>> = {
  tilekernels: right,
  paper: referenceKernels({ sinkhorn: sinkhornPresets['paper']! }),
  'megatron-main': referenceKernels({ sinkhorn: sinkhornPresets['megatron-main']! }),
  'log-domain': referenceKernels({ sinkhorn: sinkhornPresets['log-domain']! }),
  f64: referenceKernels({ round: (x) => x, storage: 'f64' }),
  'bf16 storage': referenceKernels({ storage: 'bf16' }),
  'f16 storage': referenceKernels({ storage: 'f16' }),
};

/** The wrong kernels of `PowerMutation`. */
export function mutated(operation: OperationId, mutation: string): ReferenceDeclaration {
  const computing = (kernels: Record<OperationId, ReferenceDeclaration>): ReferenceDeclaration => ({ ...right[operation], run: kernels[operation].run });
  if (mutation === 'lower-precision') return computing(referenceKernels({ round: bf16round }));
  if (mutation === 'larger-epsilon') return computing(referenceKernels({ sinkhorn: { ...tilekernels, epsilon: 10 * tilekernels.epsilon } }));
  if (mutation === 'fewer-iterations') return computing(referenceKernels({ sinkhorn: { ...tilekernels, iterations: tilekernels.iterations - 1 } }));
  if (operation !== 'sinkhorn') return computing(referenceKernels({ sinkhorn: { ...tilekernels, orientation: 'plain' } }));
  return spoiled(operation, (values, _port, { tokens, streams: n }) => {
    const before = values.slice();
    for (let k = 0; k < tokens * n * n; k++) values[k] = before[k - (k % (n * n)) + (k % n) * n + Math.floor((k % (n * n)) / n)]!;
  });
}

/** The right kernel with its outputs changed. */
export function spoiled(operation: OperationId, change: Change): ReferenceDeclaration {
  return { ...right[operation], run: (inputs, sizes) => changed(right[operation].run(inputs, sizes), sizes, change) };
}

/** The right kernel wrapped; `run` is the right one. */
export function wrapped(operation: OperationId, wrap: (run: ReferenceRun) => ReferenceRun): ReferenceDeclaration {
  return { ...right[operation], run: wrap(right[operation].run) };
}

function changed(outputs: Outputs, sizes: Sizes, change: Change): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([port, output]) => {
      const values = valuesOf(output);
      change(values, port, sizes);
      return [port, tensor(values, output.shape, output.dtype)];
    }),
  );
}

/** Elements of one token of an output. */
export function perToken(operation: OperationId, port: string, sizes: Sizes): number {
  return elementsPerToken(operations[operation].outputs.find(({ name }) => name === port)!, sizes);
}
