/** JPmHC's orthogonal mapping, Q = (I − S)⁻¹(I + S) with S = factor·(W − Wᵀ) (arXiv 2602.18308), and its gradient. */
import type { CayleyDialect } from '../../../operations/relatives/cayley.ts';
import type { Dtype } from '../../../tensor/dtype.ts';
import { tensor, valuesOf } from '../../../tensor/tensor.ts';
import type { ReferenceRun, Round } from '../kernel.ts';

/** logits [B,n,n] → residualMapping [B,n,n]. */
export function cayleyKernel(dialect: CayleyDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const logits = valuesOf(inputs['logits']!);
    const result = new Float64Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) result.set(iterates(skewOf(logits, token * n * n, n, dialect, round), n, dialect, round).at(-1)!, token * n * n);
    return { residualMapping: tensor(result, [tokens, n, n], storage) };
  };
}

/** logits, cotangent [B,n,n] → logitsGradient [B,n,n]. With elimination ∂S = ½(I + Q)ᵀ·G·(I + Q)ᵀ, else backwards through the steps. */
export function cayleyVjpKernel(dialect: CayleyDialect, round: Round = Math.fround, storage: Dtype = 'f32'): ReferenceRun {
  return (inputs, { tokens, streams: n }) => {
    const [logits, cotangent] = [valuesOf(inputs['logits']!), valuesOf(inputs['cotangent']!)];
    const result = new Float64Array(tokens * n * n);
    for (let token = 0; token < tokens; token++) {
      const s = skewOf(logits, token * n * n, n, dialect, round);
      const states = iterates(s, n, dialect, round);
      let g: Float64Array = cotangent.slice(token * n * n, (token + 1) * n * n);
      let bar: Float64Array;
      if (dialect.solver === 'elimination') {
        const sum = transposed(plusIdentity(states[0]!, n, round), n);
        bar = multiply(sum, multiply(g, sum, n, round), n, round).map((x) => x / 2);
      } else {
        bar = new Float64Array(n * n);
        for (const state of states.slice(0, -1).reverse()) {
          const part = multiply(g, transposed(plusIdentity(state, n, round), n), n, round);
          bar = bar.map((x, at) => round(x + part[at]!));
          g = multiply(transposed(s, n), g, n, round);
        }
        bar = bar.map((x, at) => round(x + 2 * g[at]!));
      }
      for (let at = 0; at < n * n; at++) result[token * n * n + at] = dialect.factor * round(bar[at]! - bar[(at % n) * n + Math.floor(at / n)]!);
    }
    return { logitsGradient: tensor(result, [tokens, n, n], storage) };
  };
}

/** Q alone, or Y_0 … Y_steps with Y_{k+1} = I + S(I + Y_k). */
function iterates(s: Float64Array, n: number, dialect: CayleyDialect, round: Round): Float64Array[] {
  if (dialect.solver === 'elimination') return [eliminate(s, n, round)];
  const list = [plusIdentity(s.map((x) => 2 * x), n, round)];
  for (let step = 0; step < dialect.steps; step++) list.push(plusIdentity(multiply(s, plusIdentity(list.at(-1)!, n, round), n, round), n, round));
  return list;
}

/** (I − S)⁻¹(I + S); its pivots are at least 1, so none is sought. */
function eliminate(s: Float64Array, n: number, round: Round): Float64Array {
  const m = s.map((x, at) => (Math.floor(at / n) === at % n ? 1 : -x));
  const q = plusIdentity(s, n, round);
  for (let pivot = 0; pivot < n; pivot++) {
    for (let i = pivot + 1; i < n; i++) {
      const factor = round(m[i * n + pivot]! / m[pivot * n + pivot]!);
      for (let k = pivot + 1; k < n; k++) m[i * n + k] = round(m[i * n + k]! - round(factor * m[pivot * n + k]!));
      for (let k = 0; k < n; k++) q[i * n + k] = round(q[i * n + k]! - round(factor * q[pivot * n + k]!));
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = 0; k < n; k++) {
      let rest = q[i * n + k]!;
      for (let j = i + 1; j < n; j++) rest = round(rest - round(m[i * n + j]! * q[j * n + k]!));
      q[i * n + k] = round(rest / m[i * n + i]!);
    }
  }
  return q;
}

function skewOf(logits: Float64Array, offset: number, n: number, { factor }: CayleyDialect, round: Round): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => factor * round(logits[offset + at]! - logits[offset + (at % n) * n + Math.floor(at / n)]!));
}

function plusIdentity(a: Float64Array, n: number, round: Round): Float64Array {
  return a.map((x, at) => (Math.floor(at / n) === at % n ? round(1 + x) : x));
}

function transposed(a: Float64Array, n: number): Float64Array {
  return a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]!);
}

function multiply(a: Float64Array, b: Float64Array, n: number, round: Round): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) product[i * n + j] = round(product[i * n + j]! + round(a[i * n + k]! * b[k * n + j]!));
    }
  }
  return product;
}
