/** The tensors that stream and stack operations exchange. */
import type { Port } from '../operation.ts';

export const preMapping: Port = { name: 'preMapping', dims: ['tokens', 'streams'], role: 'mapping' };
export const postMapping: Port = { name: 'postMapping', dims: ['tokens', 'streams'], role: 'mapping' };
export const residualMapping: Port = { name: 'residualMapping', dims: ['tokens', 'streams', 'streams'], role: 'residual-mapping' };
export const residualMappings: Port = { name: 'residualMappings', dims: ['tokens', 'depth', 'streams', 'streams'], role: 'residual-mapping' };
export const streams: Port = { name: 'streams', dims: ['tokens', 'streams', 'channels'], role: 'streams' };
export const layerInput: Port = { name: 'layerInput', dims: ['tokens', 'channels'], role: 'streams' };
export const layerOutput: Port = { name: 'layerOutput', dims: ['tokens', 'channels'], role: 'streams' };
export const nextStreams: Port = { name: 'nextStreams', dims: ['tokens', 'streams', 'channels'], role: 'streams' };
export const composite: Port = { name: 'composite', dims: ['tokens', 'streams', 'streams'], role: 'residual-mapping' };
export const finalStreams: Port = { name: 'finalStreams', dims: ['tokens', 'streams', 'channels'], role: 'streams' };

/** The gradient of an input. */
export function gradientOf(port: Port): Port {
  return { ...port, name: `${port.name}Gradient`, role: 'gradient' };
}

/** The cotangent of an output. */
export function cotangentOf(port: Port): Port {
  return { ...port, name: 'cotangent', role: 'cotangent' };
}
