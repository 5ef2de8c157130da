/** The projection of the coefficients: m_gj = Σ_k x_k·φ_jk over the columns k of group g (all of them, or one stream), and Σ x² of each group. In tiles where it can be, else token by token. */
import { perCall, type Part, type PartSizes } from './part.ts';
import { projectByTokens } from './project-by-tokens.ts';
import { isTiled, projectTiledPart } from './project-tiled.ts';
import { operandFunction, type Projection } from './projection.ts';
import { bindings, entry } from './wgsl.ts';

/** The matrix of the pass's sublayer as it is multiplied with, w∘φ rounded, into the scratch `folded`. */
export function foldPart({ n, channels }: PartSizes, projection: Projection, matrix: string, folded: string): Part {
  const { rounding, weight, count } = projection;
  const elements = count * n * channels;
  const weighted = weight !== undefined;
  const code = /* wgsl */ `
${bindings([{ name: 'projection', dtype: 'f32', as: 'items' }, ...(weighted ? [{ name: 'weight', dtype: 'f32', as: 'items' } as const] : []), { name: 'folded', dtype: 'f32', as: 'items', writable: true }])}
${operandFunction(rounding)}
${entry(64, /* wgsl */ `
  let width = sizes.n * sizes.y;
  if (item >= ${projection.countOf('sizes.n')} * width) { return; }
  folded[item] = operand(load_projection(sizes.layer * ${projection.countOf('sizes.n')} * width + item)${weighted ? ' * load_weight(sizes.layer * width + item % width)' : ''});`)}`;
  return {
    scratch: { [folded]: perCall('scratch', elements) },
    passes: [{ label: 'the matrix as the projection reads it', code, buffers: [matrix, ...(weighted ? [weight] : []), folded], groups: () => Math.ceil(elements / 64) }],
  };
}

/** streams [B,n,C], matrix [count,nC] → sums [B, groups, count + 1]: the products of each group, and its sum of squares. */
export function projectPart(sizes: PartSizes, projection: Projection, streams: string, matrix: string, sums: string): Part {
  return (isTiled(sizes, projection) ? projectTiledPart : projectByTokens)(sizes, projection, streams, matrix, sums);
}
