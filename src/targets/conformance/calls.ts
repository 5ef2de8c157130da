/** Checks of a worker's answers to calls. */
import { setTimeout as sleep } from 'node:timers/promises';

import { firstBitDifference, type Tensor } from '../../tensor/tensor.ts';
import { safetensorsParts } from '../../tensor/safetensors.ts';
import { shapeOf, type Sizes } from '../../operations/operation.ts';
import { OutcomeError } from '../outcome.ts';
import type { ResolvedKernel } from '../resolve.ts';
import type { WorkerClient } from '../worker/client.ts';
import { finding, type Finding } from './finding.ts';
import { echoOf, randomInputs, sizesFor, tokensFor } from './inputs.ts';

type Tensors = Readonly<Record<string, Tensor>>;

const large = 8 * 2 ** 20;

/** Calls every kernel of a worker in the ways that plumbline does. */
export class CallChecks {
  private readonly client: WorkerClient;
  private readonly timeoutMs: number;
  private readonly times: boolean;

  /** `times`: the worker says that it times kernels. */
  constructor(client: WorkerClient, timeoutMs: number, times = false) {
    this.client = client;
    this.timeoutMs = timeoutMs;
    this.times = times;
  }

  async run(kernels: readonly ResolvedKernel[]): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const kernel of kernels) findings.push(...(await this.kernel(kernel)));
    if (this.times) findings.push(await this.timing(kernels[0]!));
    findings.push(await this.echoes(kernels), await this.unknownOperation(kernels[0]!), await this.unknownMessage(kernels[0]!), await this.stdout());
    return findings;
  }

  private async kernel(kernel: ResolvedKernel): Promise<Finding[]> {
    const id = kernel.operation.id;
    const sizes = sizesFor(kernel, 3);
    const inputs = randomInputs(kernel, sizes, 1);
    return [
      await finding(`call (${id})`, 'Write one tensor for each output, called like its port, in the declared dtype and the shape that the port’s dims give.', 'outputs have the names, dtypes and shapes that were declared', async () =>
        this.misfit(kernel, sizes, await this.call(kernel, sizes, inputs))),
      await finding(`inputs stay (${id})`, 'Do not write to descriptor 3; map it privately.', 'the file of inputs is as it was', async () => {
        const before = Buffer.concat(safetensorsParts(inputs));
        await this.call(kernel, sizes, inputs);
        return before.equals(this.client.inputs.read(before.length)) ? undefined : 'the worker wrote to the file of inputs';
      }),
      await finding(`empty batch (${id})`, 'tokens may be 0: answer with shapes that have a 0 and no data.', 'no tokens in, no tokens out', async () => {
        const none = sizesFor(kernel, 0);
        return this.misfit(kernel, none, await this.call(kernel, none, randomInputs(kernel, none, 1)));
      }),
      await finding(`${large / 2 ** 20} MiB, then little (${id})`, 'Read descriptor 3 anew for each call, `bytes` long: map it again when it grew, and forget what the last call left in it.', 'each call sees its own inputs', () => this.bigThenSmall(kernel)),
    ];
  }

  private timing(kernel: ResolvedKernel): Promise<Finding> {
    return finding(`timing (${kernel.operation.id})`, 'Answer time with the milliseconds of one call, no more samples than were asked for, and go on.', 'samples above 0, and the next call is answered', async () => {
      const sizes = sizesFor(kernel, 3);
      const inputs = randomInputs(kernel, sizes, 1);
      const request = { samples: 7, sampleMs: 0.1, warmCalls: 3, warmMs: 50, limitMs: 200, cache: 'warm', processor: 3 } as const;
      const { samples } = await this.client.time(kernel.operation.id, inputs, sizes, request, AbortSignal.timeout(this.timeoutMs));
      if (samples.length > request.samples) return `it took ${samples.length} samples of the ${request.samples} that were asked for`;
      if (!samples.some((ms) => ms > 0 && ms < Infinity)) return `its samples are ${samples.join(', ') || 'none'}`;
      return this.misfit(kernel, sizes, await this.call(kernel, sizes, inputs));
    });
  }

  private async bigThenSmall(kernel: ResolvedKernel): Promise<string | undefined> {
    const [small, big] = [sizesFor(kernel, 3), sizesFor(kernel, tokensFor(kernel, large))];
    const inputs = randomInputs(kernel, small, 1);
    const first = await this.call(kernel, small, inputs);
    const wrong = this.misfit(kernel, big, await this.call(kernel, big, randomInputs(kernel, big, 2)));
    const again = await this.call(kernel, small, inputs);
    if (wrong !== undefined || !kernel.deterministic) return wrong ?? this.misfit(kernel, small, again);
    const changed = Object.keys(first).find((name) => again[name] === undefined || firstBitDifference(first[name]!.data, again[name].data) >= 0);
    return changed === undefined ? undefined : `'${changed}' of the same small call has other bits after a large one`;
  }

  private async echoes(kernels: readonly ResolvedKernel[]): Promise<Finding> {
    const name = 'bf16 and f16 bit for bit';
    const echoing = kernels.flatMap((kernel) => {
      const echo = echoOf(kernel);
      return echo === undefined ? [] : [{ kernel, echo }];
    });
    if (echoing.length === 0) return { name, status: 'untested', detail: 'no stream-read or stream-write kernel with 16-bit streams, which could hand them through' };
    const seen = echoing.map(({ kernel, echo }) => `${echo.expected.dtype} through ${kernel.operation.id}`).join(', ');
    return finding(name, 'Hand 16-bit tensors to the kernel as such: no detour through numbers on the way in or out.', `every normal number unchanged: ${seen}`, async () => {
      for (const { kernel, echo } of echoing) {
        const data = (await this.call(kernel, echo.sizes, echo.inputs))[echo.output]!.data;
        const place = firstBitDifference(data, echo.expected.data);
        if (place >= 0) return `${kernel.operation.id}: the pattern 0x${echo.expected.data[place]!.toString(16)} came back as 0x${data[place]?.toString(16) ?? 'nothing'}`;
      }
      return undefined;
    });
  }

  private unknownOperation(kernel: ResolvedKernel): Promise<Finding> {
    return finding('unknown operation', 'Answer a run of an operation that you do not have with the outcome "unsupported", and go on.', 'unsupported, and the next call is answered', async () => {
      const sizes = sizesFor(kernel, 1);
      const inputs = randomInputs(kernel, sizes, 1);
      const outcome = await this.client.call('no-such-operation', inputs, sizes, AbortSignal.timeout(this.timeoutMs)).then(() => 'ok', (error: unknown) => (error instanceof OutcomeError ? error.outcome : String(error)));
      if (outcome !== 'unsupported') return `the outcome is '${outcome}'`;
      await this.call(kernel, sizes, inputs);
      return undefined;
    });
  }

  private unknownMessage(kernel: ResolvedKernel): Promise<Finding> {
    return finding('unknown messages and fields', 'Ignore messages of a type that you do not know, and fields likewise.', 'ignored', async () => {
      await this.client.ready();
      this.client.process!.send({ type: 'from-a-later-plumbline', id: 0, bytes: 0, more: [{}, null, true] });
      const sizes = sizesFor(kernel, 1);
      await this.call(kernel, sizes, randomInputs(kernel, sizes, 1));
      return undefined;
    });
  }

  private async stdout(): Promise<Finding> {
    await sleep(50); // for what comes after the last answer
    const stray = this.client.process?.stray ?? [];
    const name = 'nothing else on stdout';
    if (stray.length === 0) return { name, status: 'held', detail: 'answers alone' };
    return { name, status: 'broken', detail: `it also wrote '${stray[0]!.slice(0, 100)}'`, remedy: 'Give kernels another stdout before they run: keep a duplicate of 1 for messages, then dup2(2, 1).' };
  }

  /** Throws what went wrong, in words. */
  private async call(kernel: ResolvedKernel, sizes: Sizes, inputs: Tensors): Promise<Tensors> {
    try {
      return await this.client.call(kernel.operation.id, inputs, sizes, AbortSignal.timeout(this.timeoutMs));
    } catch (error) {
      throw error instanceof OutcomeError ? new Error(`${error.outcome}: ${error.message}`, { cause: error }) : error;
    }
  }

  private misfit({ operation, dtypes }: ResolvedKernel, sizes: Sizes, outputs: Tensors): string | undefined {
    for (const port of operation.outputs) {
      const found = outputs[port.name];
      const due = `${dtypes[port.name]} [${shapeOf(port, sizes).join(', ')}]`;
      if (found === undefined) return `there is no '${port.name}'; it gave ${Object.keys(outputs).join(', ') || 'nothing'}`;
      const is = `${found.dtype} [${found.shape.join(', ')}]`;
      if (is !== due) return `'${port.name}' is ${is}, due is ${due}`;
    }
    return undefined;
  }
}
