/** The loop that anybody would write first: typed arrays, generic n, softmax start, ε in the start and in each divisor. What the reference is compared with. */
export function plainSinkhorn(logits: Float64Array, tokens: number, n: number, iterations: number, epsilon: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let token = 0; token < tokens; token++) {
    const base = token * n * n;
    for (let i = 0; i < n; i++) {
      let max = -Infinity;
      for (let j = 0; j < n; j++) max = Math.max(max, logits[base + i * n + j]!);
      let sum = 0;
      for (let j = 0; j < n; j++) {
        const value = Math.exp(logits[base + i * n + j]! - max);
        out[base + i * n + j] = value;
        sum += value;
      }
      for (let j = 0; j < n; j++) out[base + i * n + j] = out[base + i * n + j]! / sum + epsilon;
    }
    for (let t = 0; t < iterations; t++) {
      if (t > 0) {
        for (let i = 0; i < n; i++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += out[base + i * n + j]!;
          for (let j = 0; j < n; j++) out[base + i * n + j] = out[base + i * n + j]! / (sum + epsilon);
        }
      }
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += out[base + i * n + j]!;
        for (let i = 0; i < n; i++) out[base + i * n + j] = out[base + i * n + j]! / (sum + epsilon);
      }
    }
  }
  return out;
}
