/** The shape that each planted fault is said to have, without identification of dialects: `npm run shapes [-- name…]`, `right` for right kernels alone. What has none is counted, and so are right kernels that got one. */
import { plantedFaults } from '../fixtures/planted-faults/index.ts';
import { legitimate } from '../fixtures/legitimate/index.ts';
import { shapeOf } from '../src/identify/shape/shape.ts';
import { operations } from '../src/operations/index.ts';
import type { OperationId } from '../src/operations/operation.ts';
import { resolveKernel } from '../src/targets/resolve.ts';
import { KernelCaller } from '../src/verify/call.ts';

const chosen = process.argv.slice(2);
let [told, asked] = [0, 0];
const started = performance.now();
for (const { name, operation, kernel } of plantedFaults.filter((fault) => chosen.length === 0 || chosen.some((part) => fault.name.includes(part)))) {
  const before = performance.now();
  const resolved = resolveKernel(operations[operation], kernel, name);
  const found = await shapeOf(resolved, new KernelCaller(resolved, kernel.run, 1000, kernel.remote));
  asked++;
  if (found.sentence !== undefined) told++;
  console.log(`${name} (${operation}, ${Math.round(performance.now() - before)} ms): ${found.sentence ?? '—'}`);
}
console.log(`${told} of ${asked} faults have a sentence that explains every answer; ${Math.round((performance.now() - started) / Math.max(1, asked))} ms each`);

let claimed = 0;
let right = 0;
for (const [target, { kernels }] of Object.entries(chosen.length === 0 || chosen.includes('right') ? legitimate : {})) {
  for (const [operation, kernel] of Object.entries(kernels)) {
    const resolved = resolveKernel(operations[operation as OperationId], kernel, target);
    const found = await shapeOf(resolved, new KernelCaller(resolved, kernel.run, 10_000));
    right++;
    if (found.sentence === undefined) continue;
    claimed++;
    console.log(`WRONG: ${target} ${operation} keeps its declaration and is said to be one that ${found.sentence}`);
  }
}
if (right > 0) console.log(`${claimed} of ${right} right kernels got a sentence`);
