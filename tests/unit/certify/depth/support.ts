/** Certificates over depth that are small enough to be forged many times. */
import { checkCertificate, type Checked } from '../../../../src/certify/checker/check.ts';
import { moreMethods } from '../../../../src/certify/checker/all.ts';
import { certifyDepth, type CertifyDepth, type DepthEnd } from '../../../../src/certify/depth/certify-depth.ts';
import { referenceKernel, type DesignKernel } from '../../../../src/certify/depth/kernels.ts';
import { designNamed } from '../../../../src/compare/designs.ts';
import { settingNamed } from '../../../../src/compare/inputs.ts';

export const base: CertifyDepth = {
  target: 'reference', kernels: ['mhc-tilekernels', 'kronecker', 'cayley', 'hyper-connections', 'plain-residual'].map((name) => referenceKernel(designNamed(name))), files: [],
  settings: [settingNamed('ar1')], distribution: { gate: 0.3, spread: 10, seed: 3 }, depths: [1, 2, 3, 7], shown: [7], tokens: 2, streams: 4, file: 'depth.safetensors',
  callTimeoutMs: 10_000, stopped: () => false, onProgress: () => undefined,
};

export async function depthCertificate(options: Partial<CertifyDepth> = {}): Promise<DepthEnd> {
  return (await certifyDepth({ ...base, ...options }))!;
}

export function checkDepth(text: string, ...files: Buffer[]): Checked {
  return checkCertificate(text, files, moreMethods);
}

/** A kernel of a design whose answers are changed on the way: `spoil` gets [tokens of the call, n, n]. */
export function spoiltKernel(name: string, spoil: (mapping: Float32Array, n: number) => void): DesignKernel {
  const own = referenceKernel(designNamed(name));
  const { run } = own.declaration;
  return { ...own, declaration: { ...own.declaration, run: async (inputs, sizes) => {
    const answer = await run(inputs, sizes);
    const output = answer['residualMapping'] as { data: Float32Array };
    spoil(output.data, sizes.streams);
    return answer;
  } } };
}
