/** `verify --list`: what would run, without running it. */
import type { Output } from '../report/reporter.ts';
import { operations } from '../operations/index.ts';
import type { OperationId } from '../operations/operation.ts';
import type { Target } from '../targets/kernel.ts';
import { resolveKernel } from '../targets/resolve.ts';
import type { Property } from '../verify/property.ts';

/** Prints each target with its properties and the reasons of those that are not about its kernels. Returns how many would run. */
export async function listPlan(targets: readonly Target[], properties: readonly Property[], stdout: Output): Promise<number> {
  let planned = 0;
  for (const target of targets) {
    const availability = await target.open();
    if (availability.status === 'unavailable') {
      stdout.write(`${target.name}: unavailable, ${availability.reason}\n  ${availability.remedy}\n`);
      continue;
    }
    stdout.write(`${target.name}\n`);
    for (const [id, declaration] of Object.entries(target.kernels())) {
      const kernel = resolveKernel(operations[id as OperationId], declaration, `${target.name}.kernels.${id}`);
      for (const property of properties.filter(({ operation }) => operation === id)) {
        const reason = property.notApplicable?.(kernel);
        if (reason === undefined) planned++;
        stdout.write(`  ${property.id}  ${reason === undefined ? property.claim : `(not about this kernel: ${reason})`}\n`);
      }
    }
    await target.close();
  }
  stdout.write(`${planned} claims would be checked\n`);
  return planned;
}
