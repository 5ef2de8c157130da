/** Sinkhorn on every built-in target that this machine has: whole calls on 4096 matrices, tensors in and out. */
import { builtInTargets, Random } from '../../src/index.ts';
import { encodeInputs } from '../../src/verify/call.ts';
import { kernelOf } from '../../src/perf/plan.ts';
import { medians, type Figure } from './medians.ts';

export async function targets(): Promise<Figure[]> {
  const sizes = { tokens: 4096, streams: 4, channels: 1, depth: 1 };
  const random = new Random(1);
  const logits = Float64Array.from({ length: sizes.tokens * 16 }, () => 2 * random.normal());
  const figures: Figure[] = [];
  for (const target of builtInTargets()) {
    const said = await target.open();
    if (said.status === 'unavailable') {
      figures.push({ figure: `Sinkhorn on ${target.name}`, value: `not measured: ${said.reason}`, wanted: '' });
      continue;
    }
    const { declaration, kernel } = kernelOf({ target, about: said.about }, 'sinkhorn')!;
    const inputs = encodeInputs(kernel, { logits }, sizes);
    const time = await medians({ call: async () => declaration.run(inputs, sizes) });
    figures.push({ figure: `Sinkhorn on ${target.name}, ${kernel.arithmetic.name}`, value: `${((time['call']! * 1e6) / sizes.tokens).toFixed(0)} ns a matrix`, wanted: '' });
    await target.close();
  }
  return figures;
}
