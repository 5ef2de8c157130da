/**
 * What holds of a design at any depth and for every input, where there is such a theorem:
 *
 * Sinkhorn: the exact side and n times it (`exact-side-depth`, `free-side-depth`).
 * Lines that sum to 1 whatever the input (mixtures of permutations, Kronecker products of [[a, 1−a], [1−a, a]], the plain residual): matrices ≥ 0 with line sums of at most g on both sides
 * multiply to one with line sums of at most g^D on both sides, and ‖·‖₂ ≤ √(‖·‖₁‖·‖∞). What rounding adds to g:
 *   mixture: â_k = ê_k/ŝ, ŝ ≥ Σê·(1 − γ_{m−1}), m = n!, so Σâ ≤ (1 + δ÷)/(1 − γ_m) however wrong the exponentials are; sums of the weights add γ_m more (any order, zeros or not).
 *   Kronecker: with σ̂ ≤ 1 + δ, |σ̂| + |fl(1 − σ̂)| ≤ 1 + u + 3δ; a line of the product is the product of k such sums, each entry rounded k − 1 times.
 *   Underflow adds at most its unit to each product or quotient: m a line, or k·n.
 * Orthogonal mappings (Cayley): norm 1, so that no line sum exceeds √n. Of the function: how an elimination rounds depends on the logits.
 * Hyper-connections: none. |H_ij − b_ij| ≤ α gives (1 + n·α)^D for b = I, and tanh attains it.
 */
import { compound } from '../../numerics/compound.ts';
import { computeUnit, underflowUnit, type Arithmetic } from '../../numerics/arithmetic.ts';
import { addUp, mulUp, sqrtUp } from '../../numerics/directed.ts';
import { boundOf } from '../bound.ts';
import type { Draft } from '../confirm.ts';
import { sinkhornDepthDrafts } from '../inputs/certify-inputs.ts';
import { powerUp } from '../inputs/mapping.ts';
import { storing } from '../inputs/rounding.ts';
import { ieeeAssumption } from '../outputs/claims.ts';
import type { DesignKernel } from './kernels.ts';

const declared = 'The kernel computes what the parameters name, and its arithmetic keeps within the errors that they name; those follow from the declared arithmetic.';
const exact = 'Exact arithmetic: the mathematical function, not a kernel that rounds.';

/** Claims about all inputs of the design, up to a depth; or why there are none. */
export function theoremDrafts({ design, kernel }: DesignKernel, streams: number, depth: number): readonly Draft[] | string {
  const { operation, arithmetic, dialect } = kernel;
  switch (operation.id) {
    case 'sinkhorn': {
      const drafts = sinkhornDepthDrafts(dialect, arithmetic, streams, depth);
      return typeof drafts === 'string' ? drafts : drafts.map((draft) => ({ ...draft, id: `depth/${design.name}/${draft.method}` }));
    }
    case 'permutation-mixture':
      return [stochastic(design.name, 'permutation-mixture', streams, depth, mixtureExcess(arithmetic, streams), arithmetic)];
    case 'kronecker':
      if ((dialect as { complement: string }).complement !== 'subtraction') return 'its two weights are two sigmoids, whose sum depends on how exp rounds';
      return [stochastic(design.name, 'kronecker', streams, depth, kroneckerExcess(arithmetic, Math.log2(streams)), arithmetic)];
    case 'plain-residual':
      return [stochastic(design.name, 'plain-residual', 1, depth, { excess: 0, absolute: 0 }, undefined)];
    case 'cayley':
      if ((dialect as { solver: string }).solver !== 'elimination') return 'its fixed point is orthogonal only where it converges';
      return [orthogonal(design.name, streams, depth)];
    default:
      return 'nothing bounds the product but (1 + n·α)^depth for a gate α, which the inputs attain';
  }
}

interface Excess {
  /** Relative, of a line's sum. */
  readonly excess: number;
  /** Of an entry. */
  readonly absolute: number;
}

const outward = 1 + 2 ** -40;

function mixtureExcess(arithmetic: Arithmetic, n: number): Excess {
  const unit = computeUnit(arithmetic);
  const weights = Array.from({ length: n }, (_, k) => k + 1).reduce((product, k) => product * k, 1);
  const division = (arithmetic.division.perLine + arithmetic.division.perEntry) * unit;
  const sums = compound([weights, unit]);
  return { excess: ((1 + division) * (1 + sums) / (1 - sums) - 1) * outward, absolute: 2 * weights * underflowUnit(arithmetic) };
}

function kroneckerExcess(arithmetic: Arithmetic, factors: number): Excess {
  const unit = computeUnit(arithmetic);
  const { sigmoid, division } = arithmetic;
  // 1/(1 + e) ≤ 1 is rounded to at most 1 by a correct division
  const over = sigmoid === undefined ? (division.perLine + division.perEntry > 1 ? (division.perLine + division.perEntry + 1) * unit : 0) : sigmoid.relative * unit + sigmoid.absolute;
  return { excess: compound([factors, unit + 3 * over], [factors, unit]) * outward, absolute: 2 * factors * underflowUnit(arithmetic) };
}

function stochastic(name: string, operation: string, n: number, depth: number, { excess, absolute }: Excess, arithmetic: Arithmetic | undefined): Draft {
  const stored = arithmetic === undefined ? { relative: 0, absolute: 0 } : storing(arithmetic);
  const kernel = { operation, n, excess: addUp(excess, mulUp(addUp(1, excess), stored.relative)), absolute: addUp(absolute, stored.absolute) };
  const gain = addUp(addUp(1, kernel.excess), mulUp(n, kernel.absolute));
  return {
    id: `depth/${name}/stochastic-depth`, strength: 'all-inputs', method: 'stochastic-depth', quantity: `gain over ${depth} layers`, relation: '<=', bound: boundOf(powerUp(gain, depth), 'up'),
    plain: (b) => `Up to ${depth} layers, whatever the inputs, neither the gain of signals nor that of gradients, nor the norm of the product, exceeds ${b}.`,
    parameters: { operation, kernel, depth }, assumptions: [declared, ieeeAssumption], domain: `all finite inputs of ${operation}`,
  };
}

function orthogonal(name: string, n: number, depth: number): Draft {
  return {
    id: `depth/${name}/orthogonal-depth`, strength: 'all-inputs', method: 'orthogonal-depth', quantity: `gain over ${depth} layers`, relation: '<=', bound: boundOf(sqrtUp(n), 'up'),
    plain: (b) => `Up to ${depth} layers, whatever the inputs, the norm of signals and of gradients stays as it is, and neither gain exceeds ${b}.`,
    parameters: { operation: 'cayley', kernel: { operation: 'cayley', n, excess: 0, absolute: 0 }, depth }, assumptions: [exact, ieeeAssumption], domain: 'all finite inputs of cayley',
  };
}
