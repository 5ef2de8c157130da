/** A chain of mappings from a kernel: the numbers of a setting, asked of it in calls of many sublayers, every answer finite. */
import type { Distribution, Layers, Setting } from '../../compare/inputs.ts';
import { inputsOf, mappingPort, sizesOf } from '../../compare/mappings.ts';
import { layersOf } from '../../compare/orbit.ts';
import { OutcomeError } from '../../targets/outcome.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { valuesOf } from '../../tensor/tensor.ts';
import { breathe } from '../../verify/breathe.ts';
import { KernelCaller } from '../../verify/call.ts';
import { indexOf } from '../outputs/read-outputs.ts';
import type { DesignKernel } from './kernels.ts';

/** Matrices of one kernel call, about. */
const perCall = 4096;

export interface ChainRequest {
  readonly setting: Setting;
  readonly distribution: Distribution;
  readonly layers: number;
  readonly tokens: number;
  readonly streams: number;
  readonly callTimeoutMs: number;
  readonly stopped?: (() => boolean) | undefined;
}

export interface Chain {
  /** [layers, tokens, n, n], as the kernel returned them. */
  readonly mappings: Float64Array;
  readonly dtype: Dtype;
  readonly n: number;
}

/** The mappings of a setting. Undefined when it was stopped. Throws `OutcomeError` with the sublayer where a kernel answers wrongly, and what the kernel's target throws. */
export async function chainOf(own: DesignKernel, request: ChainRequest): Promise<Chain | undefined> {
  const { setting, distribution, tokens, streams, layers } = request;
  return askChain(own, request, layersOf(own.design, setting, distribution, tokens, streams, layers));
}

/** The same for numbers that are given. */
export async function askChain({ design, kernel, declaration }: DesignKernel, { setting, layers, tokens, streams, callTimeoutMs, stopped }: ChainRequest, given: Layers): Promise<Chain | undefined> {
  const n = design.form === 'none' ? 1 : streams;
  const caller = new KernelCaller(kernel, declaration.run, callTimeoutMs, declaration.remote);
  const port = mappingPort(design);
  const mappings = new Float64Array(layers * tokens * n * n);
  const statics = design.start(n);
  const together = Math.max(1, Math.floor(perCall / tokens));
  for (let first = 0; first < layers; first += together) {
    await breathe();
    if (stopped?.() === true) return undefined;
    const count = Math.min(together, layers - first);
    const sublayers = Array.from({ length: count }, (_, k) => inputsOf(design, { ...given(first + k), statics }, tokens));
    const answer = await call(() => caller.call(joined(sublayers), sizesOf(count * tokens, n)), `${design.name}, ${setting.name}, layers ${first} to ${first + count - 1}`);
    mappings.set(valuesOf(answer[port]!), first * tokens * n * n);
  }
  const bad = mappings.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    const [layer, token, i, j] = indexOf(bad, [layers, tokens, n, n]) as [number, number, number, number];
    throw new OutcomeError('non-finite', `${design.name}, ${setting.name}: the kernel returned ${mappings[bad]} at layer ${layer}, token ${token}, entry [${i}, ${j}], all counted from 0.`);
  }
  return { mappings, dtype: kernel.dtypes[port]!, n };
}

function joined(sublayers: readonly Readonly<Record<string, Float64Array>>[]): Record<string, Float64Array> {
  return Object.fromEntries(Object.keys(sublayers[0]!).map((name) => {
    const parts = sublayers.map((one) => one[name]!);
    const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return [name, whole];
  }));
}

async function call<T>(ask: () => Promise<T>, where: string): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof OutcomeError ? new OutcomeError(error.outcome, `${where}: ${error.message}`, { cause: error }) : error;
  }
}
