/** Claims about kernels as programs are the same for all operations: one property object for each, `robustness/<claim>/<operation>`. */
import { operations } from '../../src/operations/index.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type Property } from '../../src/verify/property.ts';

/** One property per operation. */
export function forEveryOperation(claim: string, shared: Omit<Property<unknown>, 'id' | 'operation'>): readonly Property[] {
  return (Object.keys(operations) as OperationId[]).map((operation) => defineProperty<unknown>({ ...shared, id: `robustness/${claim}/${operation}`, operation }));
}
