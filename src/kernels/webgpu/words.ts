/**
 * Threads that write whole tokens of few elements. A word holds two elements of bf16, and a token of an odd number of elements ends within a word: then a thread has two tokens, so that no word is
 * written by two threads.
 */
import type { GpuDtype } from './plan.ts';

/** Tokens that a thread computes. */
export function perThread(dtype: GpuDtype, elements: number): number {
  return dtype === 'bf16' && elements % 2 === 1 ? 2 : 1;
}

export interface PackedStore {
  readonly dtype: GpuDtype;
  readonly elements: number;
  /** The output's name; `value` is the array that holds the elements of \`token\` after the statement \`compute\`. */
  readonly output: string;
  readonly compute: string;
  readonly value: string;
}

/** The body of an entry point: computes the tokens of a thread and stores them. */
export function packedStore({ dtype, elements, output, compute, value }: PackedStore): string {
  if (dtype === 'f32') {
    return /* wgsl */ `
  let token = item;
  if (token >= sizes.x) { return; }
  ${compute};
  for (var i = 0u; i < ${elements}u; i++) { ${output}[token * ${elements}u + i] = ${value}[i]; }`;
  }
  if (elements % 2 === 0) {
    return /* wgsl */ `
  let token = item;
  if (token >= sizes.x) { return; }
  ${compute};
  for (var i = 0u; i < ${elements / 2}u; i++) { ${output}[token * ${elements / 2}u + i] = pair_of(${value}[2u * i], ${value}[2u * i + 1u]); }`;
  }
  return /* wgsl */ `
  if (2u * item >= sizes.x) { return; }
  var carried = 0.0;
  for (var second = 0u; second < 2u; second++) {
    let token = 2u * item + second;
    if (token < sizes.x) { ${compute}; } // else what follows writes padding
    let base = item * ${elements}u;
    if (second == 0u) {
      for (var i = 0u; i < ${(elements - 1) / 2}u; i++) { ${output}[base + i] = pair_of(${value}[2u * i], ${value}[2u * i + 1u]); }
      carried = ${value}[${elements - 1}];
    } else {
      ${output}[base + ${(elements - 1) / 2}u] = pair_of(carried, ${value}[0]);
      if (token >= sizes.x) { return; }
      for (var i = 0u; i < ${(elements - 1) / 2}u; i++) { ${output}[base + ${(elements + 1) / 2}u + i] = pair_of(${value}[2u * i + 1u], ${value}[2u * i + 2u]); }
    }
  }`;
}
