/** The planted fault of wgsl_sinkhorn.ts: sums are kept in half precision, which is tempting where half precision runs at twice the speed. Off by less than 1e-3, which a guessed tolerance lets pass. */
import { defineConfig } from 'plumbline';

import { sinkhornShader, wgslTarget } from './wgsl_sinkhorn.ts';

const shader = (n: number): string => sinkhornShader(n).replace('total += x[first + k * stride];', 'total = quantizeToF16(total + x[first + k * stride]);');

export default defineConfig({ targets: { wgsl: wgslTarget(shader) } });
