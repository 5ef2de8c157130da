/**
 * Under which names code bases save the parameters of mHC. Of a sublayer: the projection [n² + 2n, n·C], three scales, the bias [n² + 2n], and the weight of the norm where there is one; its
 * rows are in the order pre | post | residual.
 */
import { PlumblineError } from '../../errors.ts';
import type { Checkpoint } from './file.ts';

/** Where a sublayer's parameters are. */
export interface SublayerNames {
  /** As people call it: 'layer 17, attention'. */
  readonly name: string;
  readonly layer: number;
  readonly projection: string;
  /** One tensor of three, or three of one. */
  readonly scales: readonly string[];
  readonly bias: string;
  readonly normWeight: string | undefined;
}

interface Scheme {
  readonly source: string;
  /** The mappings preset that its kernels compute. */
  readonly dialect: string;
  readonly sublayers: readonly { readonly kind: string; readonly projection: string; readonly scales: readonly string[]; readonly bias: string; readonly normWeight?: string }[];
}

const hcOf = (kind: string, stem: string): Scheme['sublayers'][number] => ({ kind, projection: `${stem}_fn`, scales: [`${stem}_scale`], bias: `${stem}_base` });
const dotted = (kind: string, stem: string): Scheme['sublayers'][number] => ({ kind, projection: `${stem}.fn`, scales: [`${stem}.scale`], bias: `${stem}.base` });
const megatron = (kind: string, stem: string): Scheme['sublayers'][number] => ({
  kind, projection: `${stem}.mapping_proj.weight`, scales: ['pre', 'post', 'res'].map((part) => `${stem}.alpha_${part}`), bias: `${stem}.bias`, normWeight: `${stem}.norm.weight`,
});

/** `*` is the layer. A name may have more before it (`model.`), and `.weight` after it. */
export const schemes: Readonly<Record<string, Scheme>> = {
  deepseek: { source: 'DeepSeek-V4 inference code and what loads its weights', dialect: 'deepseek', sublayers: [hcOf('attention', 'layers.*.hc_attn'), hcOf('ffn', 'layers.*.hc_ffn')] },
  transformers: { source: 'transformers, models/deepseek_v4', dialect: 'deepseek', sublayers: [dotted('attention', 'layers.*.attn_hc'), dotted('ffn', 'layers.*.ffn_hc')] },
  megatron: {
    source: 'NVIDIA/Megatron-LM, core/transformer/hyper_connection', dialect: 'megatron-main',
    sublayers: [megatron('attention', 'layers.*.self_attention_hyper_connection'), megatron('ffn', 'layers.*.mlp_hyper_connection'), megatron('layer', 'layers.*.hyper_connection')],
  },
};

export interface Found {
  readonly scheme: string;
  readonly dialect: string;
  readonly sublayers: readonly SublayerNames[];
}

/** The sublayers of a checkpoint, in order. `map` names a scheme of one's own: `projection=blocks.*.mix.w,scales=blocks.*.mix.a,bias=blocks.*.mix.b`. Throws `bad-file`, `bad-usage`. */
export function findSublayers(checkpoint: Checkpoint, map?: string): Found {
  const candidates = map === undefined ? Object.entries(schemes) : [['map', ownScheme(map)] as const];
  for (const [name, scheme] of candidates) {
    const sublayers = scheme.sublayers.flatMap((pattern, order) => matches(checkpoint, pattern).map((found) => ({ ...found, order })));
    if (sublayers.length === 0) continue;
    sublayers.sort((a, b) => a.layer - b.layer || a.order - b.order);
    requireAllLayers(sublayers, scheme);
    return { scheme: name, dialect: scheme.dialect, sublayers };
  }
  throw new PlumblineError('bad-file', `No parameters of mHC were found among ${checkpoint.size} tensors. ${whatIsThere(checkpoint)}`, remedy);
}

/** Whether some names are those of a known scheme. */
export function hasSublayers(checkpoint: Checkpoint): boolean {
  const expressions = Object.values(schemes).flatMap(({ sublayers }) => sublayers.map(({ projection }) => expressionOf(projection)));
  return [...checkpoint.keys()].some((name) => expressions.some((expression) => expression.test(name)));
}

const remedy = `Names are known of ${Object.keys(schemes).join(', ')}. Map others with --map 'projection=blocks.*.mix.weight,scales=blocks.*.mix.alpha,bias=blocks.*.mix.bias', where * is the layer.`;

