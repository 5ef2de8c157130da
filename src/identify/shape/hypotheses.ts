/**
 * What may be wrong with a kernel, as predictions: each hypothesis says what the kernel would answer, with the error bound that the declared arithmetic has for *that* computation.
 *
 * Bounds. A changed dialect or changed inputs (transposed, of another token, rounded on load) are ordinary evaluations with their own bound. Rearranging outputs rearranges bounds. Multiplying an output by s
 * multiplies its bound, and rounds once more: |s|·E + u·|s|·(|v| + E). Storing as a coarser dtype d: E + u_d·(|v| + E) and the smallest number of d, and every answer must be a number of d.
 */
import type { Bounded, Operation, Port, Sizes, Values } from '../../operations/operation.ts';
import { lengthOf } from '../../operations/dims.ts';
import type { ResolvedKernel } from '../../targets/resolve.ts';
import { tf32 } from '../../operations/calculus/tf32.ts';
import { roundTo } from '../../tensor/codecs.ts';
import { minSubnormal, unitRoundoff, type Dtype } from '../../tensor/dtype.ts';
import { comparison, type Fields } from '../naming.ts';
import { identity, isMatrix, perToken, rearranged, rearrangedIn, retokened, transposed } from './layout.ts';

export type Prediction = Pick<Bounded, 'values' | 'errors' | 'certified'>;

export interface Hypothesis {
  /** Without a subject: "returns residualMapping transposed". */
  readonly sentence: string;
  /** Undefined where it says the same as the declaration, as with one token. */
  predict(inputs: Values, sizes: Sizes): Prediction | undefined;
  /** What else must be seen in the answers. */
  admits?(answers: Values): boolean;
}

/** Everything that is tried, likeliest first. */
export function hypothesesOf(kernel: ResolvedKernel): Hypothesis[] {
  const operation = kernel.operation as unknown as Operation<Fields>;
  const declared = kernel.dialect as Fields;
  const bounded = (inputs: Values, sizes: Sizes, dialect: Fields = declared): Bounded => operation.bounded(inputs, sizes, dialect, kernel.arithmetic, kernel.dtypes);
  const onInput = (port: Port, sentence: string, change: (values: Float64Array, sizes: Sizes) => Float64Array | undefined): Hypothesis => ({
    sentence,
    predict(inputs, sizes) {
      const changed = change(inputs[port.name]!, sizes);
      return changed && bounded({ ...inputs, [port.name]: changed }, sizes);
    },
  });
  const onOutput = (port: Port, sentence: string, change: (values: Float64Array, sizes: Sizes) => Float64Array | undefined): Hypothesis => ({
    sentence,
    predict(inputs, sizes) {
      const right = bounded(inputs, sizes);
      const [values, errors] = [change(right.values[port.name]!, sizes), change(right.errors[port.name]!, sizes)];
      return values && errors && { values: { ...right.values, [port.name]: values }, errors: { ...right.errors, [port.name]: errors }, certified: right.certified };
    },
  });
  const scaled = (port: Port, sentence: string, factor: (sizes: Sizes) => number): Hypothesis => ({
    sentence,
    predict(inputs, sizes) {
      const [right, s, unit] = [bounded(inputs, sizes), factor(sizes), unitRoundoff[kernel.dtypes[port.name]!]];
      const [values, errors] = [right.values[port.name]!, right.errors[port.name]!];
      const error = errors.map((e, k) => Math.abs(s) * (e + unit * (Math.abs(values[k]!) + e)));
      return { ...right, values: { ...right.values, [port.name]: values.map((v) => s * v) }, errors: { ...right.errors, [port.name]: error } };
    },
  });
  return [
    ...otherDialects(operation, declared).map((dialect): Hypothesis => ({ sentence: comparison(dialect, declared, operation.presets), predict: (inputs, sizes) => bounded(inputs, sizes, dialect) })),
    ...operation.outputs.flatMap((port) => [...rearrangements(port, 'returns', onOutput), ...scales(port, scaled), stored(port, kernel, bounded)].filter((one) => one !== undefined)),
    ...operation.inputs.filter(isChain).flatMap((port) => skips(port, onInput)),
    ...operation.inputs.flatMap((port) => [...rearrangements(port, 'reads', onInput), ...replacements(port, onInput), ...loaded(port, kernel, onInput)]),
  ];
}

type Change = (port: Port, sentence: string, change: (values: Float64Array, sizes: Sizes) => Float64Array | undefined) => Hypothesis;

