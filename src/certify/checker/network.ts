/** The checker's methods of claims about all inputs of a kernel, or of a network; tensors are read by the checker itself. */
import { exponential, holds, logits, powerOf, type Holds, type Kernel } from './bounds.ts';
import { addUp, canonical, DamagedFile, isCount, isFields, mulUp, must, sha256, tensorOf, textOf, unchecked, type Claimed, type Fields, type Interval, type Json, type Method } from './check.ts';
import { freeSideWithin } from './free-side.ts';

const isNumber = (value: Json | undefined): value is number => typeof value === 'number' && Number.isFinite(value);

/** The kernel that the parameters name, every field of it; the operation and the dialect that the certificate shows to people must not be others. */
function kernelOf({ parameters: { kernel = null }, certificate: { operation: shown = null, dialect = null } }: Claimed, operation: string): Kernel {
  must(isFields(kernel) && isFields(kernel['rounding']) && isFields(kernel['stored']), 'it names no kernel');
  const { n, first, iterations, start, added, divisor, epsilon, temperature, orientation, rounding, stored } = kernel;
  const numbers = [added, epsilon, ...['start', 'startLine', 'entry', 'line', 'underflow'].map((key) => rounding[key]), ...['relative', 'absolute'].map((key) => stored[key])];
  must(isCount(n) && n >= 1 && n <= 16 && isCount(iterations) && iterations >= 1 && iterations <= 1000, 'its kernel has no size');
  must([kernel, rounding, stored].map((fields) => Object.keys(fields).length).join() === '11,5,2', 'its kernel has other fields');
  must(numbers.every((x) => isNumber(x) && x >= 0 && x <= 1) && isNumber(temperature) && temperature > 0, 'a number of its kernel is out of range');
  must((first === 'rows' || first === 'columns') && (start === 'softmax' || start === 'exp') && ['add', 'clamp', 'plain'].includes(textOf(divisor)) && (orientation === 'plain' || orientation === 'transposed'), 'its kernel is none');
  must((shown === null || shown === operation) && (!isFields(dialect) || canonical(walked(dialect)) === canonical({ ...kernel, n: 0, rounding: 0, stored: 0 })), 'its kernel is not of the operation and dialect that the certificate names');
  return kernel as unknown as Kernel;
}

/** What of a dialect the walk depends on, under the names of a kernel. The rest of it changes the rounding, which is the issuer's word. */
function walked({ iterations = null, start = null, temperature = null, orientation = null, lastNormalised, epsilon = null, epsilonInStart, divisor = null, stopBelow }: Fields): Fields {
  must(stopBelow === 0, 'its dialect may stop early');
  const plain = divisor === 'plain' || epsilon === 0;
  return {
    n: 0, rounding: 0, stored: 0, iterations, start, temperature, orientation, first: lastNormalised === 'rows' ? 'columns' : lastNormalised === 'columns' ? 'rows' : null,
    added: start === 'softmax' && epsilonInStart === true ? epsilon : 0, divisor: plain ? 'plain' : divisor, epsilon: plain ? 0 : epsilon,
  };
}

/** A kernel that no file holds is a subject by the digest of its parameters. */
export function mustBeSubject({ parameters, certificate }: Claimed): void {
  const digest = sha256(canonical({ kernel: parameters['kernel']! }));
  must((certificate['subject'] as Fields[]).some((one) => (one['digest'] as Fields)['sha256'] === digest), 'its kernel is no subject of the certificate');
}

function subjectOf(claimed: Claimed): Kernel {
  mustBeSubject(claimed);
  return kernelOf(claimed, 'sinkhorn');
}

const memory = new WeakMap<Buffer, Map<string, { readonly from: readonly Buffer[]; readonly holds: Holds | undefined }>>();

/** The bounds of every sublayer that the parameters name, in their order. */
function network(claimed: Claimed): { kernel: Kernel; sublayers: Holds[] } {
  const { parameters, files, certificate } = claimed;
  const kernel = kernelOf(claimed, 'mappings');
  must((certificate['subject'] as Fields[]).map(({ name }) => textOf(name)).join(', ') === parameters['files'], 'its files are not the subjects of the certificate');
  const named = parameters['sublayers'];
  must(Array.isArray(named) && named.length > 0, 'it names no sublayers');
  const sublayers = named.map((names) => {
    must(Array.isArray(names) && names.length === 5 && names.every((name) => typeof name === 'string'), 'a sublayer is not [projection, scales, bias, norm, name]');
    const tensors = [names[0]!, ...names[1]!.split('+'), names[2]!, ...(names[3] === '' ? [] : [names[3]!])];
    const from = tensors.map((name) => fileOf(files, name));
    const known = memory.get(from[0]!) ?? new Map<string, { readonly from: readonly Buffer[]; readonly holds: Holds | undefined }>();
    memory.set(from[0]!, known);
    const key = JSON.stringify([kernel, names]);
    let found = known.get(key);
    if (found === undefined || found.from.some((bytes, k) => bytes !== from[k])) known.set(key, (found = { from, holds: sublayer(kernel, tensors.map((name, k) => tensorOf(from[k]!, name)), names[3] !== '') }));
    must(found.holds !== undefined, `nothing is proved of '${names[0]}'`);
    return found.holds;
  });
  return { kernel, sublayers };
}

