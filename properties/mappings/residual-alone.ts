/** The residual mapping of given logits: with scales of zero they are the biases, which all tokens of a call share, so that each token gets a call of its own. */
import { pickTokens, tokenRandom } from '../tokens.ts';
import { operations } from '../../src/operations/index.ts';
import { mappingsFields, type MappingsDialect } from '../../src/operations/mappings/dialect.ts';
import { elementsPerToken, type Values } from '../../src/operations/operation.ts';
import type { CheckContext } from '../../src/verify/property.ts';

/** Logits [tokens, n, n]: the residual's biases, times another power of two for each token. */
export function biasLogits<D>(context: CheckContext<D>): Float64Array {
  const { tokens, streams: n } = context.sizes;
  const logits = new Float64Array(tokens * n * n);
  for (let token = 0; token < tokens; token++) {
    const factor = 2 ** tokenRandom(context, 'size of the biases', token).integer(-2, 1);
    logits.set(context.inputs['biases']!.subarray(2 * n).map((value) => value * factor), token * n * n);
  }
  return context.round('biases', logits);
}

/** Part `output` that belongs to the residual, [tokens, n, n], where each token has its own [n, n] of the ports `own`. */
export async function residualAlone<D>(context: CheckContext<D>, output: 'residualMapping' | 'biasesGradient', own: Values): Promise<Float64Array> {
  const { kernel: { operation }, sizes, inputs } = context;
  const { tokens, streams: n } = sizes;
  const result = new Float64Array(tokens * n * n);
  for (let token = 0; token < tokens; token++) {
    const given: Record<string, Float64Array> = { ...pickTokens(operation.inputs, inputs, sizes, [token]), scales: new Float64Array(3) };
    for (const [port, values] of Object.entries(own)) {
      const matrix = values.subarray(token * n * n, (token + 1) * n * n);
      given[port] = port === 'biases' ? Float64Array.from([...inputs['biases']!.subarray(0, 2 * n), ...matrix]) : matrix;
    }
    const found = (await context.run(given, { tokens: 1 }))[output]!;
    result.set(found.subarray(found.length - n * n), token * n * n);
  }
  return result;
}

/** The tokens whose coefficients are finite in the kernel's arithmetic, so that 0·t is 0. */
export function finiteTokens<D extends MappingsDialect>({ kernel, sizes, inputs }: CheckContext<D>): boolean[] {
  const dialect = Object.fromEntries(Object.keys(mappingsFields).map((field) => [field, kernel.dialect[field as keyof MappingsDialect]]));
  const { preMapping } = operations.mappings.bounded(inputs, sizes, dialect, kernel.arithmetic, {}).errors;
  const per = elementsPerToken(operations.mappings.outputs[0]!, sizes);
  return Array.from({ length: sizes.tokens }, (_, token) => preMapping!.subarray(token * per, (token + 1) * per).every(Number.isFinite));
}
