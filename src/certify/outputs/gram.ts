/**
 * fl(AᵀA), and fl(S²) of a symmetric S: sums of n products from the first to the last, symmetric to the bit. n = 4, the mappings that are shipped, is written out: the loops take most of the
 * time of a certificate. What is written out rounds as the loop does, operation by operation.
 */
export function gram(a: Float64Array, out: Float64Array, n: number): void {
  if (n === 4) return gramOf4(a, out);
  loop(a, out, n, 1, n);
}

/** S symmetric to the bit: its columns are its rows. */
export function square(s: Float64Array, out: Float64Array, n: number): void {
  if (n === 4) return squareOf4(s, out);
  loop(s, out, n, n, 1);
}

/** Σ_k a[i·line + k·entry]·a[j·line + k·entry]. */
export function loop(a: Float64Array, out: Float64Array, n: number, line: number, entry: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * line + k * entry]! * a[j * line + k * entry]!;
      out[i * n + j] = sum;
      out[j * n + i] = sum;
    }
  }
}

function gramOf4(x: Float64Array, out: Float64Array): void {
  const [a, b, c, d] = [x[0]!, x[1]!, x[2]!, x[3]!];
  const [e, f, g, h] = [x[4]!, x[5]!, x[6]!, x[7]!];
  const [i, j, k, l] = [x[8]!, x[9]!, x[10]!, x[11]!];
  const [m, n, o, p] = [x[12]!, x[13]!, x[14]!, x[15]!];
  out[0] = a * a + e * e + i * i + m * m;
  out[1] = out[4] = a * b + e * f + i * j + m * n;
  out[2] = out[8] = a * c + e * g + i * k + m * o;
  out[3] = out[12] = a * d + e * h + i * l + m * p;
  out[5] = b * b + f * f + j * j + n * n;
  out[6] = out[9] = b * c + f * g + j * k + n * o;
  out[7] = out[13] = b * d + f * h + j * l + n * p;
  out[10] = c * c + g * g + k * k + o * o;
  out[11] = out[14] = c * d + g * h + k * l + o * p;
  out[15] = d * d + h * h + l * l + p * p;
}

function squareOf4(s: Float64Array, out: Float64Array): void {
  const [a, b, c, d] = [s[0]!, s[1]!, s[2]!, s[3]!];
  const [e, f, g] = [s[5]!, s[6]!, s[7]!];
  const [h, i, j] = [s[10]!, s[11]!, s[15]!];
  out[0] = a * a + b * b + c * c + d * d;
  out[1] = out[4] = a * b + b * e + c * f + d * g;
  out[2] = out[8] = a * c + b * f + c * h + d * i;
  out[3] = out[12] = a * d + b * g + c * i + d * j;
  out[5] = b * b + e * e + f * f + g * g;
  out[6] = out[9] = b * c + e * f + f * h + g * i;
  out[7] = out[13] = b * d + e * g + f * i + g * j;
  out[10] = c * c + f * f + h * h + i * i;
  out[11] = out[14] = c * d + f * g + h * i + i * j;
  out[15] = d * d + g * g + i * i + j * j;
}
