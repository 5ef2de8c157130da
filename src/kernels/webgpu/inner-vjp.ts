/**
 * The derivative of the inner function, with σ = σ(u), r the norm's root, q = w∘ȳ:
 *
 *   silu       ū = q∘(σ + u∘σ∘(1 − σ))
 *   rms-norm   ū = r·q − r³/C·⟨q, u⟩·u
 *   scale      ū = q
 *   weights    w̄ = Σ ȳ∘(y before the weight), a sum over tokens: by blocks of 128 in order, then over the blocks
 *
 * Reads u and ȳ twice (the norm three times) and writes ū: 5·C elements a token beside the 11n·C of a sublayer's derivative.
 */
import type { LayerDialect } from '../../operations/layers/dialect.ts';
import { blockSums, sumsByBlocks } from './blocks.ts';
import { elementwise } from './elementwise.ts';
import { barePiece, innerInputs, innerScratch, isWeighted, sumOverChannels, weightOf } from './inner.ts';
import { perBlock, perToken, type Part, type PartSizes } from './part.ts';
import type { PlanPass } from './plan.ts';

const [gradientName, productName, partialName] = ['layerInputGradient', 'innerProduct', 'partialInnerWeight'] as const;

/** What `innerParts` computed, and ȳ [B,C] → ū, and where it is; w̄ where there is a weight. */
export function innerVjpParts(sizes: PartSizes, dialect: LayerDialect, innerWeight: string, cotangent: string, weightGradient: string): { readonly parts: readonly Part[]; readonly gradient: string } {
  const { channels, dtype } = sizes;
  const { inner } = dialect;
  if (inner === 'identity') return { parts: [], gradient: cotangent };
  const given = { name: 'cotangent', dtype, as: 'items' } as const;
  const scratch = { [gradientName]: perToken('scratch', channels, dtype) };
  const input = (its: { readonly shapes: Parameters<typeof elementwise>[0]['inputs']; readonly buffers: readonly string[]; readonly element: string }): PlanPass =>
    elementwise({ label: `inner function ${inner}: gradient of its input`, inputs: [...its.shapes, given], output: { name: 'gradient', dtype }, perToken: channels, outputs: 'sizes.y', element: its.element, buffers: [...its.buffers, cotangent, gradientName] });
  if (!isWeighted(dialect)) return { parts: [{ scratch, passes: [input({ shapes: [], buffers: [], element: 'fn element(e: u32) -> f32 { return 0.0 * load_cotangent(e); }' })] }], gradient: gradientName };

  const all = innerInputs(sizes, dialect, innerWeight);
  const norm = inner === 'rms-norm';
  const product = { name: 'product', dtype: 'f32', as: 'items' } as const;
  const through = {
    scale: '  return q;',
    silu: '  let gate = 1.0 / (1.0 + exp(-load_layerInput(e)));\n  return q * (gate + (load_layerInput(e) * gate) * (1.0 - gate));',
    'rms-norm': '  let r = load_root(e / sizes.y);\n  return r * q + ((-((r * r) * r) / f32(sizes.y)) * load_product(e / sizes.y)) * load_layerInput(e);',
  }[inner as 'scale' | 'silu' | 'rms-norm'];
  const element = /* wgsl */ `
fn element(e: u32) -> f32 {
  let q = ${weightOf} * load_cotangent(e);
${through}
}`;
  const direct = inner === 'scale' ? { shapes: all.shapes.slice(1), buffers: all.buffers.slice(1) } : all; // what a shader does not use has no binding
  const products = sumOverChannels(sizes, {
    label: 'inner norm: product of its derivative',
    inputs: [{ name: 'layerInput', dtype, as: 'items' }, { name: 'innerWeight', dtype: 'f32', as: 'items' }, given],
    buffers: [innerScratch.input, innerWeight, cotangent, productName],
    term: `(${weightOf} * load_cotangent(e)) * load_layerInput(e)`,
    result: (sum) => sum,
  });
  return {
    parts: [
      { scratch: { ...scratch, ...(norm ? { [productName]: perToken('scratch', 1) } : {}) }, passes: [...(norm ? [products] : []), input({ shapes: [...direct.shapes, ...(norm ? [product] : [])], buffers: [...direct.buffers, ...(norm ? [productName] : [])], element })] },
      weightPart(sizes, dialect, cotangent, weightGradient),
    ],
    gradient: gradientName,
  };
}

function weightPart(sizes: PartSizes, dialect: LayerDialect, cotangent: string, weightGradient: string): Part {
  const { channels, dtype } = sizes;
  const { shapes, buffers } = innerInputs(sizes, dialect, undefined);
  const byBlocks = sumsByBlocks({
    label: `inner function ${dialect.inner}: gradient of its weight`,
    inputs: [...shapes, { name: 'cotangent', dtype, as: 'items' }],
    elements: channels,
    total: 'sizes.y',
    functions: barePiece(dialect),
    term: 'load_cotangent(token * sizes.y + e) * bare(token * sizes.y + e)',
    buffers: [...buffers, cotangent, partialName],
  });
  return { scratch: { [partialName]: perBlock(channels) }, passes: [byBlocks, blockSums(channels, 'sizes.y', partialName, weightGradient)] };
}
