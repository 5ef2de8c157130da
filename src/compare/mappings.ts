/** The matrices E of a design in f64, by the operations' references, and the gradients of what they are made of. */
import { referenceKernels } from '../kernels/reference/index.ts';
import { operations } from '../operations/index.ts';
import type { OperationId, Sizes, Values } from '../operations/operation.ts';
import type { SinkhornDialect } from '../operations/sinkhorn/dialect.ts';
import { tensor, valuesOf } from '../tensor/tensor.ts';
import type { Design } from './designs.ts';

/** What a sublayer has for a batch of tokens: projections [tokens, p], one gate α, static part [p]. */
export interface Ingredients {
  readonly projections: Float64Array;
  readonly gate: number;
  readonly statics: Float64Array;
}

/** What the operation of a design is asked. Of the plain residual x' = x + F(x) that is x = 1 and F = 0, so that its mapping comes back. */
export function inputsOf(design: Design, { projections, gate, statics }: Ingredients, tokens: number): Values {
  if (design.form === 'none') return { residual: new Float64Array(tokens).fill(1), layerOutput: new Float64Array(tokens) };
  const still = (k: number): number => statics[k % statics.length]!;
  if (design.form === 'logits') return { [design.port]: projections.map((p, k) => gate * p + still(k)) };
  return { logits: projections, staticMapping: projections.map((_, k) => still(k)), gate: new Float64Array(tokens).fill(gate) };
}

/** The output that is the mapping, before it is transposed where the design is. */
export function mappingPort({ form }: Design): string {
  return form === 'none' ? 'nextResidual' : 'residualMapping';
}

/** What multiplies the streams, [tokens, n, n]; of the plain residual [tokens, 1, 1]. */
export function mappingsOf(design: Design, ingredients: Ingredients, tokens: number, n: number): Float64Array {
  const mapping = operations[design.operation].reference(inputsOf(design, ingredients, tokens), sizesOf(tokens, n), design.dialect)[mappingPort(design)]!;
  return design.transposed ? transposeAll(mapping, n) : mapping;
}

/** E of logits [tokens, p], for the designs that have them. */
export function fromLogits(design: Design, logits: Float64Array, tokens: number, n: number): Float64Array {
  const inputs: Values = { [design.port]: logits };
  const mapping = operations[design.operation].reference(inputs, sizesOf(tokens, n), design.dialect)['residualMapping']!;
  return design.transposed ? transposeAll(mapping, n) : mapping;
}

/** The gradient of logits [tokens, p], for a cotangent of E; by the plain kernels in f64, which keep no error bounds and are fast. */
export function logitsGradient(design: Design, logits: Float64Array, cotangent: Float64Array, tokens: number, n: number): Float64Array {
  const { run } = kernelsOf(design)[`${design.operation}-vjp` as OperationId];
  const inputs = {
    [design.port]: tensor(logits, [tokens, logits.length / tokens], 'f64'),
    cotangent: tensor(design.transposed ? transposeAll(cotangent, n) : cotangent, [tokens, n, n], 'f64'),
  };
  return valuesOf(run(inputs, sizesOf(tokens, n))[`${design.port}Gradient`]!);
}

const known = new Map<string, ReturnType<typeof referenceKernels>>();

function kernelsOf({ name, operation, dialect }: Design): ReturnType<typeof referenceKernels> {
  const made = known.get(name) ?? referenceKernels({
    round: (x) => x,
    storage: 'f64',
    ...(operation === 'sinkhorn' ? { sinkhorn: dialect as SinkhornDialect } : { relatives: { [operation]: dialect } }),
  });
  known.set(name, made);
  return made;
}

/** Streams that a design has where others have n. */
export function streamsOf(design: Design, n: number): number {
  return design.form === 'none' ? 1 : n;
}

/** Sizes of a call about mappings alone. */
export function sizesOf(tokens: number, n: number): Sizes {
  return { tokens, streams: n, channels: 1, depth: 1 };
}

function transposeAll(matrices: Float64Array, n: number): Float64Array {
  return matrices.map((_, at) => {
    const within = at % (n * n);
    return matrices[at - within + (within % n) * n + Math.floor(within / n)]!;
  });
}
