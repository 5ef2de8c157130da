/** Writes a shrunk failure down, before anybody hears of it. */
import { relative } from 'node:path';

import { recipeSizes } from '../generate/recipe.ts';
import { isShared, shapeOf } from '../operations/operation.ts';
import { encodeInputs } from './call.ts';
import { convergenceOf } from './convergence.ts';
import { writeCounterexample } from './counterexample-file.ts';
import type { Matters } from './matters.ts';
import type { Property, ResolvedKernel } from './property.ts';
import type { Reproduction } from './repeat.ts';
import type { Counterexample } from './results.ts';
import type { Shrunk } from './shrink/shrink.ts';
import { renderTyped } from './typed.ts';
import { renderWindow } from './window.ts';

export interface RecordOptions {
  readonly target: string;
  readonly failuresDir: string;
  readonly plumbline: string;
  readonly replayCommand: string;
  readonly replayArguments: string;
}

/** Saves the counterexample and returns what reports show of it. */
export function recordCounterexample(property: Property, kernel: ResolvedKernel, shrunk: Shrunk & { readonly reproduction?: Reproduction | undefined; readonly matters?: Matters | undefined }, seed: number, options: RecordOptions): Counterexample {
  const { recipe, examination, reproduction, matters } = shrunk;
  const { inputs, sizes } = examination.case;
  const worst = examination.judgement?.worst;
  const file = writeCounterexample(options.failuresDir, {
    property: property.id,
    operation: property.operation,
    target: options.target,
    seed,
    dialect: { ...(kernel.dialect as object) },
    arithmetic: kernel.arithmetic.name,
    outcome: examination.outcome,
    message: examination.message,
    plumbline: options.plumbline,
    // what always fails is the same file, whether it was judged again or not
    reproduction: reproduction === undefined || reproduction.failed === reproduction.replays ? undefined : { replays: reproduction.replays, failed: reproduction.failed },
    recipe,
    measured: worst?.measured,
    bound: worst?.bound,
    inputs: encodeInputs(kernel, inputs, sizes),
    outputs: examination.outputs,
  });
  const path = relative('', file) || file;
  return {
    file: path,
    replay: [options.replayCommand, 'replay', quoted(path), options.replayArguments].filter((part) => part !== '').join(' '),
    recipe,
    outcome: examination.outcome,
    message: examination.message,
    worst,
    terms: examination.judgement?.terms ?? [],
    window: windowOf(kernel, shrunk),
    typed: typedOf(kernel, shrunk),
    problems: recipeSizes(recipe).tokens,
    kernelCalls: shrunk.kernelCalls,
    shrinkingStopped: shrunk.stopped,
    ...(reproduction === undefined ? {} : { reproduction }),
    ...(matters === undefined ? {} : { matters }),
    convergence: convergenceOf(kernel, examination),
  };
}

function windowOf(kernel: ResolvedKernel, { examination }: Shrunk): string {
  const { worst, shown } = examination.judgement ?? {};
  const output = worst?.output ?? shown?.output;
  const port = kernel.operation.outputs.find(({ name }) => name === output);
  if (worst === undefined || shown === undefined || port === undefined || shown.output !== output) return '';
  return renderWindow({
    output: port.name,
    shape: [...(isShared(port) ? [1] : []), ...shapeOf(port, examination.case.sizes)],
    dtype: kernel.dtypes[port.name]!,
    measured: shown.measured,
    expected: shown.expected,
    index: worst.index,
    token: worst.token,
  });
}

function typedOf(kernel: ResolvedKernel, { examination }: Shrunk): string {
  const { inputs, sizes } = examination.case;
  const dims = kernel.operation.dims;
  return renderTyped(
    kernel.operation.inputs.map((port) => ({ name: port.name, shape: shapeOf(port, sizes), dtype: kernel.dtypes[port.name]!, values: inputs[port.name]! })),
    Object.fromEntries(dims.map((dim) => [dim, sizes[dim]])),
  );
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
