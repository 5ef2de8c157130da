/**
 * Expand, head, sublayers and chains of them as their equations (paper, Eqs. 3, 7 and 8; MHC.md §1.4), for one token. Streams are n×C, hidden states 1×C. Derivatives
 * are the product and the chain rule; those of gates and norms by the rule for quotients: σ = 1/(1 + e^−u), r = (mean(u²) + ε)^−½.
 */
import type { BigNumber } from 'mathjs';

import type { HeadDialect, LayerDialect, LayerVjpDialect } from '../layers/dialect.ts';
import type { MappingsVjpDialect } from '../mappings/dialect.ts';
import { exactMappings, exactMappingsVjp, type CoefficientGradients, type CoefficientInputs, type Mappings } from './mappings.ts';
import { exactly, multiply, plus, sum, transpose, zero, type Matrix } from './numbers.ts';
import { exactStreamRead, exactStreamReadVjp, exactStreamWrite, exactStreamWriteVjp } from './streams.ts';

type Row = readonly BigNumber[];
const one = exactly(1);

/** φ [n, nC], α [1], b [n]; or their gradients. */
export interface HeadInputs {
  readonly streams: Matrix;
  readonly projection: Matrix;
  readonly scale: BigNumber;
  readonly biases: Row;
}

export function exactHead(inputs: HeadInputs, dialect: HeadDialect): Matrix {
  return exactStreamRead([headMappings(inputs, dialect).pre], inputs.streams);
}

export function exactHeadVjp(inputs: HeadInputs, g: Matrix, dialect: HeadDialect): HeadInputs {
  const n = inputs.streams.length;
  const read = exactStreamReadVjp([headMappings(inputs, dialect).pre], inputs.streams, g);
  const nothing = { post: inputs.biases.map(() => zero), residual: inputs.streams.map(() => inputs.biases.map(() => zero)) };
  const gradients = exactMappingsVjp(headCoefficients(inputs), { pre: read.pre[0]!, ...nothing }, headAsMappings(dialect));
  return {
    streams: plus(read.streams, rows(gradients.streams, n)),
    projection: gradients.projection.slice(0, n),
    scale: gradients.scales[0]!,
    biases: gradients.biases.slice(0, n),
  };
}

/** The head's mixes are the pre mapping of coefficients of which all others are predicted as 0. */
function headCoefficients({ streams, projection, scale, biases }: HeadInputs): CoefficientInputs {
  const n = streams.length;
  const others = Array.from({ length: n * n + n }, () => zero);
  const width = streams.flat();
  return {
    n,
    streams: width,
    projection: [...projection, ...others.map(() => width.map(() => zero))],
    scales: [scale, zero, zero],
    biases: [...biases, ...others],
    normWeight: width.map(() => one),
  };
}

function headMappings(inputs: HeadInputs, dialect: HeadDialect): Mappings {
  return exactMappings(headCoefficients(inputs), headAsMappings(dialect));
}

function headAsMappings(dialect: HeadDialect): MappingsVjpDialect {
  return {
    ...dialect,
    iterations: 1,
    epsilon: 0,
    start: 'exp',
    epsilonInStart: false,
    divisor: 'plain',
    stabilisation: 'none',
    domain: 'linear',
    lastNormalised: 'rows',
    orientation: 'plain',
    normWeight: false,
    postMultiplier: 1,
    derivative: 'unrolled',
  };
}

/** The parameters of one sublayer. */
export interface SublayerParameters {
  readonly projection: Matrix;
  readonly scales: Row;
  readonly biases: Row;
  readonly normWeight: Row;
  readonly innerWeight: Row;
}

interface Course {
  readonly streams: Matrix;
  readonly mappings: Mappings;
  readonly pre: Row;
  readonly u: Row;
  readonly y: Row;
}

/** A chain's result: the streams after it and, where sublayers read with the previous pre, their collapse. */
export function exactChain(streams: Matrix, sublayers: readonly SublayerParameters[], dialect: LayerDialect, read: 'own' | 'previous'): { streams: Matrix; collapsed: Matrix } {
  const { last, pre } = courses(streams, sublayers, dialect, read);
  return { streams: last, collapsed: exactStreamRead([pre], last) };
}

