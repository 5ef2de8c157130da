/**
 * The dialects in use, named like the code bases that compute them, each with the place it was read from. Read at the commits
 * given: other revisions may differ. What is not stated there (an iteration count, mostly) is the paper's.
 */
import type { PresetSource } from '../operation.ts';
import type { SinkhornDialect, SinkhornVjpDialect } from './dialect.ts';

interface Preset extends PresetSource {
  readonly dialect: SinkhornDialect;
  /** What the backward does otherwise. */
  readonly backward?: Partial<SinkhornVjpDialect>;
}

/** DeepSeek's form, which most kernels follow. */
const deepseek: SinkhornDialect = {
  iterations: 20,
  epsilon: 1e-6,
  temperature: 1,
  start: 'softmax',
  epsilonInStart: true,
  divisor: 'add',
  smallRows: 'divided',
  smallColumns: 'divided',
  stabilisation: 'line-max',
  domain: 'linear',
  stopBelow: 0,
  lastNormalised: 'columns',
  orientation: 'transposed',
};
const exponential: SinkhornDialect = { ...deepseek, start: 'exp', epsilonInStart: false };
const logDomain: SinkhornDialect = { ...exponential, epsilon: 0, divisor: 'plain', domain: 'log' };

const table: Readonly<Record<string, Preset>> = {
  paper: {
    dialect: { ...exponential, epsilon: 0, divisor: 'plain', stabilisation: 'none', lastNormalised: 'rows', orientation: 'plain' },
    source: 'arXiv 2512.24880 v2, Eq. 8 and 9',
  },
  tilekernels: { dialect: deepseek, source: 'deepseek-ai/TileKernels@36d9e45d', note: 'its Python default is 10 iterations; DeepSeek-V4 runs 20' },
  deepseek: { dialect: deepseek, source: 'deepseek-ai/TileKernels@36d9e45d; DeepSeek-V4 inference' },
  tilelang: { dialect: deepseek, source: 'tile-ai/tilelang@a35008a4' },
  sglang: { dialect: deepseek, source: 'sgl-project/sglang@009eb08d' },
  vllm: { dialect: deepseek, source: 'vllm-project/vllm@001a058b' },
  flashinfer: { dialect: deepseek, source: 'flashinfer-ai/flashinfer@fb28d724', note: 'n = 4 only' },
  flaggems: { dialect: deepseek, source: 'FlagGems@ed2508bc', note: 'epsilon is fixed at 1e-6' },
  'megatron-dev': { dialect: deepseek, source: 'NVIDIA/Megatron-LM@d48bd6be (dev, after #4624)' },
  'megatron-main': { dialect: { ...exponential, divisor: 'clamp', orientation: 'plain' }, source: 'NVIDIA/Megatron-LM@d98e8a64 (main)' },
  liger: {
    dialect: { ...deepseek, orientation: 'plain' },
    source: 'linkedin/Liger-Kernel@ead96b61, ops/mhc.py',
    note: "DeepSeek's matrix, used un-transposed",
  },
  'transformer-engine': { dialect: logDomain, source: 'NVIDIA/TransformerEngine@d0067d0d', note: 'n = 4 only; out = x·H' },
  'log-domain': { dialect: { ...logDomain, orientation: 'plain' }, source: 'generic: rows then columns by log-sum-exp, used un-transposed' },
  'aiter-triton': { dialect: logDomain, source: 'ROCm/aiter@e4048607 (Triton)' },
  'aiter-hip': {
    dialect: deepseek,
    source: 'ROCm/aiter@e4048607 (HIP mhc_pre_big_fuse; form read at 00c3ea73)',
    note: 'a further HIP variant, noted as "asymmetric exp", could not be read and has no preset',
  },
  tileops: {
    dialect: { ...exponential, epsilon: 0.02, orientation: 'plain' },
    source: 'TileOPs@52dbc086, workloads/mhc.py',
    note: "epsilon is the tests' value",
  },
  maxtext: { dialect: deepseek, source: 'AI-Hypercomputer/maxtext@e591f30c', note: 'the text of #4337 says 1e-5' },
  'mhc-cu': {
    dialect: { ...exponential, epsilon: 1e-5, divisor: 'threshold', smallRows: 'kept', smallColumns: 'zeroed', stabilisation: 'none', orientation: 'plain' },
    source: 'AndreSlavescu/mHC.cu@3595c86b',
    note: 'the path for n ≤ 32; larger matrices keep small columns too',
  },
  lucidrains: {
    dialect: { ...exponential, epsilon: 1e-12, divisor: 'clamp', lastNormalised: 'rows' },
    source: 'lucidrains/hyper-connections@47751035',
    note: 'F.normalize with p = 1 clamps at 1e-12; one of two paths, the other is in the log domain',
  },
  tokenbender: {
    dialect: { ...logDomain, temperature: 0.05, iterations: 10 },
    source: 'tokenbender/mHC-manifold-constrained-hyper-connections@088310e5',
  },
  'mhc-lite-baseline': { dialect: { ...logDomain, lastNormalised: 'rows' }, source: 'FFTYYY/mhc-lite@ea197752, mhc.py', note: 'its "mHC" baseline' },
  kromhc: { dialect: { ...logDomain, lastNormalised: 'rows' }, source: "wz1119/KromHC@7b15834f (copies mhc-lite's baseline)" },
  nucleus: {
    dialect: { ...exponential, epsilon: 1e-8, start: 'absolute', epsilonInStart: true, stabilisation: 'none', orientation: 'plain' },
    source: 'WithNucleusAI/mHC-triton@aa21c11e',
    note: 'n = 4 only; the fused path gives 1e-6 for epsilon',
    backward: { slopeAtZero: 1 },
  },
  'nucleus-autograd': {
    dialect: { ...exponential, epsilon: 1e-8, start: 'absolute', epsilonInStart: true, stabilisation: 'none', orientation: 'plain' },
    source: 'WithNucleusAI/mHC-triton@aa21c11e, _torch_baseline.py',
    note: 'differs from nucleus in the gradient at zero logits only',
  },
  'mhc-mlx': {
    dialect: { ...exponential, epsilon: 1e-5, divisor: 'threshold', smallRows: 'kept', smallColumns: 'zeroed', stabilisation: 'matrix-max', orientation: 'plain' },
    source: 'svdrecbd/mhc-mlx@87a15f2c',
  },
  pmetal: {
    dialect: { ...exponential, epsilon: 1e-8, stabilisation: 'none', stopBelow: 1e-6, orientation: 'plain' },
    source: 'Epistates/pmetal@08917163, crates/pmetal-mhc/src/sinkhorn.rs',
    note: 'the forward may stop early, the backward differentiates all 20 iterations',
    backward: { stopBelow: 0 },
  },
  tenstorrent: { dialect: deepseek, source: 'tenstorrent/tt-metal, golden reference of its mHC test (file id 70800561991)' },
};

export const sinkhornPresets: Readonly<Record<string, SinkhornDialect>> = Object.fromEntries(Object.entries(table).map(([name, { dialect }]) => [name, dialect]));

/** Where each preset was read; the implicit backwards belong to the preset whose name they start with. */
export const sinkhornPresetSources: Readonly<Record<string, PresetSource>> = Object.fromEntries(
  Object.entries(table).map(([name, { source, note }]) => [name, note === undefined ? { source } : { source, note }]),
);

export const sinkhornVjpPresets: Readonly<Record<string, SinkhornVjpDialect>> = Object.fromEntries(
  Object.entries(table).flatMap(([name, { dialect, backward }]) => {
    const unrolled: SinkhornVjpDialect = { ...dialect, derivative: 'unrolled', slopeAtZero: 0, ...backward };
    const implicit: [string, SinkhornVjpDialect][] = dialect.start === 'absolute' ? [] : [[`${name}-implicit`, { ...unrolled, derivative: 'implicit' }]];
    return [[name, unrolled], ...implicit];
  }),
);
