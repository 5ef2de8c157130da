/** Stream operations and stacks as matrix equations (paper, Eqs. 3 and 4), for one token. Streams are n×C, a layer's input and output 1×C. */
import type { MixingDialect } from '../streams/dialect.ts';
import { multiply, plus, transpose, type Matrix } from './numbers.ts';

/** h = pre·x, pre 1×n. */
export function exactStreamRead(pre: Matrix, streams: Matrix): Matrix {
  return multiply(pre, streams);
}

/** ∂pre = g·xᵀ, ∂x = preᵀ·g. */
export function exactStreamReadVjp(pre: Matrix, streams: Matrix, g: Matrix): { pre: Matrix; streams: Matrix } {
  return { pre: multiply(g, transpose(streams)), streams: multiply(transpose(pre), g) };
}

/** x' = E·x + postᵀ·out, post 1×n, E = H or Hᵀ. */
export function exactStreamWrite(mapping: Matrix, post: Matrix, streams: Matrix, out: Matrix, dialect: MixingDialect): Matrix {
  return plus(multiply(effective(mapping, dialect), streams), multiply(transpose(post), out));
}

/** ∂E = g·xᵀ, ∂post = out·gᵀ, ∂x = Eᵀ·g, ∂out = post·g. */
export function exactStreamWriteVjp(
  mapping: Matrix,
  post: Matrix,
  streams: Matrix,
  out: Matrix,
  g: Matrix,
  dialect: MixingDialect,
): { mapping: Matrix; post: Matrix; streams: Matrix; out: Matrix } {
  return {
    mapping: effective(multiply(g, transpose(streams)), dialect), // transposing is its own adjoint
    post: multiply(out, transpose(g)),
    streams: multiply(transpose(effective(mapping, dialect)), g),
    out: multiply(post, g),
  };
}

/** E_{D−1}···E_0 and its product with the streams. */
export function exactStack(mappings: readonly Matrix[], streams: Matrix, identity: Matrix, dialect: MixingDialect): { composite: Matrix; streams: Matrix } {
  const composite = mappings.reduce((product, mapping) => multiply(effective(mapping, dialect), product), identity);
  return { composite, streams: multiply(composite, streams) };
}

/** ∂E_l = (E_{D−1}···E_{l+1})ᵀ·g·(E_{l−1}···E_0·x)ᵀ for each l, and ∂x = (E_{D−1}···E_0)ᵀ·g. */
export function exactStackVjp(mappings: readonly Matrix[], streams: Matrix, g: Matrix, dialect: MixingDialect): { mappings: Matrix[]; streams: Matrix } {
  const below: Matrix[] = [streams];
  for (const mapping of mappings) below.push(multiply(effective(mapping, dialect), below.at(-1)!));
  const gradients: Matrix[] = [];
  let above = g;
  for (let l = mappings.length - 1; l >= 0; l--) {
    gradients.unshift(effective(multiply(above, transpose(below[l]!)), dialect));
    above = multiply(transpose(effective(mappings[l]!, dialect)), above);
  }
  return { mappings: gradients, streams: above };
}

function effective(mapping: Matrix, dialect: MixingDialect): Matrix {
  return dialect.orientation === 'transposed' ? transpose(mapping) : mapping;
}