function rearrangements(port: Port, verb: 'reads' | 'returns', change: Change): Hypothesis[] {
  const { name, dims } = port;
  const hypotheses: Hypothesis[] = [];
  const add = (sentence: string, how: (values: Float64Array, sizes: Sizes) => Float64Array | undefined): void => void hypotheses.push(change(port, sentence, how));
  if (isMatrix(port)) add(`${verb} ${name} transposed`, transposed);
  if (perToken(port)) {
    const shifted = (by: number, wraps: boolean) => (values: Float64Array, sizes: Sizes): Float64Array | undefined => {
      const { tokens } = sizes;
      return tokens < 3 ? undefined : retokened(values, sizes, (token) => (wraps ? (token + by + tokens) % tokens : Math.min(tokens - 1, Math.max(0, token + by))));
    };
    for (const wraps of [false, true]) {
      add(`${verb} ${name} one token off: each token has that of the token before${wraps ? ', the first that of the last' : ''}`, shifted(-1, wraps));
      add(`${verb} ${name} one token off: each token has that of the token after${wraps ? ', the last that of the first' : ''}`, shifted(1, wraps));
    }
    add(`${verb} ${name} of token 0 for every token`, (values, sizes) => (sizes.tokens < 3 ? undefined : retokened(values, sizes, () => 0)));
  }
  dims.forEach((dim, at) => {
    if (dim !== 'streams' && dim !== 'channels' && dim !== 'depth') return;
    const which = { streams: 'stream', channels: 'channel', depth: 'sublayer' }[dim];
    const place = dims.filter((other) => other === dim).length > 1 ? ` (dimension ${at})` : '';
    const turned = (picks: (size: number) => number[]) => (values: Float64Array, sizes: Sizes): Float64Array | undefined => (sizes[dim] < 3 ? undefined : rearrangedIn(values, port, sizes, at, picks(sizes[dim])));
    add(`${verb} ${name} one ${which} off: each has that of the ${which} before${place}`, turned((size) => identity(size).map((k) => (k + size - 1) % size)));
    add(`${verb} ${name} one ${which} off: each has that of the ${which} after${place}`, turned((size) => identity(size).map((k) => (k + 1) % size)));
    add(`${verb} ${name} with its ${which}s in reverse order${place}`, turned((size) => identity(size).toReversed()));
    if (dim === 'streams' && dims.indexOf('streams') === dims.lastIndexOf('streams')) {
      const kept = (keeps: (stream: number, n: number) => boolean) => (values: Float64Array, sizes: Sizes): Float64Array | undefined => {
        const below = dims.slice(at + 1).reduce((product, other) => product * lengthOf(other, sizes), 1);
        return sizes.streams < 2 ? undefined : values.map((value, k) => (keeps(Math.floor(k / below) % sizes.streams, sizes.streams) ? value : 0));
      };
      add(`${verb} ${name} without its last stream`, kept((stream, n) => stream < n - 1));
      add(`${verb} ${name} without its first stream`, kept((stream) => stream > 0));
      add(`${verb} ${name} of stream 0 alone`, kept((stream) => stream === 0));
    }
    if (dim === 'channels' && at === dims.length - 1) add(`${verb} ${name} with zeros in the last channel`, (values, { channels }) => (channels < 2 ? undefined : values.map((value, k) => (k % channels < channels - 1 ? value : 0))));
    if (dim === 'channels' && at === dims.length - 1) add(`${verb} ${name} with zeros beyond the last multiple of 4 channels`, (values, { channels }) => (channels % 4 === 0 ? undefined : values.map((value, k) => (k % channels < channels - (channels % 4) ? value : 0))));
    if (dim === 'depth') add(`${verb} ${name} of ${which} 0 for every ${which}`, turned((size) => identity(size).map(() => 0)));
  });
  // both dimensions of n×n matrices at once are another order of the streams
  if (isMatrix(port)) add(`${verb} ${name} with its streams in reverse order`, (values, sizes) => (sizes.streams < 3 ? undefined : rearranged(values, port, sizes, 'streams', identity(sizes.streams).toReversed())));
  const [first, second] = dims.slice(-2);
  if (first === 'streams' && second === 'channels') {
    add(`${verb} ${name} as [channels, streams]`, (values, { streams: n, channels }) => (n < 2 || channels < 2 ? undefined : values.map((_, at) => {
      const within = at % (n * channels);
      return values[at - within + (within % channels) * n + Math.floor(within / channels)]!;
    })));
  }
  return hypotheses;
}

/** Mappings that are applied one after the other. */
function isChain(port: Port): boolean {
  return isMatrix(port) && port.dims.includes('depth') && port.role === 'residual-mapping';
}

/** A sublayer that is left out does what the identity would. */
function skips(port: Port, change: Change): Hypothesis[] {
  const without = (skipped: (depth: number) => number) => (values: Float64Array, { streams: n, depth }: Sizes): Float64Array | undefined => (depth < 2 ? undefined : values.map((value, k) => {
    const within = k % (n * n);
    return Math.floor(k / (n * n)) % depth === skipped(depth) ? Number(within % n === Math.floor(within / n)) : value;
  }));
  return [change(port, 'leaves out the last sublayer', without((depth) => depth - 1)), change(port, 'leaves out the first sublayer', without(() => 0))];
}

