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

export interface CoefficientOptions {
  /** What the scratch of m and Σx² is called. Default `sums`. */
  readonly sums?: string;
  /** Whether the parameters are those of several sublayers: then the matrix of one is set apart before it is multiplied with. */
  readonly stacked?: boolean;
}

export interface CoefficientParts {
  /** Leaves the matrix as it is multiplied with in `matrix`; empty where that is the parameter itself. */
  readonly fold: readonly Part[];
  /** Leaves m and Σx² in the scratch `sums`. */
  readonly project: Part;
  readonly sums: string;
  readonly matrix: string;
}

export function coefficientParts(sizes: PartSizes, dialect: MappingsDialect, names: MappingParameters, { sums = 'sums', stacked = false }: CoefficientOptions = {}): CoefficientParts {
  const projection = projectionOf(sizes.n, dialect, names.normWeight);
  const folds = stacked || isFolded(projection);
  const matrix = folds ? 'folded' : names.projection;
  return { fold: folds ? [foldPart(sizes, projection, names.projection, matrix)] : [], project: projectPart(sizes, projection, names.streams, matrix, sums), sums, matrix };
}

/** streams [B,n,C] and parameters → preMapping, postMapping [B,n], residualMapping [B,n,n]. */
export function mappingsParts(sizes: PartSizes, dialect: MappingsDialect, names: MappingParameters, outputs: readonly [pre: string, post: string, residual: string], options: CoefficientOptions = {}): readonly Part[] {
  const { fold, project, sums } = coefficientParts(sizes, dialect, names, options);
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
  return [...fold, project, { passes: [{ label: `mappings, n = ${sizes.n}`, code, buffers: [sums, names.scales, names.biases, ...outputs], groups: (tokens) => Math.ceil(tokens / 64) }] }];
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
fn logit(token: u32, j: u32, k: u32) -> f32 { return load_scales(3u * sizes.layer + k) * normalised(token, j) + load_biases(sizes.layer * ${countText(n)} + j); }
fn sigmoid(z: f32) -> f32 { return 1.0 / (1.0 + exp(-z)); }
`;
}
