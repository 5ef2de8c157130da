/**
 * Objectives besides the margins of claims. Each scores problems by what a kernel makes of them; the search climbs, and begins anew when it has not for a while, keeping the best it had.
 *   free-side deviation   sinkhorn: the largest |sum − 1| on the side that is not normalised last. Where it can be large, a claim of double stochasticity is wrong.
 *   gradient factor       sinkhorn-vjp: ‖logitsGradient‖ / ‖cotangent‖ (a theorem bounds it near ½, MATHS.md B2).
 *   disagreement          two kernels of one dialect: |a − b| / (bound of a + bound of b). Above 1 one of them is outside its own bound, which the claims against the reference then show.
 */
import type { Values, Sizes } from '../operations/operation.ts';
import { firstNormalised } from '../operations/sinkhorn/dialect.ts';
import { encodeInputs, decodeOutputs, type KernelCaller } from '../verify/call.ts';
import type { ResolvedKernel } from '../verify/property.ts';
import { valuesOf } from '../tensor/tensor.ts';

export interface Pursuit {
  readonly name: string;
  /** Whether the scores of different stream counts are different objectives. */
  readonly byStreams: boolean;
  /** Scores [tokens]; NaN where nothing is to be said. Throws `OutcomeError`. */
  score(inputs: Values, sizes: Sizes): Promise<{ readonly scores: Float64Array; readonly outputs: Values }>;
}

/** Inputs as the kernel gets them. */
function rounded(kernel: ResolvedKernel, inputs: Values, sizes: Sizes): Values {
  return Object.fromEntries(Object.entries(encodeInputs(kernel, inputs, sizes)).map(([name, tensor]) => [name, valuesOf(tensor)]));
}

/** The objectives of one kernel by itself. */
export function pursuitsOf(kernel: ResolvedKernel, caller: KernelCaller): Pursuit[] {
  if (kernel.operation.id === 'sinkhorn') return [freeSide(kernel, caller)];
  return kernel.operation.id === 'sinkhorn-vjp' ? [gradientFactor(caller)] : [];
}

function freeSide(kernel: ResolvedKernel, caller: KernelCaller): Pursuit {
  const free = firstNormalised(kernel.dialect);
  return {
    name: 'free-side deviation',
    byStreams: true,
    async score(inputs, sizes) {
      const outputs = decodeOutputs(await caller.call(inputs, sizes));
      const mapping = outputs['residualMapping']!;
      const { tokens, streams: n } = sizes;
      const [line, entry] = free === 'rows' ? [n, 1] : [1, n];
      const scores = new Float64Array(tokens);
      for (let token = 0; token < tokens; token++) {
        let most = 0;
        for (let l = 0; l < n; l++) {
          let sum = 0;
          for (let k = 0; k < n; k++) sum += mapping[token * n * n + l * line + k * entry]!;
          const off = Math.abs(sum - 1);
          if (!(off <= most)) most = off;
        }
        scores[token] = most;
      }
      return { scores, outputs };
    },
  };
}

function gradientFactor(caller: KernelCaller): Pursuit {
  return {
    name: 'gradient factor',
    byStreams: true,
    async score(inputs, sizes) {
      const outputs = decodeOutputs(await caller.call(inputs, sizes));
      const [gradient, cotangent] = [outputs['logitsGradient']!, inputs['cotangent']!];
      const per = sizes.streams ** 2;
      const scores = Float64Array.from({ length: sizes.tokens }, (_, token) => norm(gradient, token * per, per) / norm(cotangent, token * per, per));
      return { scores, outputs };
    },
  };
}

/** Of two kernels of one operation whose dialects and dtypes agree. */
export function disagreement(kernel: ResolvedKernel, caller: KernelCaller, other: ResolvedKernel, otherCaller: KernelCaller, otherTarget: string): Pursuit {
  return {
    name: `disagreement with ${otherTarget}`,
    byStreams: false,
    async score(given, sizes) {
      const inputs = rounded(kernel, given, sizes);
      const [a, b] = [decodeOutputs(await caller.call(inputs, sizes)), decodeOutputs(await otherCaller.call(inputs, sizes))];
      const [ofA, ofB] = [kernel, other].map((one) => one.operation.bounded(inputs, sizes, one.dialect, one.arithmetic, one.dtypes));
      const scores = new Float64Array(sizes.tokens);
      for (const [port, values] of Object.entries(a)) {
        const per = values.length / sizes.tokens;
        for (let at = 0; at < values.length; at++) {
          const token = Math.floor(at / per);
          if (ofA!.certified[token] === 0 || ofB!.certified[token] === 0) continue;
          const apart = Math.abs(values[at]! - b[port]![at]!);
          const margin = apart === 0 ? 0 : apart / (ofA!.errors[port]![at]! + ofB!.errors[port]![at]!);
          if (!(margin <= scores[token]!)) scores[token] = margin;
        }
      }
      return { scores, outputs: a };
    },
  };
}

/** Whether two kernels ought to compute the same. */
export function comparable(a: ResolvedKernel, b: ResolvedKernel): boolean {
  return a.operation.id === b.operation.id && JSON.stringify(a.dialect) === JSON.stringify(b.dialect) && a.operation.inputs.every(({ name }) => a.dtypes[name] === b.dtypes[name]) && a.operation.outputs.every(({ dims }) => dims[0] === 'tokens');
}

function norm(values: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let k = from; k < from + length; k++) sum += values[k]! * values[k]!;
  return Math.sqrt(sum);
}
