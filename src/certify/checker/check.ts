/**
 * The independent checker: it shares no code with what issues certificates, reads its own JSON and tensors, and recomputes every bound with + − × ÷ and steps to a neighbouring f64.
 * A claim `holds` when its method is known, its words are those of the method, and its bound was confirmed here. What only the issuer can know (environment, place of the worst,
 * counts of a campaign) is his word, which a signature covers. Formulas: docs/certificates.md. Outward: a correctly rounded result is half a unit off at most, and
 * x + (|x|·2⁻⁵² + 2⁻¹⁰⁷⁴) is at least the next f64. NaN and overflow end in comparisons that refuse.
 */
import { createHash } from 'node:crypto';

/** `refused`: why the whole certificate is. `says`: what a claim states, in the checker's words. */
export type Checked = { readonly refused?: string; readonly claims: readonly ClaimChecked[] };
export type ClaimChecked = { readonly id: string; readonly verdict: 'holds' | 'refused' | 'not checked'; readonly reason: string; readonly says: string };
/** A file that is no certificate or no tensors at all: not a forgery, just damaged. */
export class DamagedFile extends Error {}
class Failed extends Error {
  verdict: ClaimChecked['verdict'] = 'refused';
}
export const unchecked = (reason: string): Failed => Object.assign(new Failed(reason), { verdict: 'not checked' as const });

export type Json = null | boolean | number | string | Json[] | Fields;
export type Fields = { [key: string]: Json };
export type Interval = readonly [low: number, high: number];
export type Matrix = readonly (readonly Interval[])[];
type Test = (m: Matrix, bound: number) => boolean;
export type Claimed = { readonly parameters: Fields; readonly bound: number; readonly files: ReadonlyMap<string, Buffer>; readonly certificate: Fields };
/** `{}` in the sentence and the domain is the bound, `{name}` a parameter; `takes` are the names of all of them. */
export type Method = { readonly strength: string; readonly relation: string; readonly quantity: string; readonly plain: string; readonly domain: string; readonly assumes: readonly string[]; readonly takes: string; readonly holds: (claim: Claimed) => boolean };

export function must(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Failed(reason);
}
export const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isCount = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
export const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
export const canonical = (value: Json | undefined): string => Array.isArray(value) ? `[${value.map(canonical).join(',')}]`
  : isFields(value) ? `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}` : JSON.stringify(value ?? null);
/** JSON in which no object has a key twice: readers differ in which one they take. */
const keysIn = (text: string): number => [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length;
const parse = (text: string, value = JSON.parse(text) as Json): Json => {
  must(keysIn(text) === keysIn(JSON.stringify(value)), 'a field is there twice');
  return value;
};

export const step = (x: number): number => x + (Math.abs(x) * 2 ** -52 + 2 ** -1074);
export const addUp = (a: number, b: number, sum = a + b, part = sum - a): number => (a - (sum - part) + (b - part) <= 0 ? sum : step(sum)); // Knuth's error term; NaN steps
export const mulUp = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : step(a * b));
export const divUp = (a: number, b: number): number => (a === 0 ? 0 : step(a / b));
export const addDown = (a: number, b: number): number => -addUp(-a, -b);
export const mulDown = (a: number, b: number): number => -mulUp(-a, b);
export const divDown = (a: number, b: number): number => -divUp(-a, b);
const exactly = (x: number): Interval => [x, x];
const plus = (a: Interval, b: Interval): Interval => [addDown(a[0], b[0]), addUp(a[1], b[1])];
const minus = (a: Interval, b: Interval): Interval => [addDown(a[0], -b[1]), addUp(a[1], -b[0])];
const times = ([a, b]: Interval, [c, d]: Interval): Interval => a >= 0 && c >= 0 ? [mulDown(a, c), mulUp(b, d)]
  : [Math.min(mulDown(a, c), mulDown(a, d), mulDown(b, c), mulDown(b, d)), Math.max(mulUp(a, c), mulUp(a, d), mulUp(b, c), mulUp(b, d))];
const over = (a: Interval, [c, d]: Interval): Interval => [Math.min(divDown(a[0], c), divDown(a[0], d)), Math.max(divUp(a[1], c), divUp(a[1], d))]; // c > 0
export const magnitude = ([low, high]: Interval): number => Math.max(-low, high);
export const transposed = (m: Matrix): Matrix => m.map((_, i) => m.map((row) => row[i]!));
const product = (a: Matrix, b: Matrix): Interval[][] => a.map((row) => b.map((_, j) => row.map((x, k) => times(x, b[k]![j]!)).reduce(plus)));

