/** The public names of plumbline. Nothing in src imports this file. */
export { PlumblineError, type ErrorCode } from './errors.ts';

export { bytesPerElement, dtypes, unitRoundoff, type Dtype, type TensorData } from './tensor/dtype.ts';
export { bf16round, bf16bits, bf16value, decode, encode, f16bits, f16value, roundTo } from './tensor/codecs.ts';
export { cloneTensor, tensor, valuesOf, type Tensor } from './tensor/tensor.ts';
export { decodeSafetensors, encodeSafetensors } from './tensor/safetensors.ts';

export { arithmeticPresets, resolveArithmetic, type Arithmetic, type ArithmeticInput } from './numerics/arithmetic.ts';

export { operations } from './operations/index.ts';
export type { Bounded, Operation, OperationId, Port, PresetSource, Sizes, Term, Values } from './operations/operation.ts';
export { firstNormalised, halfSteps, sinkhornPresets, sinkhornPresetSources, sinkhornVjpPresets, type SinkhornDialect, type SinkhornVjpDialect } from './operations/sinkhorn/dialect.ts';
export { sinkhornClosedForm } from './operations/sinkhorn/closed-form.ts';
export {
  expandPresets, headPresets, layerPresets, layerStackVjpPresets, layerVjpPresets,
  type ExpandDialect, type HeadDialect, type LayerDialect, type LayerVjpDialect, type StackVjpDialect,
} from './operations/layers/dialect.ts';
export { mappingsPresets, mappingsVjpPresets, type MappingsDialect, type MappingsVjpDialect } from './operations/mappings/dialect.ts';
export { mixingPresets, type MixingDialect } from './operations/streams/dialect.ts';

export { referenceKernels, type ReferenceOptions } from './kernels/reference/index.ts';

export { expand } from './generate/expand.ts';
export { recipeArbitrary } from './generate/arbitrary.ts';
export { recipeSchema, recipeSizes, type InputPlan, type Recipe } from './generate/recipe.ts';
export { Random } from './generate/random.ts';

export { builtInTargets } from './targets/built-in.ts';
export { inProcess } from './targets/in-process.ts';
export { webgpuTarget } from './targets/webgpu.ts';
export { worker, workerTarget, type WorkerDeclaration } from './targets/worker/target.ts';
export type { WorkerOptions } from './targets/worker/client.ts';
export { resolveKernel, type ResolvedKernel } from './targets/resolve.ts';
export type { Availability, CallCounts, KernelDeclaration, KernelOutput, KernelPrepare, KernelRun, PreparedKernel, SampleRequest, Target, TargetDeclaration, TargetNote } from './targets/kernel.ts';
export type { KernelScreening, Screened, ScreenedFor, ScreenRequest } from './kernels/screening.ts';

export { verify } from './verify/verify.ts';
export { replay, type Replay, type ReplayOptions } from './verify/replay.ts';
export type { Reproduction, Spread } from './verify/repeat.ts';
export { powerOf, type PowerResult } from './verify/power.ts';
export { defineProperty, type CheckContext, type ClaimClass, type PowerMutation, type Property } from './verify/property.ts';
export { Judge, type Judgement, type Worst } from './verify/judge.ts';
export { readCounterexample } from './verify/counterexample-file.ts';
export type { VerifyOptions } from './verify/options.ts';
export type { Counterexample, Effort, Explanation, PropertyResult, Report, ResultStatus, RunEvent, TargetReport, Totals } from './verify/results.ts';

export { identifyKernel, identifyTarget, type IdentifyOptions } from './identify/identify.ts';
export { explainFailure } from './identify/explain.ts';
export type { Field, FieldStatus, Identification, Nearest, NearPreset, Verdict } from './identify/result.ts';

export type { Certificate, Claim } from './certify/certificate.ts';
export { readCertificate } from './certify/certificate-file.ts';
export { checkCertificate, DamagedFile, type Checked, type ClaimChecked } from './certify/checker/check.ts';

export { type Arm } from './perf/arm.ts';
export { bench } from './perf/bench.ts';
export type { BenchOptions, Copies, Opponent } from './perf/options.ts';
export type { BenchEvent, BenchReport, Comparison, WorkloadResult, WorkloadStatus } from './perf/results.ts';
export type { Workload, WorkloadDeclaration } from './perf/workload.ts';
export { comparePairs, type PairedComparison, type PairOptions } from './perf/pairs.ts';
export { judge, type Judgement as BenchJudgement, type Verdict as BenchVerdict } from './perf/judgement.ts';
export { judgeLaunches } from './perf/launches.ts';
export { changePoints, type ChangePoint } from './perf/history/change-points.ts';
export { compareCounts, type CountComparison } from './perf/history/counts.ts';
export { type BenchRecord } from './perf/history/record.ts';
export { findDrift, type TargetDrift } from './perf/drift/drift.ts';
export { type MarginRecord } from './perf/drift/record.ts';

export { defineConfig, type BenchConfig, type PlumblineConfig } from './config/config.ts';
