/**
 * The dialects of the coefficient kernel in use, named like the code bases that compute them, each with the place it was read from. A preset is the Sinkhorn preset of
 * the code base and what its coefficients add. Where a code base leaves a number to a configuration, it is the one of DeepSeek-V4 (rms_norm_eps and hc_eps 1e-6).
 *
 * Not here, because their mappings are no function of this form: lucidrains (post = b + α·2σ(·)), tokenbender (softmax instead of gates, static logits), mHC.cu and mhc-mlx
 * (the norm is of the aggregated streams, the coefficients are static), FlashInfer (its kernels start after the projection). Not here, because their coefficients were not
 * read: NucleusAI, pmetal.
 */
import type { PresetSource } from '../operation.ts';
import { sinkhornPresets, type SinkhornDialect } from '../sinkhorn/dialect.ts';
import type { MappingsDialect, MappingsVjpDialect } from './dialect.ts';

type Own = Omit<MappingsDialect, keyof SinkhornDialect>;

interface Preset extends PresetSource {
  readonly dialect: MappingsDialect;
}

const deepseekOwn: Own = {
  norm: 'flattened',
  rmsEpsilon: 1e-6,
  rmsEpsilonPlace: 'inside',
  normWeight: false,
  projectionRounding: 'exact',
  preEpsilon: 1e-6,
  postMultiplier: 2,
};
/** pre without an ε. */
const plainOwn: Own = { ...deepseekOwn, preEpsilon: 0 };

const deepseek: MappingsDialect = { ...sinkhornPresets['tilekernels']!, ...deepseekOwn };
const onTensorCores: MappingsDialect = { ...deepseek, projectionRounding: 'tf32-any' };
const megatronMain = sinkhornPresets['megatron-main']!;
const logDomain = sinkhornPresets['transformer-engine']!;
const normalised: MappingsDialect = { ...logDomain, lastNormalised: 'rows', ...plainOwn, normWeight: true, rmsEpsilon: 0 };

const table: Readonly<Record<string, Preset>> = {
  paper: {
    dialect: { ...sinkhornPresets['paper']!, ...plainOwn, normWeight: true, rmsEpsilon: 0 },
    source: 'arXiv 2512.24880 v2, Eq. 7, 8 and 14–19',
    note: 'Eq. 15 has no ε; streams that are all zero have no mappings',
  },
  tilekernels: {
    dialect: { ...deepseek, projectionRounding: 'tf32-half-up' },
    source: 'deepseek-ai/TileKernels@36d9e45d, tile_kernels/torch/mhc.py and modeling/mhc/ops/norm_fn.py',
    note: 'the norm weight is an argument that may be absent: normWeight true where it is given',
  },
  deepseek: { dialect: deepseek, source: 'DeepSeek-V4 inference code, as mirrored in sglang@009eb08d', note: 'projects in f32' },
  tilelang: { dialect: onTensorCores, source: 'tile-ai/tilelang@a35008a4, examples/deepseek_mhc/example_mhc_pre.py', note: 'its test multiplies post with 1' },
  sglang: { dialect: onTensorCores, source: 'sgl-project/sglang@009eb08d, python/sglang/srt/layers/mhc.py' },
  vllm: { dialect: onTensorCores, source: 'vllm-project/vllm@001a058b, model_executor/layers/mhc.py' },
  flaggems: { dialect: onTensorCores, source: 'FlagGems@ed2508bc, fused/mhc/mhc_pre' },
  'megatron-main': {
    dialect: { ...megatronMain, ...plainOwn, rmsEpsilonPlace: 'outside' },
    source: 'NVIDIA/Megatron-LM@d98e8a64 (main), HyperConnectionModule',
    note: '1/(‖x‖/√K + 1e-6); earlier revisions have 1e-8',
  },
  liger: {
    dialect: { ...sinkhornPresets['liger']!, ...plainOwn, projectionRounding: 'tf32-any' },
    source: 'linkedin/Liger-Kernel@ead96b61, ops/mhc.py',
    note: 'TF32 where φ is f32; bf16 and f16 operands are exact in it',
  },
  'transformer-engine': {
    dialect: { ...logDomain, ...plainOwn, rmsEpsilon: 2 ** -23, projectionRounding: 'tf32-any' },
    source: 'NVIDIA/TransformerEngine@d0067d0d, pytorch/triton/mhc.py and common/triton/mhc.py',
    note: "ε is f32's machine epsilon; use_tf32=False projects exactly",
  },
  'aiter-triton': {
    dialect: { ...logDomain, ...plainOwn, projectionRounding: 'tf32-any' },
    source: 'ROCm/aiter@e4048607, ops/triton/fusions/mhc.py',
  },
  tileops: {
    dialect: { ...megatronMain, divisor: 'add', epsilon: 0.02, ...plainOwn, rmsEpsilon: 1e-4, rmsEpsilonPlace: 'outside' },
    source: 'TileOPs@52dbc086, workloads/mhc.py',
    note: "Sinkhorn's ε is the tests' value",
  },
  maxtext: {
    dialect: { ...deepseek, normWeight: true },
    source: 'AI-Hypercomputer/maxtext@e591f30c, layers/mhc.py',
    note: "ε of the norm is configured (normalization_layer_epsilon); this is DeepSeek-V4's",
  },
  'mhc-lite-baseline': {
    dialect: normalised,
    source: 'FFTYYY/mhc-lite@ea197752, mhc.py',
    note: 'F.normalize and a weight 1 + γ: ε is a limit of 1e-12 on ‖x‖, without effect above it; coefficients are stored stream by stream',
  },
  kromhc: { dialect: normalised, source: 'wz1119/KromHC@7b15834f, hyper_conn/mhc.py', note: 'as mhc-lite-baseline' },
  tenstorrent: { dialect: { ...deepseek, projectionRounding: 'tf32-nearest-even' }, source: 'tenstorrent/tt-metal, golden reference of its mHC test (file id 70800561991)' },
};

export const mappingsPresets: Readonly<Record<string, MappingsDialect>> = Object.fromEntries(Object.entries(table).map(([name, { dialect }]) => [name, dialect]));

/** Where each preset was read; their derivatives are of the same place. */
export const mappingsPresetSources: Readonly<Record<string, PresetSource>> = Object.fromEntries(
  Object.entries(table).map(([name, { source, note }]) => [name, note === undefined ? { source } : { source, note }]),
);

export const mappingsVjpPresets: Readonly<Record<string, MappingsVjpDialect>> = Object.fromEntries(
  Object.entries(mappingsPresets).map(([name, dialect]) => [name, { ...dialect, derivative: 'unrolled' as const }]),
);