function matches(checkpoint: Checkpoint, pattern: Scheme['sublayers'][number]): SublayerNames[] {
  const expression = expressionOf(pattern.projection);
  return [...checkpoint.keys()].flatMap((projection) => {
    const match = expression.exec(projection);
    if (match === null) return [];
    const [, before = '', layer = ''] = match;
    const named = (part: string): string => {
      const plain = `${before}${part.replace('*', layer)}`;
      return checkpoint.has(plain) || !checkpoint.has(`${plain}.weight`) ? plain : `${plain}.weight`;
    };
    const name = `layer ${layer}${pattern.kind === 'layer' ? '' : `, ${pattern.kind}`}`;
    const missing = [...pattern.scales, pattern.bias].map(named).filter((part) => !checkpoint.has(part));
    if (missing.length > 0) throw new PlumblineError('bad-file', `${name} has its projection '${projection}', but there is no '${missing.join("', no '")}'.`, 'The checkpoint is incomplete, or some of its files are missing: name its folder or its index.');
    const normWeight = pattern.normWeight === undefined ? undefined : named(pattern.normWeight);
    return [{ name, layer: Number(layer), projection, scales: pattern.scales.map(named), bias: named(pattern.bias), normWeight: normWeight !== undefined && checkpoint.has(normWeight) ? normWeight : undefined }];
  });
}

function expressionOf(pattern: string): RegExp {
  const [head, tail] = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')) as [string, string];
  return new RegExp(`^((?:.*\\.)?)${head}(\\d{1,6})${tail}(?:\\.weight)?$`);
}

/** A gap in the numbers, or a layer without one of the kinds that others have, is a missing file, not a smaller network. */
function requireAllLayers(sublayers: readonly SublayerNames[], scheme: Scheme): void {
  const kinds = scheme.sublayers.filter(({ projection }) => sublayers.some((found) => expressionOf(projection).test(found.projection)));
  const last = sublayers.at(-1)!.layer;
  const count = new Map<number, number>();
  for (const { layer } of sublayers) count.set(layer, (count.get(layer) ?? 0) + 1);
  const incomplete = [];
  for (let layer = 0; layer <= last && incomplete.length < 20; layer++) if ((count.get(layer) ?? 0) !== kinds.length) incomplete.push(`${layer} (${count.get(layer) ?? 0} of ${kinds.length})`);
  if (incomplete.length > 0) throw new PlumblineError('bad-file', `Sublayers are missing, or there more than once, in layer ${incomplete.join(', ')}.`, 'Name the folder or the index of the whole checkpoint, or map one kind of sublayer with --map.');
}

function ownScheme(map: string): Scheme {
  const parts = new Map(map.split(',').map((part) => part.split('=', 2).map((text) => text.trim()) as [string, string | undefined]));
  const [projection, scales, bias, normWeight] = ['projection', 'scales', 'bias', 'norm'].map((key) => parts.get(key));
  const unknown = [...parts.keys()].find((key) => !['projection', 'scales', 'bias', 'norm'].includes(key));
  if (unknown !== undefined) throw new PlumblineError('bad-usage', `--map does not know '${unknown}'.`, 'It knows projection, scales (one tensor, or three with + between them), bias and norm.');
  if (projection === undefined || scales === undefined || bias === undefined) throw new PlumblineError('bad-usage', '--map needs projection, scales and bias.', remedy);
  const names = [projection, ...scales.split('+'), bias, ...(normWeight === undefined ? [] : [normWeight])];
  const wrong = names.find((name) => name.split('*').length !== 2);
  if (wrong !== undefined) throw new PlumblineError('bad-usage', `--map: '${wrong}' needs one * for the layer.`, remedy);
  return { source: 'the command line', dialect: 'deepseek', sublayers: [{ kind: 'layer', projection, scales: scales.split('+'), bias, ...(normWeight === undefined ? {} : { normWeight }) }] };
}

/** The names that are there, numbers as *, most frequent first. */
function whatIsThere(checkpoint: Checkpoint): string {
  const counts = new Map<string, number>();
  for (const name of checkpoint.keys()) {
    const pattern = name.slice(0, 200).replaceAll(/\d+/g, '*');
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  const listed = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 12).map(([pattern, times]) => `${pattern} (${times})`);
  return `There is: ${listed.join(', ')}${counts.size > 12 ? ` and ${counts.size - 12} other names` : ''}.`;
}
