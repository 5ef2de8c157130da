import type { ReferenceDeclaration } from '../../../src/kernels/reference/index.ts';
import type { OperationId } from '../../../src/operations/operation.ts';
import { tensor, valuesOf } from '../../../src/tensor/tensor.ts';
import { robustnessProperties } from '../../../properties/robustness/index.ts';
import { testClaims } from './claims.ts';
import { perToken, spoiled, wrapped, type Outputs } from './wrong-kernels.ts';

/** For each claim the fault that it is there for, in any operation. */
const wrong: Readonly<Record<string, (operation: OperationId) => ReferenceDeclaration>> = {
  // the last token of a batch is left as it was allocated
  'token-independence': (operation) => spoiled(operation, (values, port, sizes) => void (sizes.tokens > 1 && values.fill(0, (sizes.tokens - 1) * perToken(operation, port, sizes)))),
  // one output of seven has another last bit: no operation has seven outputs, so it is another one each call
  determinism: (operation) => {
    let calls = 0;
    return spoiled(operation, (values) => void (++calls % 7 === 0 && values.forEach((value, k) => (values[k] = value * (1 + 2 ** -20)))));
  },
  // a sum over the batch, times zero
  poisoning: (operation) => spoiled(operation, (values) => {
    const sum = values.reduce((total, value) => total + value, 0);
    values.forEach((value, k) => (values[k] = value + (sum - sum)));
  }),
  'inputs-unchanged': (operation) => wrapped(operation, (run) => (inputs, sizes) => {
    const outputs = run(inputs, sizes);
    for (const input of Object.values(inputs)) input.data[0] = (input.data[0] ?? 0) + 1;
    return outputs;
  }),
  // at least one token is always there
  'empty-batch': (operation) => wrapped(operation, (run) => (inputs, sizes) => {
    const outputs = run(inputs, sizes);
    if (sizes.tokens > 0) return outputs;
    return Object.fromEntries(Object.entries(outputs).map(([port, output]) => [port, tensor(new Float64Array(perToken(operation, port, sizes)), [1, ...output.shape.slice(1)], output.dtype)]));
  }),
  'finite-outputs': (operation) => spoiled(operation, (values) => values.forEach((value, k) => (k % 7 === 3 ? (values[k] = value / 0) : undefined))),
  // one buffer for all calls of a size
  'fresh-outputs': (operation) => wrapped(operation, (run) => {
    const kept = new Map<string, Outputs>();
    return (inputs, sizes) => {
      const outputs = run(inputs, sizes);
      const buffers = kept.get(JSON.stringify(sizes)) ?? outputs;
      kept.set(JSON.stringify(sizes), buffers);
      for (const [port, { data }] of Object.entries(outputs)) (buffers[port]!.data as Float32Array).set(valuesOf({ ...buffers[port]!, data }));
      return buffers;
    };
  }),
  // the size of the first call is compiled in
  'alternating-shapes': (operation) => wrapped(operation, (run) => {
    let first: number | undefined;
    return (inputs, sizes) => {
      first ??= sizes.tokens;
      const outputs = run(inputs, sizes);
      for (const [port, { data }] of Object.entries(outputs)) data.fill(0, first * perToken(operation, port, sizes));
      return outputs;
    };
  }),
};

testClaims(robustnessProperties, ({ id, operation }) => wrong[id.split('/')[1]!]!(operation));
