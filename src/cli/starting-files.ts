/** The files that `plumbline init` writes. Each is right as it stands, so that the first verdict is about what a person changes in it. */

/** A numpy Sinkhorn; verified at once by `plumbline verify kernels.py`. */
export const startingPython = `import numpy as np
import plumbline_worker as plumbline  # plumbline brings it along

@plumbline.kernel("sinkhorn", dialect="tilekernels", arithmetic="ieee-f32")  # what it computes, how it rounds
def sinkhorn(logits):  # [tokens, n, n]; put a call of your own kernel here
    e = np.float32(1e-6)
    x = np.exp(logits - logits.max(axis=-1, keepdims=True))
    x = x / x.sum(axis=-1, keepdims=True) + e
    x = x / (x.sum(axis=-2, keepdims=True) + e)
    for _ in range(19):
        x = x / (x.sum(axis=-1, keepdims=True) + e)
        x = x / (x.sum(axis=-2, keepdims=True) + e)
    return x
`;

/** A configuration with one kernel in TypeScript. */
export const startingConfig = `import { defineConfig } from 'plumbline';

/** preMapping [B, n], streams [B, n, C] → layerInput [B, C]; put a call of your own kernel here. */
function streamRead(preMapping: Float32Array, streams: Float32Array, tokens: number, n: number, channels: number): Float32Array {
  const layerInput = new Float32Array(tokens * channels);
  for (let b = 0; b < tokens; b++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum = Math.fround(sum + Math.fround(preMapping[b * n + i]! * streams[(b * n + i) * channels + c]!));
      layerInput[b * channels + c] = sum;
    }
  }
  return layerInput;
}

export default defineConfig({
  targets: {
    mine: {
      kernels: {
        'stream-read': {
          arithmetic: 'ieee-f32', // how it rounds
          run: ({ preMapping, streams }, sizes) => ({
            layerInput: streamRead(preMapping!.data as Float32Array, streams!.data as Float32Array, sizes.tokens, sizes.streams, sizes.channels),
          }),
        },
      },
    },
  },
});
`;

/** A workflow of GitHub Actions for a file of kernels. */
export function startingWorkflow(file: string | undefined): string {
  const python = file?.endsWith('.py') === true;
  const steps = python ? `      - uses: actions/setup-python@v5
        with: { python-version: '3.12' }
      - run: pip install numpy
` : '';
  return `# Verifies the kernels on every push. A failure is an annotation, and its counterexample an artifact to replay.
name: kernels
on: [push, pull_request]
permissions: { contents: read }
jobs:
  plumbline:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: '20' }
${steps}      - run: npm install --no-save plumbline
      - run: npx plumbline verify ${file === undefined ? '' : `${file} `}--effort standard --max-time 10m --reporter github --reporter junit --output-file plumbline-junit.xml
      - uses: actions/upload-artifact@v4
        if: failure()
        with:
          name: plumbline
          include-hidden-files: true
          path: |
            .plumbline
            plumbline-junit.xml
`;
}
