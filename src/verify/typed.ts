/**
 * The inputs of a case in a form that a person can type into any language: `logits = [[0, 3], [0, 0]]`.
 * Tensors too large for that are named by what sets them apart from a constant; the counterexample file has the rest.
 * It is here and not in report/ because a counterexample carries this text (results.ts), and verify/ is below report/.
 */
import type { Dtype } from '../tensor/dtype.ts';
import { formatNumber } from '../tensor/format.ts';

const largestLiteral = 256; // one 16×16 matrix
const mostExceptions = 8;

export interface TypedInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly values: ArrayLike<number>;
}

/** One line per input, the sizes first. A batch of one token is written without its leading dimension. */
export function renderTyped(inputs: readonly TypedInput[], sizes: Readonly<Record<string, number>>): string {
  const header = Object.entries(sizes).map(([name, size]) => `${name} ${size}`).join(', ');
  return [`# ${header}`, ...inputs.map((input) => `${input.name} = ${renderTensor(input)}`)].join('\n');
}

function renderTensor({ shape, values, dtype }: TypedInput): string {
  const dims = shape[0] === 1 && shape.length > 1 ? shape.slice(1) : shape;
  const text = (i: number): string => formatNumber(values[i]!, dtype);
  const common = mostFrequent(values);
  const exceptions = common === undefined ? [] : indicesOtherThan(values, common);
  if (values.length <= 16 || (values.length <= largestLiteral && exceptions.length > mostExceptions)) return nested(dims, text);
  if (common !== undefined && exceptions.length <= mostExceptions) {
    const constant = `all ${formatNumber(common, dtype)} [${dims.join(', ')}]`;
    if (exceptions.length === 0) return constant;
    return `${constant} except ${exceptions.map((i) => `[${position(i, dims).join(', ')}] = ${text(i)}`).join(', ')}`;
  }
  return `${dtype} [${dims.join(', ')}], ${values.length} values, see the counterexample file`;
}

function nested(dims: readonly number[], text: (index: number) => string, offset = 0): string {
  if (dims.length === 0) return text(offset);
  const [size, ...inner] = dims as [number, ...number[]];
  const step = inner.reduce((product, next) => product * next, 1);
  return `[${Array.from({ length: size }, (_, i) => nested(inner, text, offset + i * step)).join(', ')}]`;
}

function mostFrequent(values: ArrayLike<number>): number | undefined {
  const counts = new Map<number, number>();
  let best: number | undefined;
  for (let i = 0; i < values.length; i++) {
    const count = (counts.get(values[i]!) ?? 0) + 1;
    counts.set(values[i]!, count);
    if (best === undefined || count > counts.get(best)!) best = values[i]!;
  }
  return best;
}

/** Indices of the values that are not `common`, one more than can be listed at most. */
function indicesOtherThan(values: ArrayLike<number>, common: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length && found.length <= mostExceptions; i++) {
    if (!Object.is(values[i], common)) found.push(i);
  }
  return found;
}

function position(index: number, dims: readonly number[]): number[] {
  let rest = index;
  return dims.map((_, i) => {
    const step = dims.slice(i + 1).reduce((product, next) => product * next, 1);
    const at = Math.floor(rest / step);
    rest %= step;
    return at;
  });
}
