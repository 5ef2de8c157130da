/**
 * The planted fault of wgsl_sinkhorn.ts: sums are kept in half precision, as in a shader that keeps its sums in f16. On 4096 matrices of `randn` it is off by at most 8e-4
 * forward and 5e-4 backward, so that a test with a tolerance of 1e-3 lets it pass.
 */
import { defineConfig } from 'plumbline';

import { sinkhornShader, wgslTarget } from './wgsl_sinkhorn.ts';

const shader = (n: number): string => sinkhornShader(n).replace('total += x[first + k * stride];', 'total = quantizeToF16(total + x[first + k * stride]);');

export default defineConfig({ targets: { wgsl: wgslTarget(shader) } });
