/**
 * Sinkhorn for n = 1…16 in any dialect, one matrix a thread, n read from the uniform: the half-steps as they are written down, each entry divided by what its line is divided by.
 *
 * Moves 8n² bytes a matrix in f32. A half-step is n·(n − 1) additions and n² divisions, in the log domain n² exponentials and n logarithms instead. For n above 5 the matrix does not fit into
 * registers on most devices: then its memory is the device's caches.
 */
import { firstNormalised, type SinkhornDialect } from '../../operations/sinkhorn/dialect.ts';
import type { Sizes } from '../../operations/operation.ts';
import { evenPieces } from './even.ts';
import { tensorPlan } from './frame.ts';
import type { GpuDtype, Plan } from './plan.ts';
import { bindings, entry, literal, streamCount } from './wgsl.ts';
import { packedStore, perThread } from './words.ts';

const workgroup = 64;

export function sinkhornAny(dialect: SinkhornDialect, dtype: GpuDtype, sizes: Sizes): Plan {
  const elements = sizes.streams ** 2;
  return tensorPlan(sizes, {
    label: `sinkhorn, n = ${sizes.streams}`,
    inputs: { logits: { elements, dtype } },
    outputs: { residualMapping: { elements, dtype } },
    code: sinkhornAnyShader(dialect, dtype, sizes.streams),
    groups: (tokens) => Math.ceil(tokens / (workgroup * perThread(dtype, elements))),
  });
}

function sinkhornAnyShader(dialect: SinkhornDialect, dtype: GpuDtype, n: number): string {
  const count = streamCount(n);
  return /* wgsl */ `
${bindings([{ name: 'logits', dtype, as: 'items' }, { name: 'residualMapping', dtype, as: 'items', writable: true }])}
${anyPieces(dialect, count)}
fn matrix(token: u32) {
  let n = ${count.n};
  for (var i = 0u; i < n * n; i++) { x[i] = load_logits(token * n * n + i)${dialect.temperature === 1 ? '' : ` / ${literal(dialect.temperature)}`}; }
  begin();
  iterate();
}
${entry(workgroup, `  let n = ${count.n};\n${packedStore({ dtype, elements: 'n * n', output: 'residualMapping', compute: 'matrix(token)', value: 'x' })}`)}`;
}

/** `begin` turns the logits in x into what enters the loop, `iterate` runs it. A line of the first normalised side is a row of x, or a column. */
export function anyPieces(dialect: SinkhornDialect, { n, most }: ReturnType<typeof streamCount>): string {
  const { start, epsilonInStart, epsilon, divisor, stabilisation, domain, stopBelow, iterations } = dialect;
  const [first, last] = firstNormalised(dialect) === 'rows' ? ['rows', 'columns'] : ['columns', 'rows'];
  const line = { rows: `${n}, 1u`, columns: `1u, ${n}` } as const;
  const call = (side: string): string => `${domain === 'log' ? 'subtract' : `divide_${side}`}(${line[side as 'rows' | 'columns']});`;
  const softmax = domain === 'log' ? `subtract(${line[first as 'rows']});` : `softmax(${line[first as 'rows']});`;
  const exponentiate = domain === 'log' ? '' : `for (var i = 0u; i < n * n; i++) { x[i] = ${start === 'absolute' ? 'abs' : 'exp'}(x[i]); }`;
  const shift = {
    none: '',
    'line-max': `for (var l = 0u; l < n; l++) { shift(l * ${first === 'rows' ? n : '1u'}, ${first === 'rows' ? '1u' : n}, n); }`,
    'matrix-max': 'shift(0u, 1u, n * n);',
  }[stabilisation];
  const add = epsilonInStart && domain === 'linear' ? 'for (var i = 0u; i < n * n; i++) { x[i] += epsilon; }' : '';
  const entryAt = (at: string): string => (domain === 'log' ? `exp(x[${at}])` : `x[${at}]`);
  const stop = stopBelow > 0 ? `if (even()) { break; }` : '';
  return /* wgsl */ `
const epsilon = ${literal(epsilon)};
var<private> x: array<f32, ${most * most}>;
// the lines of a side start \`line\` apart, their entries are \`entry\` apart
fn sum_of(start_at: u32, entry: u32) -> f32 {
  let n = ${n};
  var sum = x[start_at];
  for (var k = 1u; k < n; k++) { sum += x[start_at + k * entry]; }
  return sum;
}
fn largest(start_at: u32, entry: u32, count: u32) -> f32 {
  let n = ${n};
  var most = x[start_at];
  for (var k = 1u; k < count; k++) { most = max(most, x[start_at + k * entry]); }
  return most;
}
fn shift(start_at: u32, entry: u32, count: u32) {
  let most = largest(start_at, entry, count);
  for (var k = 0u; k < count; k++) { x[start_at + k * entry] -= most; }
}
fn softmax(line: u32, entry: u32) {
  let n = ${n};
  for (var l = 0u; l < n; l++) {
    let sum = sum_of(l * line, entry);
    for (var k = 0u; k < n; k++) { x[l * line + k * entry] /= sum; }
  }
}
fn subtract(line: u32, entry: u32) {
  let n = ${n};
  for (var l = 0u; l < n; l++) {
    let most = largest(l * line, entry, n);
    var sum = 0.0;
    for (var k = 0u; k < n; k++) { sum += exp(x[l * line + k * entry] - most); }
    let whole = most + log(sum);
    for (var k = 0u; k < n; k++) { x[l * line + k * entry] -= whole; }
  }
}
${(['rows', 'columns'] as const).map((side) => /* wgsl */ `fn divide_${side}(line: u32, entry: u32) {
  let n = ${n};
  for (var l = 0u; l < n; l++) {
    let sum = sum_of(l * line, entry);
    ${{ add: 'let by = sum + epsilon;', plain: 'let by = sum;', clamp: 'let by = select(sum, epsilon, sum < epsilon);', threshold: `if (!(sum > epsilon)) { ${(side === 'rows' ? dialect.smallRows : dialect.smallColumns) === 'zeroed' ? 'for (var k = 0u; k < n; k++) { x[l * line + k * entry] = 0.0; }' : ''} continue; }
    let by = sum;` }[divisor]}
    for (var k = 0u; k < n; k++) { x[l * line + k * entry] /= by; }
  }
}`).join('\n')}
${stopBelow > 0 ? evenPieces(stopBelow, n, entryAt('l * n + k'), entryAt('k * n + l'), '') : ''}
fn begin() {
  let n = ${n};
  ${shift}
  ${exponentiate}
  ${start === 'softmax' ? softmax : ''}
  ${add}
}
fn iterate() {
  let n = ${n};
  ${start === 'softmax' ? '' : call(first)}
  ${call(last)}
  for (var t = 1; t < ${iterations}; t++) {
    ${stop}
    ${call(first)}
    ${call(last)}
  }
  ${domain === 'log' ? 'for (var i = 0u; i < n * n; i++) { x[i] = exp(x[i]); }' : ''}
}`;
}