function scales(port: Port, scaled: (port: Port, sentence: string, factor: (sizes: Sizes) => number) => Hypothesis): Hypothesis[] {
  const { name } = port;
  return [
    scaled(port, `returns ${name} with the opposite sign`, () => -1),
    scaled(port, `returns twice ${name}`, () => 2),
    scaled(port, `returns half of ${name}`, () => 0.5),
    scaled(port, `returns zeros for ${name}`, () => 0),
    scaled(port, `returns ${name} divided by the number of streams: a mean for a sum`, ({ streams }) => 1 / streams),
    scaled(port, `returns ${name} times the number of streams: a sum for a mean`, ({ streams }) => streams),
    scaled(port, `returns ${name} divided by the number of tokens: a mean for a sum`, ({ tokens }) => 1 / tokens),
  ];
}

function replacements(port: Port, change: Change): Hypothesis[] {
  const { name } = port;
  return [
    change(port, `ignores ${name}: it computes as if it were 0`, (values) => values.map(() => 0)),
    change(port, `ignores ${name}: it computes as if it were 1`, (values) => values.map(() => 1)),
    change(port, `reads ${name} without its sign`, (values) => values.map(Math.abs)),
    change(port, `reads ${name} with the opposite sign`, (values) => values.map((value) => -value)),
    change(port, `reads half of ${name}`, (values) => values.map((value) => value / 2)),
    change(port, `reads twice ${name}`, (values) => values.map((value) => value * 2)),
    change(port, `reads negative ${name} as 0`, (values) => values.map((value) => Math.max(0, value))),
  ];
}

/** Dtypes that hold less than the declared one. */
function coarser(dtype: Dtype): Dtype[] {
  return dtype === 'f64' ? ['f32', 'bf16', 'f16'] : dtype === 'f32' ? ['bf16', 'f16'] : [];
}

function loaded(port: Port, { dtypes, arithmetic }: ResolvedKernel, change: Change): Hypothesis[] {
  const declared = dtypes[port.name]!;
  const casts = coarser(declared).map((dtype) => change(port, `computes one precision lower: it rounds ${port.name} to ${dtype} when it reads it`, (values) => values.map(roundTo[dtype])));
  if (declared !== 'f32' || arithmetic.compute !== 'f32') return casts;
  return [...casts, change(port, `computes one precision lower: it rounds ${port.name} to TF32 when it reads it`, (values) => values.map((value) => tf32(value, 'nearest-even')))];
}

/** Of the coarsest dtypes first: what is a number of bf16 is one of f32 as well. */
function stored(port: Port, { dtypes }: ResolvedKernel, bounded: (inputs: Values, sizes: Sizes) => Bounded): Hypothesis | undefined {
  const declared = dtypes[port.name]!;
  const choices = coarser(declared).toReversed();
  if (choices.length === 0) return undefined;
  let seen: Dtype = choices[0]!;
  return {
    get sentence() {
      return `computes one precision lower: it returns ${port.name} rounded to ${seen}`;
    },
    admits(answers) {
      const fitting = choices.toSorted((a, b) => unitRoundoff[b] - unitRoundoff[a]).find((dtype) => answers[port.name]!.every((value) => Object.is(roundTo[dtype](value), value)));
      if (fitting !== undefined) seen = fitting;
      return fitting !== undefined;
    },
    predict(inputs, sizes) {
      const right = bounded(inputs, sizes);
      const [values, errors, unit] = [right.values[port.name]!, right.errors[port.name]!, unitRoundoff[seen]];
      const error = errors.map((e, k) => e + unit * (Math.abs(values[k]!) + e) + minSubnormal[seen]);
      return { ...right, errors: { ...right.errors, [port.name]: error } };
    },
  };
}

/** Dialects that differ from the declared one in one respect. */
function otherDialects(operation: Operation<Fields>, declared: Fields): Fields[] {
  const found = Object.entries(declared).flatMap(([field, value]) => otherValues(operation, field, value).map((other): Fields => ({ ...declared, [field]: other })));
  // ε is in three fields, and a dialect without it says so in all of them
  const without = { ...declared, epsilon: 0 };
  if (declared['epsilon'] !== undefined && !operation.dialectSchema.safeParse(without).success) found.push({ ...without, epsilonInStart: false, divisor: 'plain' });
  const valid = found.filter((dialect) => operation.dialectSchema.safeParse(dialect).success);
  return valid.filter((dialect, k) => valid.findIndex((other) => JSON.stringify(other) === JSON.stringify(dialect)) === k);
}

function otherValues(operation: Operation<Fields>, field: string, value: Fields[string]): Fields[string][] {
  const usual = Object.values(operation.presets).flatMap((preset) => (preset[field] === undefined ? [] : [preset[field]]));
  const near = typeof value === 'boolean' ? [!value] : typeof value === 'string' ? [] : field === 'iterations' ? [value - 1, value + 1] : [0, value * 10, value / 10, value * 2, value / 2].map((one) => Number(one.toPrecision(12)));
  return [...new Set([...near, ...usual])].filter((other) => other !== value && typeof other === typeof value);
}
