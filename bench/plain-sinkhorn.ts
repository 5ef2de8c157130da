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

/** The same operations in the same order on arrays of arrays, as numpy code is carried over. Matrices in and out. */
export function arraysSinkhorn(logits: readonly (readonly (readonly number[])[])[], iterations: number, epsilon: number): number[][][] {
  const rows = (x: number[][]): number[][] => x.map((row) => {
    const sum = row.reduce((total, value) => total + value, 0) + epsilon;
    return row.map((value) => value / sum);
  });
  const columns = (x: number[][]): number[][] => {
    const sums = x[0]!.map((_, j) => x.reduce((total, row) => total + row[j]!, 0) + epsilon);
    return x.map((row) => row.map((value, j) => value / sums[j]!));
  };
  return logits.map((matrix) => {
    let x = matrix.map((row) => {
      const max = Math.max(...row);
      const exps = row.map((value) => Math.exp(value - max));
      const sum = exps.reduce((total, value) => total + value, 0);
      return exps.map((value) => value / sum + epsilon);
    });
    x = columns(x);
    for (let t = 1; t < iterations; t++) x = columns(rows(x));
    return x;
  });
}
