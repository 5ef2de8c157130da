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
  /** WGSL for the number of elements of a token. */
  readonly elements: string;
  /** The output's name; `value` is the array that holds the elements of `token` after the statement `compute`. */
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
  for (var k = 0u; k < ${elements}; k++) { ${output}[token * ${elements} + k] = ${value}[k]; }`;
  }
  return /* wgsl */ `
  let elements = ${elements};
  let each = 1u + (elements & 1u);
  let begin = item * each * elements; // even
  var written = 0u;
  var carried = 0.0;
  for (var token = item * each; token < min(item * each + each, sizes.x); token++) {
    ${compute};
    for (var k = 0u; k < elements; k++) {
      if ((written & 1u) == 1u) { ${output}[(begin + written) >> 1u] = pair_of(carried, ${value}[k]); }
      carried = ${value}[k];
      written++;
    }
  }
  if ((written & 1u) == 1u) { ${output}[(begin + written) >> 1u] = pair_of(carried, 0.0); }`;
}
