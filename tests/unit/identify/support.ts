/** Kernels that count what they are asked, and identifications compared with the truth, field by field. */
import type { Identification } from '../../../src/identify/result.ts';
import type { SinkhornDialect } from '../../../src/operations/sinkhorn/dialect.ts';
import type { KernelDeclaration } from '../../../src/targets/kernel.ts';

/** The kernel, and how many problems it was really asked. */
export function counted(declaration: KernelDeclaration): { readonly kernel: KernelDeclaration; readonly problems: () => number } {
  let problems = 0;
  const run: KernelDeclaration['run'] = (inputs, sizes) => {
    problems += inputs[Object.keys(inputs)[0]!]!.shape[0]!;
    return declaration.run(inputs, sizes);
  };
  return { kernel: { ...declaration, run }, problems: () => problems };
}

/** Fields that are known and wrong, or that leave the truth out; empty when the identification is right or honestly open. */
export function wrongFields(found: Identification, truth: SinkhornDialect, unseen: readonly string[] = []): string[] {
  return Object.entries(truth).flatMap(([name, value]) => {
    if (unseen.includes(name)) return [];
    const field = found.fields.find((one) => one.field === name);
    if (field === undefined) return [`${name}: not reported`];
    const allowed = field.range === undefined ? [field.value, ...field.alternatives].includes(value) : Number(value) >= field.range[0] && Number(value) <= field.range[1];
    return allowed ? [] : [`${name}: ${JSON.stringify(field)}, not ${String(value)}`];
  });
}

/** Names of the fields of a status. */
export function fieldsWith(found: Identification, ...statuses: string[]): string[] {
  return found.fields.filter(({ status }) => statuses.includes(status)).map(({ field }) => field);
}
