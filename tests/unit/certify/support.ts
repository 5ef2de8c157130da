import { checkCertificate, type Checked } from '../../../src/certify/checker/check.ts';
import type { Certificate } from '../../../src/certify/certificate.ts';
import { certifyOutputs } from '../../../src/certify/outputs/certify-outputs.ts';
import type { Orientation } from '../../../src/certify/outputs/claims.ts';
import type { Outputs } from '../../../src/certify/outputs/read-outputs.ts';
import { digestOf } from '../../../src/certify/issue.ts';
import type { Dtype } from '../../../src/tensor/dtype.ts';
import { encodeSafetensors } from '../../../src/tensor/safetensors.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';

/** A file of one tensor, as if it had been read. */
export function outputsOf(values: Float64Array, shape: readonly number[], dtype: Dtype = 'f64'): Outputs {
  const one = tensor(values, shape, dtype);
  return { file: 'outputs.safetensors', bytes: Buffer.from(encodeSafetensors({ residualMapping: one })), tensor: 'residualMapping', shape, dtype, values: valuesOf(one) };
}

export async function certified(outputs: Outputs, orientation: Orientation = 'plain'): Promise<Certificate> {
  return (await certifyOutputs(outputs, { orientation, depth: outputs.shape.length >= 4 }))!;
}

/** As a forger who knows the format would: with a digest that fits. */
export function redigested(certificate: object): string {
  return JSON.stringify({ ...certificate, digest: digestOf(certificate as Certificate) });
}

export function check(text: string, ...files: Buffer[]): Checked {
  return checkCertificate(text, files);
}

/** Whether everything was confirmed. */
export function isValid({ refused, claims }: Checked): boolean {
  return refused === undefined && claims.length > 0 && claims.every(({ verdict }) => verdict === 'holds');
}

/** Why it was not. */
export function reasonOf({ refused, claims }: Checked): string {
  return refused ?? claims.filter(({ verdict }) => verdict !== 'holds').map(({ id, verdict, reason }) => `${id} ${verdict}: ${reason}`).join('; ');
}