const headers = new WeakMap<Buffer, Set<string>>();

/** Names in the header of a safetensors file; `tensorOf` refuses what is wrong with them. */
function namesIn(bytes: Buffer): Set<string> {
  const known = headers.get(bytes);
  if (known !== undefined) return known;
  try {
    const names = new Set(Object.keys(JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0)))) as object));
    headers.set(bytes, names);
    return names;
  } catch (error) {
    throw new DamagedFile('a file that was given is no safetensors file', { cause: error });
  }
}

/** The file that has a tensor. */
function fileOf(files: Claimed['files'], name: string): Buffer {
  const found = [...files.values()].find((bytes) => namesIn(bytes).has(name));
  if (found === undefined) throw unchecked(`no file that was given has '${name}'`);
  return found;
}

type Tensor = ReturnType<typeof tensorOf>;

function sublayer(kernel: Kernel, tensors: readonly Tensor[], normed: boolean): Holds | undefined {
  const { n } = kernel;
  const { shape: [outputs, width], values } = tensors[0]!;
  must(outputs === n * n + 2 * n && width !== undefined, 'a projection is not [n² + 2n, n·C]');
  const gain = normed ? tensors.at(-1)!.values : undefined;
  must(gain === undefined || gain.length === width, 'the weight of a norm does not fit');
  const rows = Array.from({ length: outputs }, (_, k) => values.slice(k * width, (k + 1) * width).map((x, t) => (gain === undefined ? x : x * gain[t]!)));
  const bias = [...tensors.at(normed ? -2 : -1)!.values];
  const scales = tensors.slice(1, normed ? -2 : -1).flatMap((one) => [...one.values]);
  must(scales.length === 3 && bias.length === outputs, 'there are no three scales, or a bias does not fit');
  const { box, spans } = logits({ rows, scales, bias }, n);
  return holds(kernel, box.slice(2 * n), spans);
}

/** The bounds for logits of at most `limit`; with a partition the worst of its parts. */
function boxed(claimed: Claimed): Holds {
  const kernel = subjectOf(claimed);
  const { limit, partition } = claimed.parameters;
  must(isNumber(limit) && limit >= 0 && limit <= 1e6, 'it names no limit of the logits');
  must(partition === undefined || (Array.isArray(partition) && partition.every((index) => index === -1 || (isCount(index) && index < kernel.n ** 2))), 'its partition is none');
  const tree = partition === undefined ? [-1] : (partition as number[]);
  let place = 0;
  const visit = (box: readonly Interval[]): Holds => {
    const index = tree[place++];
    must(index !== undefined, 'its partition ends too early');
    if (index === -1) {
      const found = holds(kernel, box);
      must(found !== undefined, 'nothing is proved of a part');
      return found;
    }
    const middle = box[index]![0] / 2 + box[index]![1] / 2;
    const [a, b] = [visit(box.map((x, k): Interval => (k === index ? [x[0], middle] : x))), visit(box.map((x, k): Interval => (k === index ? [middle, x[1]] : x)))];
    const union = (x: Interval, y: Interval): Interval => [Math.min(x[0], y[0]), Math.max(x[1], y[1])];
    return { forward: union(a.forward, b.forward), backward: union(a.backward, b.backward), exact: union(a.exact, b.exact), free: union(a.free, b.free), twoNorm: Math.max(a.twoNorm, b.twoNorm), second: Math.max(a.second, b.second) };
  };
  const found = visit(Array.from({ length: kernel.n ** 2 }, (): Interval => [-limit, limit]));
  must(place === tree.length, 'its partition goes on');
  return found;
}

/** What the last half-step gives, whatever came before: no sum of the exact side exceeds this. */
function exactSide({ n, rounding, stored }: Kernel): number {
  const last = addUp(exponential(addUp(rounding.entry, rounding.line))[1], mulUp(n, rounding.underflow));
  return addUp(mulUp(last, addUp(1, stored.relative)), mulUp(n, stored.absolute));
}

const deviation = ([low, high]: Interval): number => Math.max(addUp(1, -low), addUp(high, -1));
const ieee = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';
const declared = 'The kernel computes what the parameters name, and its arithmetic keeps within the errors that they name; those follow from the declared arithmetic.';
const normed = 'The projection is of streams divided by their root mean square, taken over all of them or over each, and is accumulated in f32 from operands rounded to TF32 or better.';
const inputs = 'all finite logits';
const within = 'all logits of magnitude at most {limit}';
const every = 'every input of the network whose parameters are named, in {files}';

