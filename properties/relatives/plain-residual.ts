/**
 * Claims about the plain residual x + F(x).
 *   copy      a layer output of zero leaves the residual, bit for bit (x + 0 is x)
 *   exchange  residual and layer output may change places: addition commutes in every arithmetic, so the same bits
 *   gradients both are the cotangent itself, rounded to the output's dtype
 * Class: bitwise, for kernels that return the same bits on every call.
 */
import { eachToken } from './matrices.ts';
import type { OperationId } from '../../src/operations/operation.ts';
import { defineProperty, type CheckContext, type Property } from '../../src/verify/property.ts';
import type { Judgement } from '../../src/verify/judge.ts';

function bitwise(id: string, operation: OperationId, claim: string, check: (context: CheckContext<unknown>) => Promise<Judgement>): Property {
  return defineProperty<unknown>({
    id,
    operation,
    claim,
    class: 'bitwise',
    usesReference: false,
    inputs: {},
    power: [],
    notApplicable: (kernel) => (kernel.deterministic ? undefined : 'the kernel does not promise the same bits on every call'),
    check,
  });
}

function sameNumbers(context: CheckContext<unknown>, pairs: readonly (readonly [port: string, measured: Float64Array, expected: Float64Array])[], what: string): Judgement {
  const { channels } = context.sizes;
  const smallest = context.kernel.arithmetic.flushToZero ? 2 ** -126 : 0;
  const judge = context.judge();
  eachToken(context, [context.bounded(context.inputs)], (token) => {
    for (const [port, measured, expected] of pairs) {
      for (let at = token * channels; at < (token + 1) * channels; at++) {
        // 0 and −0 are both right, and subnormal numbers may be flushed
        if (Math.abs(expected[at]!) >= smallest) judge.atMost(token, measured[at]! - expected[at]!, 0, port, at, () => what);
      }
    }
  });
  return judge.finish();
}

export const residualCopy = bitwise('relatives/residual-copy', 'plain-residual', 'A layer output of zero leaves the residual as it is.', async (context) => {
  const residual = context.inputs['residual']!;
  const output = (await context.run({ residual, layerOutput: new Float64Array(residual.length) }))['nextResidual']!;
  return sameNumbers(context, [['nextResidual', output, context.round('nextResidual', residual)]], 'result − residual');
});

export const residualExchange = bitwise('relatives/residual-exchange', 'plain-residual', 'Residual and layer output may change places.', async (context) => {
  const { residual, layerOutput } = context.inputs as Record<string, Float64Array>;
  const [plain, other] = [(await context.run(context.inputs))['nextResidual']!, (await context.run({ residual: layerOutput!, layerOutput: residual! }))['nextResidual']!];
  return sameNumbers(context, [['nextResidual', other, plain]], 'result with both exchanged − result');
});

export const residualGradients = bitwise('relatives/residual-gradients', 'plain-residual-vjp', 'Both gradients are the cotangent.', async (context) => {
  const output = await context.run(context.inputs);
  const cotangent = context.inputs['cotangent']!;
  return sameNumbers(context, ['residualGradient', 'layerOutputGradient'].map((port) => [port, output[port]!, context.round(port, cotangent)] as const), 'gradient − cotangent');
});
