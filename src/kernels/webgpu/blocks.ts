/** Sums over tokens, first by blocks of 128 tokens, in order, then over the blocks, in order. No atomics: the same bits on every call. */
import { tokensPerBlock, type PlanPass } from './plan.ts';
import { bindings, entry, type Shaped } from './wgsl.ts';

export interface SumsByBlocks {
  readonly label: string;
  readonly inputs: readonly Shaped[];
  /** Sums, and the same in WGSL. */
  readonly elements: number;
  readonly total: string;
  /** WGSL of what `term` calls. */
  readonly functions?: string;
  /** WGSL for what `token` adds to the sum `e`. */
  readonly term: string;
  /** The plan's names: of the inputs, in order, and of the scratch [blocks, elements]. */
  readonly buffers: readonly string[];
}

/** A thread has one sum of one block. */
export function sumsByBlocks({ label, inputs, elements, total, functions = '', term, buffers }: SumsByBlocks): PlanPass {
  return {
    label: `${label}, by blocks`,
    code: /* wgsl */ `
${bindings([...inputs, { name: 'partials', dtype: 'f32', as: 'items', writable: true }])}
${functions}
${entry(64, /* wgsl */ `
  let total = ${total};
  let block = item / total;
  if (block * ${tokensPerBlock}u >= sizes.x) { return; }
  let e = item % total;
  var sum = 0.0;
  for (var token = block * ${tokensPerBlock}u; token < min((block + 1u) * ${tokensPerBlock}u, sizes.x); token++) { sum += ${term}; }
  partials[item] = sum;`)}`,
    buffers,
    groups: (tokens) => Math.ceil((Math.ceil(tokens / tokensPerBlock) * elements) / 64),
  };
}

/**
 * Adds the blocks' partial sums to those of the parts before, in order: the same bits however the call is cut into parts, and the next sublayer may overwrite the partial sums. The result is that of the pass's sublayer.
 * `total`, `stride` and `offset` are WGSL.
 */
export function blockSums(elements: number, total: string, partials: string, result: string, stride = total, offset = '0u'): PlanPass {
  return {
    label: 'sums over blocks',
    code: /* wgsl */ `
${bindings([{ name: 'partials', dtype: 'f32', as: 'items' }, { name: 'result', dtype: 'f32', as: 'items', writable: true }])}
${entry(64, /* wgsl */ `
  if (item >= ${total}) { return; }
  let place = sizes.layer * ${total} + item;
  let blocks = (sizes.x + ${tokensPerBlock - 1}u) / ${tokensPerBlock}u;
  var b = select(0u, 1u, sizes.before == 0u);
  var sum = select(load_result(place), load_partials(${offset} + item), sizes.before == 0u);
  for (; b < blocks; b++) { sum += load_partials(b * ${stride} + ${offset} + item); }
  result[place] = sum;`)}`,
    buffers: [partials, result],
    groups: () => Math.ceil(elements / 64),
  };
}
