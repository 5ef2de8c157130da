/** A recording as a target that knows one answer: the one in a counterexample file. For replaying without a kernel. */
import { firstBitDifference, type Tensor } from '../../tensor/tensor.ts';
import { inProcess } from '../in-process.ts';
import type { KernelDeclaration, Target } from '../kernel.ts';
import { OutcomeError } from '../outcome.ts';
import type { Recording } from './dump.ts';

interface Answered {
  readonly operation: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Its kernels are declared as in the recording; that of the file's operation gives the file's outputs for the file's inputs, and nothing for others. */
export function answering(recording: Recording, file: Answered): Target {
  const kernels = Object.entries(recording.kernels).map(([operation, declaration]): [string, KernelDeclaration] => [operation, {
    ...declaration,
    run: (inputs) => {
      const same = operation === file.operation && Object.entries(inputs).every(([name, { data }]) => file.inputs[name] !== undefined && firstBitDifference(data, file.inputs[name].data) < 0);
      if (!same) throw new OutcomeError('unsupported', 'No kernel is run, and the file has no answer to these inputs.');
      return file.outputs;
    },
  }]);
  return inProcess(recording.name, { kernels: Object.fromEntries(kernels), description: recording.description });
}