const claim = (strength: string, takes: string, quantity: string, domain: string, assumes: readonly string[], plain: string, value: (claim: Claimed) => number): Method => ({
  strength, relation: '<=', quantity, plain, domain, assumes, takes, holds: (claimed) => value(claimed) <= claimed.bound,
});
const box = (quantity: string, plain: string, value: (holds: Holds) => number): Method => claim('all-inputs', 'kernel limit partition', quantity, within, [declared, ieee], plain, (claimed) => value(boxed(claimed)));
const all = (quantity: string, plain: string, value: (kernel: Kernel, depth: number) => number): Method => claim('all-inputs', 'kernel depth', quantity, inputs, [declared, ieee], plain, (claimed) => {
  const { depth } = claimed.parameters;
  must(isCount(depth) && depth >= 1 && depth <= 1e6, 'it names no depth');
  return value(subjectOf(claimed), depth);
});
const net = (quantity: string, plain: string, value: (sublayers: readonly Holds[], kernel: Kernel) => number): Method => claim('checkpoint', 'kernel files sublayers', quantity, every, [declared, normed, ieee], plain, (claimed) => {
  const { kernel, sublayers } = network(claimed);
  return value(sublayers, kernel);
});
const worst = (of: (holds: Holds) => number) => (sublayers: readonly Holds[]): number => Math.max(...sublayers.map(of));
const gain = (side: 'forward' | 'backward') => (sublayers: readonly Holds[], { n }: Kernel): number => {
  const [own, exact] = [sublayers.reduce((product, one) => mulUp(product, one[side][1]), 1), sublayers.reduce((product, one) => mulUp(product, one.exact[1]), 1)];
  return Math.min(own, mulUp(n, exact));
};

/** Claims about all inputs of a kernel, and of a network. */
export const networkMethods: ReadonlyMap<string, Method> = new Map(Object.entries({
  'exact-side': claim('all-inputs', 'kernel', 'largest sum of the exact side', inputs, [declared, ieee], 'No line of the side that is normalised last sums to more than {}.', (claimed) => exactSide(subjectOf(claimed))),
  'exact-side-depth': all('gain of the exact side over {depth} layers', 'Over {depth} layers the gain of the exact side is at most {}.', (kernel, depth) => powerOf(exactSide(kernel), depth, mulUp)),
  'free-side-depth': all('gain of the free side over {depth} layers', 'Over {depth} layers the gain of the free side is at most {}, at any depth a factor of n above the exact side.', (kernel, depth) => mulUp(kernel.n, powerOf(exactSide(kernel), depth, mulUp))),
  'free-side': {
    ...claim('all-inputs', 'kernel', 'max |sum of the free side − 1|', inputs, [declared, ieee], 'Every line of the side that is not normalised last sums to 1 within {}.', () => Infinity),
    holds: (claimed) => freeSideWithin(subjectOf(claimed), claimed.bound),
  },
  'box-exact-sums': box('max |sum of the exact side − 1|', 'Every line of the side that is normalised last sums to 1 within {}.', ({ exact }) => deviation(exact)),
  'box-free-sums': box('max |sum of the free side − 1|', 'Every line of the other side sums to 1 within {}.', ({ free }) => deviation(free)),
  'box-two-norm': box('‖H‖₂', 'No mapping lets the norm of a signal or of a gradient grow by more than a factor of {}.', ({ twoNorm }) => twoNorm),
  'box-second-singular-value': box('σ₂(H)', 'The second singular value of a mapping is at most {}.', ({ second }) => second),
  'network-exact-sums': net('max |sum of the exact side − 1|', 'In every sublayer the lines of the side that is normalised last sum to 1 within {}.', worst(({ exact }) => deviation(exact))),
  'network-free-sums': net('max |sum of the free side − 1|', 'In every sublayer the lines of the other side sum to 1 within {}.', worst(({ free }) => deviation(free))),
  'network-two-norm': net('max ‖H‖₂', 'No sublayer lets the norm of a signal or of a gradient on the residual path grow by more than a factor of {}.', worst(({ twoNorm }) => twoNorm)),
  'network-second-singular-value': net('max σ₂(H)', 'The second singular value of every residual mapping is at most {}.', worst(({ second }) => second)),
  'network-forward-gain': net('‖∏H‖∞', 'From the first sublayer to the last, the largest magnitude over the streams grows on the residual path by at most a factor of {}.', gain('forward')),
  'network-backward-gain': net('‖∏H‖₁', 'From the last sublayer to the first, the largest gradient over the streams grows on the residual path by at most a factor of {}.', gain('backward')),
}));
