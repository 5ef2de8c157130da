/**
 * Passes whose outputs are one formula per element, a thread for four bytes of output: for channels that do not fill lanes of 16 bytes. A word of bf16 has two elements, which may be of different rows
 * or tokens, so both are computed by the thread that writes it.
 */
import type { GpuDtype, PlanPass } from './plan.ts';
import { bindings, entry, type Shaped } from './wgsl.ts';

const workgroup = 64;

export interface Elementwise {
  readonly label: string;
  readonly inputs: readonly Shaped[];
  readonly output: { readonly name: string; readonly dtype: GpuDtype };
  /** Elements of the output for each token. */
  readonly perToken: number;
  /** The same in WGSL, so that one compilation serves all sizes. */
  readonly outputs: string;
  /** WGSL that defines `fn element(e: u32) -> f32`; e counts the output's elements. */
  readonly element: string;
  /** The plan's names of inputs and output, in order. */
  readonly buffers: readonly string[];
}

export function elementwise({ label, inputs, output, perToken, outputs, element, buffers }: Elementwise): PlanPass {
  const store = output.dtype === 'f32'
    ? `  if (item < total) { ${output.name}[item] = element(item); }`
    : `  if (2u * item >= total) { return; }
  var second = 0.0;
  if (2u * item + 1u < total) { second = element(2u * item + 1u); }
  ${output.name}[item] = pair_of(element(2u * item), second);`;
  return {
    label,
    code: `${bindings([...inputs, { ...output, as: 'items', writable: true }])}
${element}
${entry(workgroup, `  let total = sizes.x * (${outputs});\n${store}`)}`,
    buffers,
    groups: (tokens) => Math.ceil((tokens * perToken) / (output.dtype === 'f32' ? 1 : 2) / workgroup),
  };
}
