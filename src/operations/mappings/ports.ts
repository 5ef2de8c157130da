/** The tensors that coefficient kernels take besides the streams, and the cotangents of what they return. */
import type { Port } from '../operation.ts';
import { postMapping, preMapping, residualMapping } from '../streams/ports.ts';

/** φ of paper Eq. 7, transposed as it is stored: one row of nC for each coefficient. */
export const projection: Port = { name: 'projection', dims: ['coefficients', 'width'], role: 'projection' };
/** α of pre, post and residual. */
export const scales: Port = { name: 'scales', dims: ['mappings'], role: 'scale' };
export const biases: Port = { name: 'biases', dims: ['coefficients'], role: 'bias' };
export const normWeight: Port = { name: 'normWeight', dims: ['width'], role: 'weight' };

/** The cotangent of one of several outputs. */
export function cotangentNamed(port: Port): Port {
  return { ...port, name: `${port.name}Cotangent`, role: 'cotangent' };
}

export const mappingOutputs = [preMapping, postMapping, residualMapping] as const;
export const parameters = [projection, scales, biases, normWeight] as const;
