/**
 * Answers for a kernel that is not there, from what it was recorded to have answered: once in a check, to exactly the recorded inputs. Anything else would need the kernel:
 * a second call, even on the same inputs, says something about the kernel (that it is deterministic, say) that one recorded call cannot show.
 */
import { shapeOf, type Sizes, type Values } from '../../operations/operation.ts';
import { firstBitDifference, type Tensor } from '../../tensor/tensor.ts';
import { encodeInputs, type Caller } from '../call.ts';
import type { ResolvedKernel } from '../property.ts';

/** Thrown to leave a check that asks for more than was recorded. It is no outcome of the kernel. */
export class NeedsKernel extends Error {}

export class RecordedCaller implements Caller {
  calls = 0;
  lastOutputs: Readonly<Record<string, Tensor>> = {};
  private answered = false;
  private readonly kernel: ResolvedKernel;
  private readonly recorded: Readonly<Record<string, Tensor>>;
  private readonly sizes: Sizes;

  /** `recorded` has the tensors of all ports, of the shapes that the sizes give. */
  constructor(kernel: ResolvedKernel, recorded: Readonly<Record<string, Tensor>>, sizes: Sizes) {
    this.kernel = kernel;
    this.recorded = recorded;
    this.sizes = sizes;
  }

  begin(): void {
    this.answered = false;
    this.lastOutputs = {};
  }

  call(inputs: Values, sizes: Sizes): Promise<Readonly<Record<string, Tensor>>> {
    if (this.answered) throw new NeedsKernel('the claim takes more than one call of the kernel, one was recorded');
    const { operation } = this.kernel;
    const other = operation.inputs.some((port) => shapeOf(port, sizes).some((size, k) => size !== shapeOf(port, this.sizes)[k]));
    const given = other ? undefined : encodeInputs(this.kernel, inputs, sizes);
    if (given === undefined || operation.inputs.some(({ name }) => firstBitDifference(given[name]!.data, this.recorded[name]!.data) >= 0)) {
      throw new NeedsKernel('the claim is about other inputs than those that were recorded');
    }
    this.answered = true;
    this.calls++;
    this.lastOutputs = Object.fromEntries(operation.outputs.map(({ name }) => [name, this.recorded[name]!]));
    return Promise.resolve(this.lastOutputs);
  }
}
