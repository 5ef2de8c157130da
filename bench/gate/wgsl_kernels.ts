/**
 * Sinkhorn in WGSL that does real extra work: of every hundred workgroups so many do everything twice. All targets have the same code but for one number, which no compiler can use: one workgroup in
 * a hundred of the baseline does it too.
 */
import type { TargetDeclaration } from 'plumbline';

import { sinkhornShader, wgslTarget } from '../../examples/wgsl_sinkhorn.ts';

/** Workgroups in a hundred that go twice, one of which is the baseline's own. */
const twice = (percent: number): number => 1 + percent;

/** How much longer the target with `percent` takes where every workgroup takes as long. */
export const ratioOf = (percent: number): number => (100 + twice(percent)) / (100 + twice(0));

export const tokensOf = (hundreds: number): number => 64 * 100 * hundreds;

const shader = (percent: number) => (n: number): string => {
  const [common, , backward] = sinkhornShader(n).split('@compute');
  return `${common!}
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let at = id.x * n * n;
  if (at >= arrayLength(&logits)) { return; }
  let turns = select(1u, 2u, group.x % 100u < ${twice(percent)}u);
  for (var turn = 0u; turn < turns; turn++) {
    softmax_of_rows(at);
    for (var e = 0u; e < n * n; e++) { x[e] += epsilon; }
    for (var step = 0u; step < half_steps; step++) { half_step(step); }
    for (var e = 0u; e < n * n; e++) { result[at + e] = x[e]; }
  }
}
@compute${backward!}`;
};

export const target = (percent: number): TargetDeclaration => wgslTarget(shader(percent));
