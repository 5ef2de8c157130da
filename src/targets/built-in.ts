/** The targets that need no configuration. */
import { referenceKernels } from '../kernels/reference/index.ts';
import { tfjsBackends } from '../kernels/tfjs/index.ts';
import { inProcess } from './in-process.ts';
import type { Target } from './kernel.ts';
import { tfjsTarget } from './tfjs.ts';
import { webgpuTarget } from './webgpu.ts';

/** Fresh, closed targets: `reference`, then `tfjs-cpu`, `tfjs-wasm`, `tfjs-node`, `tfjs-node-gpu`, `tfjs-webgpu`, `webgpu`. */
export function builtInTargets(): Target[] {
  return [
    inProcess('reference', { kernels: referenceKernels(), description: 'plain f32 TypeScript, to be read beside the paper' }),
    ...tfjsBackends.map((backend) => tfjsTarget(backend)),
    webgpuTarget(),
  ];
}
