/** One kernel call: encode, call with a time limit, check what came back. Everything a kernel can do wrong here is an OutcomeError. */
import { shapeOf, type Port, type Sizes, type Values } from '../operations/operation.ts';
import type { KernelOutput, KernelRun, RemoteKernel } from '../targets/kernel.ts';
import type { ResolvedKernel } from '../targets/resolve.ts';
import { bytesPerElement, dtypes, type Dtype } from '../tensor/dtype.ts';
import { elementCount, tensor, valuesOf, type Tensor } from '../tensor/tensor.ts';
import { OutcomeError, TargetUnusable } from '../targets/outcome.ts';
import { InputCopies } from './input-copies.ts';
import type { Turn } from './turns.ts';

/** What the engine needs of whoever answers for a kernel. */
export interface Caller {
  /** Calls made so far. */
  readonly calls: number;
  /** Outputs of the last call that returned tensors, for the counterexample file. */
  readonly lastOutputs: Readonly<Record<string, Tensor>>;
  /** Says that a check begins, which knows nothing of what was called before. */
  begin(): void;
  /** Calls the kernel. Throws `OutcomeError`. */
  call(inputs: Values, sizes: Sizes): Promise<Readonly<Record<string, Tensor>>>;
}

/** Inputs as tensors of the kernel's dtypes. */
export function encodeInputs({ operation, dtypes: portDtypes }: ResolvedKernel, inputs: Values, sizes: Sizes): Record<string, Tensor> {
  const given: Record<string, Tensor> = {};
  for (const port of operation.inputs) given[port.name] = tensor(inputs[port.name]!, shapeOf(port, sizes), portDtypes[port.name]);
  return given;
}

/** Calls one kernel and counts the calls. */
export class KernelCaller implements Caller {
  /** Calls made so far. */
  calls = 0;
  /** Outputs of the last call that returned tensors, for the counterexample file. */
  lastOutputs: Readonly<Record<string, Tensor>> = {};

  private readonly kernel: ResolvedKernel;
  private readonly kernelRun: KernelRun;
  private readonly timeoutMs: number;
  private readonly remote: RemoteKernel | undefined;
  private readonly turn: Turn | undefined;
  /** Of calls that are over; one that is in flight has its own. */
  private readonly copies: InputCopies[] = [];
  /** For calls that are answered at once, which nothing can abort: making one costs as much as a small kernel. */
  private controller: AbortController | undefined;

  constructor(kernel: ResolvedKernel, kernelRun: KernelRun, timeoutMs: number, remote?: RemoteKernel, turn?: Turn) {
    this.kernel = kernel;
    this.kernelRun = kernelRun;
    this.timeoutMs = timeoutMs;
    this.remote = remote;
    this.turn = turn;
  }

  begin(): void {
    // a kernel answers as often as it is asked
  }

  /** Calls the kernel. Throws `OutcomeError`, or `TargetUnusable` when there is no kernel to call any more. */
  async call(inputs: Values, sizes: Sizes): Promise<Record<string, Tensor>> {
    this.calls++;
    this.lastOutputs = {};
    const given = encodeInputs(this.kernel, inputs, sizes);
    const kept = this.remote === undefined ? (this.copies.pop() ?? new InputCopies()) : undefined;
    kept?.keep(given);
    const returned = await this.inTurn(given, sizes);
    const changed = kept?.changed(given);
    if (changed !== undefined) throw new OutcomeError('failed', `The kernel changed its input '${changed.name}' at element ${changed.place}.`);
    if (kept !== undefined) this.copies.push(kept);
    if (typeof returned !== 'object' || returned === null) throw new OutcomeError('wrong-shape', `The kernel returned ${String(returned)}, not an object with its outputs.`);
    const outputs: Record<string, Tensor> = {};
    for (const port of this.kernel.operation.outputs) outputs[port.name] = this.received(port, returned[port.name], sizes);
    this.lastOutputs = outputs;
    return outputs;
  }

  private async inTurn(given: Record<string, Tensor>, sizes: Sizes): Promise<Readonly<Record<string, KernelOutput>>> {
    await this.turn?.begin();
    await this.remote?.ready();
    const returned = await this.guarded(given, sizes);
    await this.turn?.answered();
    return returned;
  }

  private async guarded(given: Record<string, Tensor>, sizes: Sizes): Promise<Readonly<Record<string, KernelOutput>>> {
    let timer: NodeJS.Timeout | undefined;
    const controller = this.controller ?? new AbortController();
    this.controller = controller;
    try {
      const result = this.kernelRun(given, sizes, controller.signal);
      if (!(result instanceof Promise)) return result;
      this.controller = undefined;
      const limit = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          const late = new OutcomeError('timed-out', `The kernel did not answer within ${this.timeoutMs} ms.`);
          controller.abort(late);
          setImmediate(() => reject(late)); // a target that hears the signal says more than this
        }, this.timeoutMs);
      });
      return await Promise.race([result, limit]);
    } catch (error) {
      if (error instanceof OutcomeError || error instanceof TargetUnusable) throw error;
      throw new OutcomeError('failed', `The kernel threw: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  private received(port: Port, output: KernelOutput | undefined, sizes: Sizes): Tensor {
    const shape = shapeOf(port, sizes);
    const dtype = this.kernel.dtypes[port.name]!;
    if (output === undefined || output === null) throw new OutcomeError('wrong-shape', `The kernel returned no '${port.name}'.`);
    const bare = ArrayBuffer.isView(output);
    const t: Tensor = bare ? { dtype: storedAs(output, dtype) ?? dtype, shape, data: output } : output;
    if (!ArrayBuffer.isView(t.data)) throw new OutcomeError('wrong-dtype', `'${port.name}' has no typed array as its data.`);
    if (t.dtype !== dtype || storedAs(t.data, dtype) !== dtype) throw new OutcomeError('wrong-dtype', `'${port.name}' came as ${t.dtype} in a ${t.data.constructor.name}, declared is ${dtype}.`);
    const fits = Array.isArray(t.shape) && t.shape.length === shape.length && t.shape.every((size, k) => size === shape[k]) && t.data.length === elementCount(shape);
    if (!fits) {
      const got = bare ? `${t.data.length} elements` : `[${Array.from(t.shape ?? []).join(', ')}] with ${t.data.length} elements`;
      throw new OutcomeError('wrong-shape', `'${port.name}' came as ${got}, expected [${shape.join(', ')}].`);
    }
    return t;
  }
}

/** The dtype that a typed array can store: the declared one where the array fits it. */
function storedAs(data: Tensor['data'], declared: Dtype): Dtype | undefined {
  if (data instanceof Float64Array) return 'f64';
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Uint16Array && bytesPerElement[declared] === 2) return declared;
  return dtypes.find((dtype) => bytesPerElement[dtype] === data.BYTES_PER_ELEMENT && dtype !== declared);
}

/** Output tensors as numbers. */
export function decodeOutputs(outputs: Readonly<Record<string, Tensor>>): Record<string, Float64Array> {
  const values: Record<string, Float64Array> = {};
  for (const name of Object.keys(outputs)) values[name] = valuesOf(outputs[name]!);
  return values;
}
