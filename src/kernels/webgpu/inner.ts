/**
 * The inner function of a sublayer: y = F(u) [B,C], stored as the streams are. Reads C elements a token and writes C; the norm reads u once more for its sum of squares, which a workgroup takes by a tree whose shape depends on
 * the channels alone. Beside the 2n·C elements of streams that a sublayer moves this is little, so a thread has one element, whatever C is.
 */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { elementwise } from './elementwise.ts';
import { perToken, type Part, type PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';
import { threadsFor, treeReduction } from './reduction.ts';
import { bindings, entry, literal, type Shaped } from './wgsl.ts';

/** Scratch of a sublayer's inner function: u, y, and of the norm 1/√(Σu²/C + ε) [B]. */
export const innerScratch = { input: 'layerInput', output: 'layerOutput', root: 'innerRoot' } as const;

/** What a function of elements is computed from: u, the norm's root, the weight. */
export interface InnerInputs {
  readonly shapes: readonly Shaped[];
  readonly buffers: readonly string[];
}

/** Whether the inner function has a weight, and so a gradient of it. */
export function isWeighted({ inner }: Pick<LayerDialect, 'inner'>): boolean {
  return inner !== 'zero' && inner !== 'identity';
}

export function innerInputs({ dtype }: PartSizes, dialect: LayerDialect, weight: string | undefined): InnerInputs {
  const norm = dialect.inner === 'rms-norm';
  return {
    shapes: [{ name: 'layerInput', dtype, as: 'items' }, ...(norm ? [{ name: 'root', dtype: 'f32', as: 'items' } as const] : []), ...(weight === undefined ? [] : [{ name: 'innerWeight', dtype: 'f32', as: 'items' } as const])],
    buffers: [innerScratch.input, ...(norm ? [innerScratch.root] : []), ...(weight === undefined ? [] : [weight])],
  };
}

/** WGSL: the weight of element e's channel. */
export const weightOf = 'load_innerWeight(sizes.layer * sizes.y + e % sizes.y)';

/** WGSL: `bare(e)` is y before the weight. */
export function barePiece({ inner }: LayerDialect): string {
  const formula = { zero: '0.0 * load_layerInput(e)', identity: 'load_layerInput(e)', scale: 'load_layerInput(e)', silu: 'load_layerInput(e) * sigmoid(load_layerInput(e))', 'rms-norm': 'load_root(e / sizes.y) * load_layerInput(e)' }[inner];
  return /* wgsl */ `
fn sigmoid(z: f32) -> f32 { return 1.0 / (1.0 + exp(-z)); }
fn bare(e: u32) -> f32 { return ${formula}; }`;
}

/** From u in the scratch `layerInput` to y, and where y is: the identity's is u itself. */
export function innerParts(sizes: PartSizes, dialect: LayerDialect, innerWeight: string): { readonly parts: readonly Part[]; readonly output: string } {
  const { channels, dtype } = sizes;
  const { inner } = dialect;
  if (inner === 'identity') return { parts: [], output: innerScratch.input };
  const weighted = isWeighted(dialect);
  const { shapes, buffers } = innerInputs(sizes, dialect, weighted ? innerWeight : undefined);
  const element = `${barePiece(dialect)}\nfn element(e: u32) -> f32 { return ${weighted ? `${weightOf} * bare(e)` : 'bare(e)'}; }`;
  const apply = elementwise({ label: `inner function ${inner}`, inputs: shapes, output: { name: 'layerOutput', dtype }, perToken: channels, outputs: 'sizes.y', element, buffers: [...buffers, innerScratch.output] });
  const root: Part = {
    scratch: { [innerScratch.root]: perToken('scratch', 1) },
    passes: [
      sumOverChannels(sizes, {
        label: 'inner norm', inputs: [{ name: 'layerInput', dtype, as: 'items' }], buffers: [innerScratch.input, innerScratch.root], term: 'load_layerInput(e) * load_layerInput(e)',
        result: (sum) => `inverseSqrt(${sum} / f32(sizes.y)${dialect.innerEpsilon > 0 ? ` + ${literal(dialect.innerEpsilon)}` : ''})`,
      }),
    ],
  };
  return { parts: [...(inner === 'rms-norm' ? [root] : []), { scratch: { [innerScratch.output]: perToken('scratch', channels, dtype) }, passes: [apply] }], output: innerScratch.output };
}

export interface ChannelSum {
  readonly label: string;
  readonly inputs: readonly Shaped[];
  /** The plan's names of the inputs and of the result [B], in order. */
  readonly buffers: readonly string[];
  /** WGSL: what element e adds. */
  readonly term: string;
  /** WGSL: what is written for the sum. */
  readonly result: (sum: string) => string;
}

/** One number for each token, from a sum over its channels: a workgroup a token. */
export function sumOverChannels({ channels }: PartSizes, { label, inputs, buffers, term, result }: ChannelSum): PlanPass {
  const threads = threadsFor(channels);
  const code = /* wgsl */ `
${bindings([...inputs, { name: 'result', dtype: 'f32', as: 'items', writable: true }])}
var<private> token: u32;
${treeReduction(threads, 1, (_, value) => `result[token] = ${result(value)};`)}
${entry(threads, /* wgsl */ `
  if (group >= sizes.x) { return; }
  token = group;
  for (var c = lane; c < sizes.y; c += ${threads}u) {
    let e = token * sizes.y + c;
    acc[0] += ${term};
  }
  reduce(lane, 1u);`)}`;
  return { label, code, buffers, groups: (tokens) => tokens };
}