/** The gradients of the streams and of each sublayer's parameters. `collapsed` is the cotangent of the collapse, if there is one. */
export function exactChainVjp(
  streams: Matrix,
  sublayers: readonly SublayerParameters[],
  g: Matrix,
  collapsed: Matrix | undefined,
  dialect: LayerVjpDialect,
): { streams: Matrix; sublayers: SublayerParameters[] } {
  const { all, last, pre } = courses(streams, sublayers, dialect, collapsed === undefined ? 'own' : 'previous');
  let cotangent = g;
  let forPre: Row | undefined;
  if (collapsed !== undefined) {
    const read = exactStreamReadVjp([pre], last, collapsed);
    cotangent = plus(g, read.streams);
    forPre = read.pre[0]!;
  }
  const gradients: SublayerParameters[] = [];
  for (let l = sublayers.length - 1; l >= 0; l--) {
    const { streams: x, mappings, pre: reading, u, y } = all[l]!;
    const written = exactStreamWriteVjp(mappings.residual, [mappings.post], x, [y], cotangent, dialect);
    const inner = innerVjp(u, sublayers[l]!.innerWeight, written.out[0]!, dialect);
    const read = exactStreamReadVjp([reading], x, [inner.u]);
    const given = { pre: forPre ?? read.pre[0]!, post: written.post[0]!, residual: written.mapping };
    const predicted = exactMappingsVjp(coefficientsAt(x, sublayers[l]!), given, dialect);
    cotangent = plus(plus(written.streams, read.streams), rows(predicted.streams, x.length));
    gradients.unshift({ ...parameterGradients(predicted), innerWeight: inner.weight });
    if (collapsed !== undefined) forPre = read.pre[0]!;
  }
  return { streams: cotangent, sublayers: gradients };
}

function parameterGradients({ projection, scales, biases, normWeight }: CoefficientGradients): Omit<SublayerParameters, 'innerWeight'> {
  return { projection, scales, biases, normWeight };
}

function courses(streams: Matrix, sublayers: readonly SublayerParameters[], dialect: LayerDialect, read: 'own' | 'previous'): { all: Course[]; last: Matrix; pre: Row } {
  const all: Course[] = [];
  let x = streams;
  let handed: Row = x.map((_, i) => (i === 0 ? one : zero));
  for (const parameters of sublayers) {
    const mappings = exactMappings(coefficientsAt(x, parameters), dialect);
    const pre = read === 'own' ? mappings.pre : handed;
    const u = exactStreamRead([pre], x)[0]!;
    const y = innerOutput(u, parameters.innerWeight, dialect);
    all.push({ streams: x, mappings, pre, u, y });
    x = exactStreamWrite(mappings.residual, [mappings.post], x, [y], dialect);
    handed = mappings.pre;
  }
  return { all, last: x, pre: handed };
}

function coefficientsAt(x: Matrix, { projection, scales, biases, normWeight }: SublayerParameters): CoefficientInputs {
  return { n: x.length, streams: x.flat(), projection, scales, biases, normWeight };
}

function innerOutput(u: Row, w: Row, { inner: kind, innerEpsilon }: LayerDialect): BigNumber[] {
  switch (kind) {
    case 'zero':
      return u.map(() => zero);
    case 'identity':
      return [...u];
    case 'scale':
      return u.map((value, c) => w[c]!.times(value));
    case 'silu':
      return u.map((value, c) => w[c]!.times(value).div(one.plus(value.neg().exp())));
    case 'rms-norm': {
      const norm = meanSquare(u, innerEpsilon).sqrt();
      return u.map((value, c) => w[c]!.times(value).div(norm));
    }
  }
}

function innerVjp(u: Row, w: Row, g: Row, dialect: LayerDialect): { u: BigNumber[]; weight: BigNumber[] } {
  const weighted = dialect.inner !== 'zero' && dialect.inner !== 'identity';
  const bare = innerOutput(u, w.map(() => one), dialect);
  const weight = g.map((value, c) => (weighted ? value.times(bare[c]!) : zero));
  const q = g.map((value, c) => value.times(w[c]!));
  switch (dialect.inner) {
    case 'zero':
      return { u: u.map(() => zero), weight };
    case 'identity':
      return { u: [...g], weight };
    case 'scale':
      return { u: q, weight };
    case 'silu':
      return {
        u: q.map((value, c) => {
          const e = u[c]!.neg().exp();
          const d = one.plus(e);
          return value.times(one.div(d).plus(u[c]!.times(e).div(d.times(d)))); // (u/d)′ with d′ = −e
        }),
        weight,
      };
    case 'rms-norm': {
      const square = meanSquare(u, dialect.innerEpsilon);
      const norm = square.sqrt();
      const shared = sum(q.map((value, c) => value.times(u[c]!))).div(square.times(norm)).div(u.length);
      return { u: q.map((value, c) => value.div(norm).minus(shared.times(u[c]!))), weight };
    }
  }
}

function meanSquare(u: Row, epsilon: number): BigNumber {
  return sum(u.map((value) => value.times(value))).div(u.length).plus(exactly(epsilon));
}

/** n copies of a hidden state, or the first stream alone. */
export function exactExpand(hidden: Matrix, n: number, copies: 'all' | 'first'): Matrix {
  return multiply(copied(n, copies), hidden);
}

export function exactExpandVjp(g: Matrix, copies: 'all' | 'first'): Matrix {
  return multiply(transpose(copied(g.length, copies)), g);
}

function copied(n: number, copies: 'all' | 'first'): Matrix {
  return Array.from({ length: n }, (_, i) => [copies === 'all' || i === 0 ? one : zero]);
}

function rows(flat: Row, n: number): Matrix {
  const width = flat.length / n;
  return Array.from({ length: n }, (_, i) => flat.slice(i * width, (i + 1) * width));
}