export const rowNorm: Test = (m, bound) => m.every((row) => row.reduce((sum, x) => addUp(sum, magnitude(x)), 0) <= bound);
export const rowSums: Test = (m, bound) => m.every((row) => magnitude(minus(row.reduce(plus), exactly(1))) <= bound);
const meanFreeNorm: Test = (m, bound) => twoNorm(m.map((row) => row.map((x) => minus(x, over(exactly(1), exactly(m.length))))), bound);

/** ‖M‖₂ < bound: b²I − MᵀM has positive pivots, whatever M is within its intervals. A power of two keeps the squares in range. */
export function twoNorm(m: Matrix, bound: number): boolean {
  if (!(bound >= 2 ** -1022 && bound < Infinity)) return false;
  let scale = 1;
  for (; bound * scale >= 2; scale /= 2);
  for (; bound * scale < 1; scale *= 2);
  const s = m.map((row) => row.map((x) => times(x, exactly(scale))));
  const square = times(exactly(bound * scale), exactly(bound * scale));
  const a = product(transposed(s), s).map((row, i) => row.map((x, j) => minus(i === j ? square : exactly(0), x)));
  for (let k = 0; k < a.length; k++) {
    if (!(a[k]![k]![0] > 0)) return false;
    for (let i = k + 1; i < a.length; i++) {
      const factor = over(a[i]![k]!, a[k]![k]!);
      for (let j = k + 1; j < a.length; j++) a[i]![j] = minus(a[i]![j]!, times(factor, a[k]![j]!));
    }
  }
  return true;
}

/** The step y of log c for which q, row-stochastic with column sums s, gets column sums 1 to first order: (diag(s) − qᵀq)y = 1 − s, y_0 = 0. */
function newton(q: readonly (readonly number[])[], s: readonly number[]): number[] {
  const a = s.map((sum, i) => [...s.map((_, j) => (i === j ? sum : 0) - q.reduce((dot, row) => dot + row[i]! * row[j]!, 0)), 1 - sum].slice(1)).slice(1);
  for (let k = 0; k < a.length; k++) {
    for (let i = 0; i < a.length; i++) {
      const factor = a[i]![k]! / a[k]![k]!;
      if (i !== k) a[i] = a[i]!.map((x, j) => x - factor * a[k]![j]!);
    }
  }
  return [0, ...a.map((row, k) => row.at(-1)! / row[k]!)];
}

/**
 * |H − P| ≤ bound for the exact Sinkhorn projection P of H > 0. For any c, and T c = 1/(Hᵀ(1/(Hc))), Birkhoff gives d(c, c*) ≤ d(c, Tc)/(1 − κ²) in the Hilbert metric,
 * 1 − κ² = 4s/(s+1)² for s² ≥ the largest cross ratio, and P_ij = h_ij·c_j/(Hc)_i within e^±d; e^d ≤ 1/(1 − e) for e = (x − 1)/(1 − κ²), x = max/min of c/Tc.
 */
const projection: Test = (m, bound) => {
  const h = m.map((row) => row.map(([x]) => x));
  if (h.flat().some((x) => !(x > 0))) return rowSums(m, 0) && rowSums(transposed(m), 0) && h.flat().every((x) => x >= 0);
  const theta = Math.max(...h.flatMap((a) => h.map((b) => divUp(Math.max(...a.map((x, k) => divUp(x, b[k]!))), Math.min(...a.map((x, k) => divDown(x, b[k]!)))))));
  let s = theta;
  for (; (s + theta / s) / 2 < s; s = (s + theta / s) / 2);
  for (; mulDown(s, s) < theta; s = step(s));
  const gap = divDown(mulDown(4, s), mulUp(addUp(s, 1), addUp(s, 1)));
  let c = h.map(() => 1);
  for (let round = 0, next = 0; round <= 200; round++) {
    if (round >= next) {
      next = 2 * round + 1;
      const weighed = m.map((row) => row.map((x, j) => times(x, exactly(c[j]!))));
      const rows = weighed.map((row) => row.reduce(plus));
      const columns = transposed(weighed).map((column) => column.map((x, i) => over(x, rows[i]!)).reduce(plus));
      const e = divUp(addUp(divUp(Math.max(...columns.map(([, high]) => high)), Math.min(...columns.map(([low]) => low))), -1), gap);
      const within: Interval = [addDown(1, -e), divUp(1, addDown(1, -e))];
      if (e < 1 && m.every((row, i) => row.every((x, j) => magnitude(minus(times(over(weighed[i]![j]!, rows[i]!), within), x)) <= bound))) return true;
    }
    const q = h.map((row) => row.map((x, j) => (x * c[j]!) / row.reduce((sum, y, k) => sum + y * c[k]!, 0)));
    const sums = c.map((_, j) => q.reduce((sum, row) => sum + row[j]!, 0));
    c = round % 2 === 1 && round > 5 ? newton(q, sums).map((y, j) => c[j]! * (y < 0 ? 1 / (1 + Math.min(2, -y)) : 1 + Math.min(2, y))) : c.map((x, j) => x / sums[j]!);
  }
  return false;
};

