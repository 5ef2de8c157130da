/**
 * Reading and writing the streams as single nodes of a tfjs graph. The graph of small batched matrix products that they replace costs three times as much in
 * tfjs-wasm. Sums are taken in f64 and rounded to f32 once; the gradients are those of `stream-read` and `stream-write`.
 */
import type { Node, Tf } from '../../kernels/tfjs/session.ts';
import { customGradient } from './custom-gradient.ts';

interface Extents {
  readonly tokens: number;
  readonly n: number;
  readonly channels: number;
}

/** pre [tokens,n], streams [tokens,n,channels] → [tokens,channels]. */
export function readOp(tf: Tf, pre: Node, streams: Node, { tokens, n, channels }: Extents): Node {
  return customGradient(tf, [pre, streams], ([p, x]) => {
    const out = new Float32Array(tokens * channels);
    for (let b = 0; b < tokens; b++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += p![b * n + i]! * x![(b * n + i) * channels + c]!;
        out[b * channels + c] = sum;
      }
    }
    return { value: tf.tensor(out, [tokens, channels]), gradients: (g) => readGradients(p!, x!, g, { tokens, n, channels }) };
  });
}

function readGradients(pre: Float32Array, x: Float32Array, g: Float32Array, { tokens, n, channels }: Extents): Float32Array[] {
  const toPre = new Float32Array(pre.length);
  const toStreams = new Float32Array(x.length);
  for (let row = 0; row < tokens * n; row++) {
    const from = Math.floor(row / n) * channels;
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      sum += x[row * channels + c]! * g[from + c]!;
      toStreams[row * channels + c] = pre[row]! * g[from + c]!;
    }
    toPre[row] = sum;
  }
  return [toPre, toStreams];
}

/** E [tokens,n,n], post [tokens,n], streams [tokens,n,channels], layer output [tokens,channels] → E·x + postᵀ·y. */
export function writeOp(tf: Tf, mapping: Node, post: Node, streams: Node, output: Node, { tokens, n, channels }: Extents): Node {
  return customGradient(tf, [mapping, post, streams, output], ([e, p, x, y]) => {
    const out = new Float32Array(x!.length);
    for (let row = 0; row < tokens * n; row++) {
      const token = Math.floor(row / n);
      for (let c = 0; c < channels; c++) {
        let sum = p![row]! * y![token * channels + c]!;
        for (let j = 0; j < n; j++) sum += e![row * n + j]! * x![(token * n + j) * channels + c]!;
        out[row * channels + c] = sum;
      }
    }
    return { value: tf.tensor(out, [tokens, n, channels]), gradients: (g) => writeGradients(e!, p!, x!, y!, g, { tokens, n, channels }) };
  });
}

function writeGradients(e: Float32Array, post: Float32Array, x: Float32Array, y: Float32Array, g: Float32Array, { tokens, n, channels }: Extents): Float32Array[] {
  const toMapping = new Float32Array(e.length);
  const toPost = new Float32Array(post.length);
  const toStreams = new Float32Array(x.length);
  const toOutput = new Float32Array(y.length);
  for (let row = 0; row < tokens * n; row++) {
    const token = Math.floor(row / n);
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += y[token * channels + c]! * g[row * channels + c]!;
    toPost[row] = sum;
    for (let j = 0; j < n; j++) {
      let inner = 0;
      for (let c = 0; c < channels; c++) inner += g[row * channels + c]! * x[(token * n + j) * channels + c]!;
      toMapping[row * n + j] = inner;
    }
  }
  for (let b = 0; b < tokens; b++) {
    for (let c = 0; c < channels; c++) {
      let back = 0;
      for (let i = 0; i < n; i++) back += post[b * n + i]! * g[(b * n + i) * channels + c]!;
      toOutput[b * channels + c] = back;
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += e[(b * n + i) * n + j]! * g[(b * n + i) * channels + c]!;
        toStreams[(b * n + j) * channels + c] = sum;
      }
    }
  }
  return [toMapping, toPost, toStreams, toOutput];
}
