/**
 * The three mappings of a sublayer: the projection (project.ts), then one thread a token for the root mean square, the gates and Sinkhorn.
 *
 * The second pass reads n² + 2n + 1 numbers a token for each group of the norm and writes n² + 2n: nothing beside the n·C elements that the projection reads.
 */
import type { TensorFloat } from '../../operations/calculus/tf32.ts';
import { tensorFloatOf } from '../../operations/mappings/coefficients.ts';
import { sinkhornOf, type MappingsDialect } from '../../operations/mappings/dialect.ts';
import type { Part, PartSizes } from './part.ts';
import { foldPart, projectPart } from './project.ts';
import { isFolded, type Projection } from './projection.ts';
import { anyPieces } from './sinkhorn-any.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';

export interface MappingParameters {
  readonly streams: string;
  readonly projection: string;
  readonly scales: string;
  readonly biases: string;
  readonly normWeight: string;
}

export const coefficientCount = (n: number): number => n * (n + 2);
const countOf = (n: string): string => `(${n} * (${n} + 2u))`;

export function projectionOf(n: number, dialect: MappingsDialect, normWeight: string): Projection {
  const rounding: TensorFloat | undefined = tensorFloatOf(dialect);
  return { count: coefficientCount(n), countOf, perStream: dialect.norm === 'per-stream', rounding, weight: dialect.normWeight ? normWeight : undefined };
}

/** The parts that leave m and Σx² in the scratch `sums`; the matrix as it was multiplied with is in `matrix`. */
export function coefficientParts(sizes: PartSizes, dialect: MappingsDialect, names: MappingParameters, prefix: string): { readonly parts: readonly Part[]; readonly sums: string; readonly matrix: string } {
  const projection = projectionOf(sizes.n, dialect, names.normWeight);
  const [sums, folded] = [`${prefix}sums`, `${prefix}folded`];
  const matrix = isFolded(projection) ? folded : names.projection;
  const project = projectPart(sizes, projection, names.streams, matrix, sums);
  return { parts: isFolded(projection) ? [foldPart(sizes, projection, names.projection, folded), project] : [project], sums, matrix };
}

/** streams [B,n,C] and parameters → preMapping, postMapping [B,n], residualMapping [B,n,n]. `prefix` sets the scratch of several such parts apart. */
export function mappingsParts(sizes: PartSizes, dialect: MappingsDialect, names: MappingParameters, outputs: readonly [pre: string, post: string, residual: string], prefix = ''): readonly Part[] {
  const { parts, sums } = coefficientParts(sizes, dialect, names, prefix);
  const { n } = streamCount(sizes.n);
  const sinkhorn = sinkhornOf(dialect);
  const code = /* wgsl */ `
${bindings([
    { name: 'sums', dtype: 'f32', as: 'items' },
    { name: 'scales', dtype: 'f32', as: 'items' },
    { name: 'biases', dtype: 'f32', as: 'items' },
    { name: 'preMapping', dtype: 'f32', as: 'items', writable: true },
    { name: 'postMapping', dtype: 'f32', as: 'items', writable: true },
    { name: 'residualMapping', dtype: 'f32', as: 'items', writable: true },
  ])}
${anyPieces(sinkhorn, streamCount(sizes.n))}
${coefficientPieces(dialect, sizes.n)}
${entry(64, /* wgsl */ `
  if (item >= sizes.x) { return; }
  let n = ${n};
  roots_of(item);
  for (var i = 0u; i < n; i++) {
    preMapping[item * n + i] = sigmoid(logit(item, i, 0u))${dialect.preEpsilon > 0 ? ` + ${literal(dialect.preEpsilon)}` : ''};
    postMapping[item * n + i] = ${literal(dialect.postMultiplier)} * sigmoid(logit(item, n + i, 1u));
  }
  for (var i = 0u; i < n * n; i++) { x[i] = logit(item, 2u * n + i, 2u)${dialect.temperature === 1 ? '' : ` / ${literal(dialect.temperature)}`}; }
  begin();
  iterate();
  for (var i = 0u; i < n * n; i++) { residualMapping[item * n * n + i] = x[i]; }`)}`;
  return [...parts, { passes: [{ label: `mappings, n = ${sizes.n}`, code, buffers: [sums, names.scales, names.biases, ...outputs], groups: (tokens) => Math.ceil(tokens / 64) }] }];
}

/** WGSL: after `roots_of(token)`, `normalised(token, j)` is r·m and `logit(token, j, k)` α_k·r·m + b_j. Needs the buffers sums, scales and biases. */
export function coefficientPieces(dialect: Pick<MappingsDialect, 'norm' | 'rmsEpsilon' | 'rmsEpsilonPlace'>, streams: number, countText: (n: string) => string = countOf): string {
  const { n, most } = streamCount(streams);
  const groups = dialect.norm === 'per-stream' ? n : '1u';
  const epsilon = dialect.rmsEpsilon > 0 ? ` + ${literal(dialect.rmsEpsilon)}` : '';
  const root = dialect.norm === 'none' ? '1.0' : dialect.rmsEpsilonPlace === 'inside' ? `inverseSqrt(mean${epsilon})` : `1.0 / (sqrt(mean)${epsilon})`;
  const perGroup = dialect.norm === 'per-stream' ? 'f32(sizes.y)' : `f32(${n} * sizes.y)`;
  return /* wgsl */ `
var<private> roots: array<f32, ${most}>;
fn mean_of(token: u32, g: u32) -> f32 { return load_sums((token * ${groups} + g) * (${countText(n)} + 1u) + ${countText(n)}) / ${perGroup}; }
fn product_of(token: u32, g: u32, j: u32) -> f32 { return load_sums((token * ${groups} + g) * (${countText(n)} + 1u) + j); }
fn roots_of(token: u32) {
  for (var g = 0u; g < ${groups}; g++) {
    ${dialect.norm === 'none' ? '' : 'let mean = mean_of(token, g);'}
    roots[g] = ${root};
  }
}
fn normalised(token: u32, j: u32) -> f32 {
  var sum = 0.0;
  for (var g = 0u; g < ${groups}; g++) { sum += roots[g] * product_of(token, g, j); }
  return sum;
}
fn logit(token: u32, j: u32, k: u32) -> f32 { return load_scales(k) * normalised(token, j) + load_biases(j); }
fn sigmoid(z: f32) -> f32 { return 1.0 / (1.0 + exp(-z)); }
`;
}