/** ‖Hv‖ ≥ bound·‖v‖ for the matrix and the vector of the claim. */
function witness(claim: Claimed): boolean {
  const [{ bound, parameters: { index, vector } }, { count, at }] = [claim, matrices(claim)];
  must(isCount(index) && index < count, 'it names no matrix');
  const m = at(index);
  must(Array.isArray(vector) && vector.length === m.length && vector.every((x) => typeof x === 'number'), 'its witness is no vector of the matrix');
  const v = vector.map(exactly);
  const square = (entries: readonly Interval[]): Interval => entries.map((x): Interval => [Math.max(x[0], -x[1], 0), magnitude(x)]).map((x) => times(x, x)).reduce(plus);
  const [image, size] = [square(m.map((row) => row.map((x, j) => times(x, v[j]!)).reduce(plus))), square(v)];
  return bound >= 0 && size[0] > 0 && image[0] >= mulUp(mulUp(bound, bound), size[1]);
}

/** P[Bin(N, p) ≤ k] ≤ alpha: (1 − p)^N·Σ r_i, r_i = r_{i−1}·(N − i + 1)/i·p/(1 − p), rounded up; powers of two keep both factors in range. */
function tail(problems: number, failures: number, p: number, alpha: number): boolean {
  if (p === 1) return failures === problems;
  let [power, base, exponent, baseExponent, sum, term] = [1, addUp(1, -p), 0, 0, 1, 1];
  for (let left = problems; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) [power, exponent] = [mulUp(power, base), exponent + baseExponent];
    [base, baseExponent] = [mulUp(base, base), 2 * baseExponent];
    for (; base < 2 ** -400; base *= 2 ** 400) baseExponent -= 400;
    for (; power < 2 ** -400; power *= 2 ** 400) exponent -= 400;
  }
  for (let i = 1; i <= failures; i++) {
    term = mulUp(mulUp(term, divUp(problems - i + 1, i)), divUp(p, addDown(1, -p)));
    sum = addUp(sum, term);
    for (; sum > 2 ** 400; exponent += 400) [sum, term] = [mulUp(sum, 2 ** -400), mulUp(term, 2 ** -400)];
  }
  let whole = mulUp(power, sum);
  for (exponent = Math.max(-2000, exponent); exponent < 0; exponent += 400) whole = mulUp(whole, 2 ** -400);
  return exponent === 0 && whole <= alpha; // above 0 it is more than 1: power·sum ≥ 2⁻⁴⁰⁰
}

type Reader = { readonly width: number; readonly read: (view: DataView, at: number) => number };
const single = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
const half = (bits: number, exponent = bits & 0x7c00, sign = bits >> 15 ? -1 : 1): number => (exponent === 0x7c00 ? Number.NaN : sign * (exponent === 0 ? bits & 1023 : single((bits & 0x7fff) * 8192) * 2 ** 136) * 2 ** -24);
const readers: ReadonlyMap<string, Reader> = new Map(Object.entries<Reader>({
  F64: { width: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { width: 4, read: (view, at) => view.getFloat32(at, true) },
  BF16: { width: 2, read: (view, at) => single(view.getUint16(at, true) * 65536) },
  F16: { width: 2, read: (view, at) => half(view.getUint16(at, true)) },
}));

/** A tensor of a safetensors file, or the one of a .npy file in C order; it must be finite. */
export function tensorOf(bytes: Buffer, name: string): { shape: readonly number[]; values: Float64Array } {
  const npy = /^\x93NUMPY.{4}\{'descr': '<f([248])', 'fortran_order': False, 'shape': \(([\d, ]*)\)/s.exec(bytes.toString('latin1', 0, 200));
  const start = bytes.length < 10 ? 0 : npy === null ? 8 + Number(bytes.readBigUInt64LE(0)) : 10 + bytes.readUInt16LE(8);
  let entry: Json | undefined = npy === null ? null : { dtype: `F${8 * Number(npy[1])}`, shape: npy[2]!.split(',').filter((part) => part.trim() !== '').map(Number), data_offsets: [0] };
  try {
    if (entry === null) entry = Object.entries(parse(bytes.toString('utf8', 8, Math.min(start, bytes.length))) as Fields).find(([key]) => key === name)?.[1];
  } catch (error) {
    throw error instanceof Failed ? error : new DamagedFile('the header of the tensors is not JSON', { cause: error });
  }
  must(isFields(entry), `the tensors have no '${name}'`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const { width, read } = readers.get(textOf(dtype)) ?? { width: Number.NaN, read: Number };
  const from = Array.isArray(offsets) && isCount(offsets[0]) ? start + offsets[0] : Number.NaN;
  const count = Array.isArray(shape) && shape.every(isCount) ? shape.reduce((sizes, size) => sizes * size, 1) : Number.NaN;
  if (!(from + count * width <= bytes.length)) throw new DamagedFile(`tensor '${name}' is of an unknown dtype (${textOf(dtype)}), or lies outside its file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + from);
  const values = Float64Array.from({ length: count }, (_, i) => read(view, i * width));
  const bad = values.findIndex((x) => !Number.isFinite(x));
  must(bad < 0, `entry ${bad} of tensor '${name}' is not finite`);
  return { shape: shape as number[], values };
}

/** The tests of claims about the matrices [.., n, n] that the parameters name: about each, about one, about each token's product H_L ⋯ H_1 (or of transposes) over the first dimension. */
export function matrices({ parameters, files }: Claimed): { count: number; at: (index: number) => Matrix; shape: readonly number[] } {
  const { file, tensor: name, shape: claimed } = parameters;
  const bytes = files.get(textOf(file));
  if (bytes === undefined) throw unchecked(`it is about ${textOf(file)}, which was not given`);
  const { shape, values } = tensorOf(bytes, textOf(name));
  must(canonical([...shape]) === canonical(claimed), `the tensor has the shape [${shape.join(', ')}], the claim is about another`);
  const n = shape.at(-1)!;
  must(shape.length >= 2 && n === shape.at(-2) && n >= 1 && n <= 16 && values.length > 0, 'the tensor holds no square matrices');
  const at = (index: number): Matrix => Array.from({ length: n }, (_, i) => Array.from(values.subarray(index * n * n + i * n, index * n * n + (i + 1) * n), exactly));
  return { count: values.length / n / n, at, shape };
}
const each = (test: Test) => (claim: Claimed, { count, at } = matrices(claim)): boolean => Array.from({ length: count }, (_, index) => index).every((index) => test(at(index), claim.bound));
const chain = (test: Test) => (claim: Claimed): boolean => {
  const { count, at, shape: [layers, ...rest] } = matrices(claim);
  const orientation = claim.parameters['orientation'];
  must(rest.length >= 3 && (orientation === 'plain' || orientation === 'transposed'), 'it does not say what is multiplied');
  const tokens = count / layers!;
  const applied = (layer: number, token: number): Matrix => (orientation === 'plain' ? at(layer * tokens + token) : transposed(at(layer * tokens + token)));
  const whole = (token: number): Matrix => Array.from({ length: layers! - 1 }, (_, k) => k + 1).reduce<Matrix>((below, layer) => product(applied(layer, token), below), applied(0, token));
  return Array.from({ length: tokens }, (_, token) => token).every((token) => test(whole(token), claim.bound));
};

const ieee = 'IEEE 754 double arithmetic: + − × ÷ are correctly rounded, to nearest.';
const all = "the matrices of tensor '{tensor}' {shape} in {file}";
const products = "the products over the first dimension of tensor '{tensor}' {shape} in {file}, every matrix {orientation}";
const output = (quantity: string, relation: '<=' | '>=', plain: string, holds: Method['holds'], domain = all, takes = 'file tensor shape'): Method => ({ strength: 'these-outputs', relation, quantity, plain, domain, assumes: [ieee], takes, holds });
const methods: ReadonlyMap<string, Method> = new Map(Object.entries({
  'entry-range': output('min H_ij', '>=', 'Every entry is at least {}.', each((m, b) => m.every((row) => row.every(([x]) => x >= b)))),
  'row-sum-deviation': output('max |Σ_j H_ij − 1|', '<=', 'Every row sums to 1 within {}.', each(rowSums)),
  'column-sum-deviation': output('max |Σ_i H_ij − 1|', '<=', 'Every column sums to 1 within {}.', each((m, b) => rowSums(transposed(m), b))),
  'one-norm': output('‖H‖₁', '<=', 'The magnitudes of a column sum to at most {}.', each((m, b) => rowNorm(transposed(m), b))),
  'infinity-norm': output('‖H‖∞', '<=', 'The magnitudes of a row sum to at most {}.', each(rowNorm)),
  'two-norm': output('‖H‖₂', '<=', 'No mapping lets the norm of a signal or of a gradient grow by more than a factor of {}.', each(twoNorm)),
  'two-norm-witness': output('max ‖H‖₂', '>=', 'One mapping lets the norm of some signal grow by a factor of at least {}.', witness, all, 'file tensor shape index vector'),
  'mean-free-norm': output('‖H − J/n‖₂', '<=', 'No mapping multiplies the norm of the mean-free part of the streams by more than {}.', each(meanFreeNorm)),
  'projection-distance': output('max |H_ij − P_ij|', '<=', 'No entry is further than {} from the exact Sinkhorn projection of its matrix.', each(projection)),
  'composite-infinity-norm': output('‖∏H‖∞', '<=', 'From the first layer to the last, the largest magnitude over the streams grows by at most a factor of {}.', chain(rowNorm), products, 'file tensor shape orientation'),
  'composite-one-norm': output('‖∏H‖₁', '<=', 'From the last layer to the first, the largest gradient over the streams grows by at most a factor of {}.', chain((m, b) => rowNorm(transposed(m), b)), products, 'file tensor shape orientation'),
  'composite-two-norm': output('‖∏H‖₂', '<=', 'Over all layers, the norm of a signal or of a gradient grows by at most a factor of {}.', chain(twoNorm), products, 'file tensor shape orientation'),
  'composite-mean-free-norm': output('‖∏H − J/n‖₂', '<=', 'Over all layers, the norm of the mean-free part of the streams is multiplied by at most {}.', chain(meanFreeNorm), products, 'file tensor shape orientation'),
  'clopper-pearson': {
    strength: 'statistical', relation: '<=', quantity: 'P(fails)', domain: '{distribution}', plain: 'With confidence 1 − {alpha}, {property} fails for a share of at most {} of the problems of the named distribution.',
    takes: 'property problems failures alpha distribution batch recipe', assumes: ['The problems are independent draws from the named distribution, and the kernel answers each as it would alone.', 'Their number was fixed before the first was drawn.', 'The counts are as the issuer reports them.', ieee],
    holds: ({ parameters: { problems, failures, alpha }, bound }) => isCount(problems) && isCount(failures) && failures <= problems && typeof alpha === 'number' && alpha > 0 && alpha < 1 && bound > 0 && bound <= 1 && tail(problems, failures, bound, alpha),
  },
}));

function numberOf(bound: Json | undefined, relation: string): number {
  must(isFields(bound) && Object.keys(bound).sort().join() === 'decimal,hex,rounded', 'its bound is not { decimal, hex, rounded }');
  const [, sign, digit, digits, exponent] = /^(-?)0x([01])(?:\.([0-9a-f]{0,12}[1-9a-f]))?p([+-](?:0|[1-9]\d{0,3}))$/.exec(textOf(bound['hex'])) ?? [];
  const power = Number(exponent);
  const size = Number(`0x${digit}${(digits ?? '').padEnd(13, '0')}`) * 2 ** -52 * 2 ** Math.trunc(power / 2) * 2 ** (power - Math.trunc(power / 2));
  must(/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(textOf(bound['decimal'])) && size < Infinity && Number(bound['decimal']) === (sign === '-' ? -size : size), 'its decimal and its hexadecimal bound are not one number');
  must(bound['rounded'] === (relation === '<=' ? 'up' : 'down'), 'its bound is rounded in the wrong direction');
  return Number(bound['decimal']);
}

function checkClaim(claim: Json, files: Claimed['files'], more: ReadonlyMap<string, Method>, certificate: Fields): ClaimChecked {
  const fields = isFields(claim) ? claim : {};
  let says = '';
  try {
    const method = methods.get(textOf(fields['method'])) ?? more.get(textOf(fields['method']));
    if (method === undefined) throw unchecked(`this checker does not know the method ${textOf(fields['method'])}`);
    const unknown = Object.keys(fields).find((key) => !'id strength plain quantity relation bound method parameters assumptions domain seed place'.split(' ').includes(key));
    must(unknown === undefined, `a claim has no field '${unknown}'`);
    const [bound, { parameters = null }] = [numberOf(fields['bound'], method.relation), fields];
    must(isFields(parameters), 'it has no parameters');
    must(Object.keys(parameters).every((key) => method.takes.split(' ').includes(key)), `its parameters are not those of the method: ${method.takes}`);
    const fill = (text: string): string => text.replaceAll(/\{(\w*)\}/g, (_, name: string) => textOf(name === '' ? (fields['bound'] as Fields)['decimal'] : parameters[name]));
    says = fill(method.plain);
    for (const key of ['strength', 'relation', 'quantity', 'plain', 'domain'] as const) must(fields[key] === fill(method[key]), `its ${key} is not that of its method, parameters and bound: ${fill(method[key])}`);
    must(canonical(fields['assumptions']) === canonical([...method.assumes]), 'its assumptions are not those of the method');
    must(method.holds({ parameters, bound, files, certificate }), `${method.quantity} ${method.relation} ${bound} cannot be confirmed`);
    return { id: textOf(fields['id']), verdict: 'holds', reason: '', says };
  } catch (error) {
    if (error instanceof Failed) return { id: textOf(fields['id']), verdict: error.verdict, reason: error.message, says };
    throw error;
  }
}

/** Checks a certificate, or an in-toto Statement with one, against the files it is about; `more` are methods of another file. Throws `DamagedFile` for what is neither. */
export function checkCertificate(text: string, given: readonly Buffer[], more: ReadonlyMap<string, Method> = new Map()): Checked {
  try {
    const whole = parse(text);
    const statement = isFields(whole) && whole['_type'] === 'https://in-toto.io/Statement/v1' ? whole : undefined;
    const certificate = statement === undefined ? whole : statement['predicate'];
    if (!isFields(certificate) || certificate['format'] !== 'plumbline-certificate') throw new DamagedFile('it is no certificate of plumbline');
    must(certificate['schemaVersion'] === 1, 'this checker reads schemaVersion 1');
    const [{ digest, ...rest }, { subject, claims, notClaimed }] = [certificate, certificate];
    must(digest === `sha256:${sha256(canonical(rest))}`, 'it was changed after it was issued: its digest does not fit');
    const unknown = Object.keys(rest).find((key) => !'format schemaVersion plumbline issued subject operation dialect arithmetic arithmeticEvidence environment claims notClaimed'.split(' ').includes(key));
    must(unknown === undefined, `a certificate has no field '${unknown}'`);
    must(statement === undefined || (canonical(statement['subject']) === canonical(subject) && statement['predicateType'] === 'urn:plumbline:certificate:v1'), 'the statement is about something else than its certificate');
    const plain = (one: Json): boolean => isFields(one) && isFields(one['digest']) && canonical(one) === canonical({ name: textOf(one['name']), digest: { sha256: textOf(one['digest']['sha256']) } });
    must(Array.isArray(subject) && subject.length > 0 && subject.every(plain) && Array.isArray(claims) && claims.length > 0 && Array.isArray(notClaimed) && notClaimed.length > 0, 'it has no subject, claims nothing, or does not say what it does not claim');
    const files = new Map<string, Buffer>();
    for (const bytes of given) {
      const named = subject.find((entry) => ((entry as Fields)['digest'] as Fields)['sha256'] === sha256(bytes));
      must(isFields(named), `a file that was given is not what it is about: sha256 ${sha256(bytes)}`);
      files.set(textOf(named['name']), bytes);
    }
    return { claims: claims.map((claim) => checkClaim(claim, files, more, rest)) };
  } catch (error) {
    if (error instanceof Failed) return { refused: error.message, claims: [] };
    if (error instanceof SyntaxError || error instanceof RangeError) throw new DamagedFile(`it is not JSON: ${error.message}`, { cause: error }); // nested without end
    throw error;
  }
}
